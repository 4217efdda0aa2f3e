"""Mails say what was meant, to whom it was meant, whatever people type into a subject or a name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from formapp.notifications.email import message as mail
from formapp.notifications.email.above_this_line import ABOVE_THIS_LINE
from formapp.notifications.email.compose import compose
from formapp.notifications.email.conversation import Conversation, Excerpt
from formapp.notifications.email.message import CannotBuild, Mail, build
from formapp.notifications.email.smtp import deliver
from formapp.services import Services, make_services
from formapp.text import normalise_line
from tests.builders import NOW, REPOSITORY, build_message, build_settings

GOLDEN = Path(__file__).parent / "golden"
DUE = (NOW + timedelta(days=1)).isoformat()
BASE = "http://127.0.0.1:8000/support"
LINK = {"link": f"{BASE}/sign-in/TOKEN", "minutes": 15}
ADDRESSES = {"name": "Ada Martin", "old": "ada@shop.example", "new": "ada@museum.example"}
THREAD = "<SUP-1042.1.received@127.0.0.1>"
REPLY = {"body": "Please try <again>.\nIt is mended & well.\n\nSam", "thread": THREAD}
CHANGED = {
    "thread": THREAD,
    "priority": "low",
    "priority_before": ["critical", "low"],
    "reason": "There is a workaround.\nIt holds.",
    "response_due": None,
    "resolution_due": None,
    "due_before": {"response": DUE, "resolution": DUE},
}
# Each mail in each of its forms: the golden file's name, the template, the facts that make the form.
MAILS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("link", "link", {**LINK, "has_draft": False}),
    ("link-with-draft", "link", {**LINK, "has_draft": True}),
    ("unknown-address", "unknown-address", {}),
    ("confirm-ticket", "confirm-ticket", {"link": "http://127.0.0.1:8000/support/confirm/TOKEN"}),
    ("invitation", "invitation", {**LINK, "name": "Ada Martin", "days": 7}),
    ("address-confirm", "address-confirm", {**ADDRESSES, "link": f"{BASE}/change-address/TOKEN", "days": 3}),
    ("address-asked", "address-asked", ADDRESSES),
    ("address-changed", "address-changed", ADDRESSES),
    ("received", "received", {}),
    ("received-best-effort", "received", {"priority": "low", "response_due": None}),
    ("replied", "replied", REPLY),
    ("replied-waiting", "replied", {**REPLY, "state": "waiting"}),
    ("replied-closed", "replied", {**REPLY, "state": "closed"}),
    ("replied-with-target", "replied", {**REPLY, "priority": "critical", "resolution_due": DUE}),
    ("closed", "closed", {"thread": THREAD}),
    ("closed-merged", "closed", {"thread": THREAD, "merged_into": "SUP-1007"}),
    ("reopened", "reopened", {"thread": THREAD}),
    (
        "reopened-waiting",
        "reopened",
        {"thread": THREAD, "state": "waiting", "priority": "critical", "resolution_due": DUE},
    ),
    ("in-copy", "in-copy", {"thread": THREAD}),
    ("copy-asked", "copy-asked", {"link": f"{BASE}/in-copy/TOKEN", "until": DUE}),
    ("reopened-with-target", "reopened", {"thread": THREAD, "priority": "critical", "resolution_due": DUE}),
    ("priority-changed", "priority-changed", CHANGED),
    ("moved", "moved", {"thread": THREAD, "reason": "It is about the blog."}),
    ("received-filed-for", "received", {"filed_by": "Sam Rivera"}),
    ("received-by-mail", "received", {"by_mail": True}),
    ("received-follows", "received", {"by_mail": True, "follows": "SUP-1007"}),
    ("closed-until", "closed", {"thread": THREAD, "reopen_until": (NOW + timedelta(days=14)).isoformat()}),
    (
        "staff-held",
        "staff-held",
        {"mail": 7, "about": "Prices", "sender": "lee@elsewhere.example", "reason": "unknown-sender"},
    ),
    ("staff-new", "staff-new", {"by_name": "Ada Martin"}),
    ("staff-new-best-effort", "staff-new", {"by_name": "Ada Martin", "priority": "low", "response_due": None}),
    ("staff-reply", "staff-reply", {**REPLY, "by_name": "Ada Martin"}),
    ("staff-due-soon", "staff-due-soon", {"target": "response", "due": DUE}),
    ("staff-missed", "staff-missed", {"target": "resolution", "due": DUE}),
    ("project-new", "project-new", {"by_name": "Ben Okafor", "why": "project", "account": 7}),
    ("staff-assigned", "staff-assigned", {"thread": THREAD, "why": "assigned", "account": 3}),
    ("staff-mentioned", "staff-mentioned", {**REPLY, "why": "mentioned", "account": 3}),
    ("files-refused", "files-refused", {"thread": THREAD, "for_staff": False, "refused": ["“run.exe” is a program"]}),
)
# Where the desk reads mail, each that can be answered says so and is answered to an address of its own.
ANSWERED = (
    "received",
    "replied",
    "priority-changed",
    "moved",
    "received-by-mail",
    "closed",
    "reopened",
    "in-copy",
    "staff-new",
    "staff-reply",
    "staff-due-soon",
    "staff-assigned",
    "project-new",
    "files-refused",
)
# A rendered message with what came before it, newest first.
TOLD = Conversation(
    body="Please try https://shop.example/cart:\n\n```\ncurl -I  cart\n```\n\nSam",
    html='<p dir="auto">Please try <a href="https://shop.example/cart" rel="noopener noreferrer nofollow">'
    'https://shop.example/cart</a>:</p>\n<pre><code>curl -I  cart\n</code></pre>\n<p dir="auto">Sam</p>\n',
    earlier=(
        Excerpt("Ada Martin", NOW - timedelta(hours=1), "It is the blue one & <not> the red one."),
        Excerpt("Sam Rivera", NOW - timedelta(hours=2), "Which one?"),
        Excerpt("Ada Martin", NOW - timedelta(days=1), "1. Put a book into the cart. 2. Press Pay."),
    ),
)
BECAUSE = {"thread": THREAD, "account": 7}
CONVERSATIONS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("replied-conversation", "replied", {**REPLY, **BECAUSE, "why": "own", "resolution_due": DUE}),
    ("replied-conversation-of-project", "replied", {**REPLY, **BECAUSE, "why": "project"}),
    ("replied-conversation-in-copy", "replied", {**REPLY, **BECAUSE, "why": "copy", "resolution_due": DUE}),
    ("replied-conversation-outside", "replied", {**REPLY, **BECAUSE, "why": "outside", "state": "closed"}),
    ("closed-outside", "closed", {**BECAUSE, "why": "outside", "reopen_until": DUE}),
    ("closed-merged-outside", "closed", {**BECAUSE, "why": "outside", "merged_into": "SUP-1007"}),
    ("priority-changed-outside", "priority-changed", {**CHANGED, **BECAUSE, "why": "outside"}),
    ("staff-reply-conversation", "staff-reply", {**REPLY, **BECAUSE, "why": "new", "response_due": DUE}),
    ("staff-due-soon-conversation", "staff-due-soon", {"target": "response", "due": DUE, **BECAUSE, "why": "due"}),
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A desk whose database is never asked: a mail is written from its row alone."""
    services = make_services(build_settings(tmp_path_factory.mktemp("mail")))
    yield services
    services.database.engine.dispose()


def parsed(written: Mail) -> EmailMessage:
    """The mail as its reader's program understands it."""
    return message_from_bytes(build(written), policy=policy.default)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def written_down(message: EmailMessage) -> str:
    """The whole mail in the words that people see."""
    headers = "".join(f"{name}: {message[name]}\n" for name in message if name not in {"MIME-Version", "Content-Type"})
    return f"{headers}\n--- text\n{body(message, 'plain')}\n--- html\n{body(message, 'html')}\n"


@pytest.mark.parametrize(("name", "kind", "facts"), MAILS, ids=[name for name, _, _ in MAILS])
def test_each_mail_reads_as_it_was_written_down(
    request: pytest.FixtureRequest, desk: Services, name: str, kind: str, facts: dict[str, Any]
) -> None:
    """After a meant change: pytest tests/service/test_mail.py --update-golden, then read the difference."""
    as_written_down(request, name, compose(desk, build_message(kind, **facts), desk.policy))


@pytest.mark.parametrize(("name", "kind", "facts"), CONVERSATIONS, ids=[name for name, _, _ in CONVERSATIONS])
def test_what_was_said_before_stands_below_the_newest_message(
    request: pytest.FixtureRequest, desk: Services, name: str, kind: str, facts: dict[str, Any]
) -> None:
    as_written_down(request, name, compose(desk, build_message(kind, **facts), desk.policy, TOLD))


@pytest.mark.parametrize("name", ANSWERED)
def test_where_mail_is_read_each_says_so_and_is_answered_to_an_address_of_its_own(
    request: pytest.FixtureRequest, desk: Services, name: str
) -> None:
    reading = replace(desk, settings=replace(desk.settings, incoming_address="support@help.example"))
    kind, facts = next((kind, facts) for one, kind, facts in MAILS if one == name)
    message = build_message(kind, **facts)
    message.ticket_id = 42
    written = compose(reading, message, desk.policy)
    assert re.fullmatch(r"support\+sup-1042\.[a-z2-7]{16}@help\.example", written.reply_to)
    as_written_down(request, f"{name}-answered", written)


@pytest.mark.parametrize("kind", ["link", "invitation", "confirm-ticket", "staff-held", "staff-mentioned"])
def test_a_mail_that_is_not_to_be_answered_asks_for_no_answer(desk: Services, kind: str) -> None:
    """A sign-in link's mail is of no ticket; what answers a mention would go to the customer."""
    reading = replace(desk, settings=replace(desk.settings, incoming_address="support@help.example"))
    facts = next(facts for _, one, facts in MAILS if one == kind)
    written = compose(reading, build_message(kind, **facts), desk.policy)
    assert ABOVE_THIS_LINE not in written.text + written.html


def test_mails_by_choice_alone_name_the_link_that_stops_them_in_their_head(desk: Services) -> None:
    https = replace(desk, settings=replace(desk.settings, base_url="https://help.example"))
    message = build_message("staff-new", why="new", account=3)
    secure, plain = (parsed(compose(one, message, desk.policy)) for one in (https, desk))
    assert re.fullmatch(r"<https://help\.example/support/unsubscribe/[\w.-]+>", str(secure["List-Unsubscribe"]))
    assert secure["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (plain["List-Unsubscribe"] is None, plain["List-Unsubscribe-Post"]) == (False, None), "RFC 8058 wants https"
    assert (
        parsed(compose(https, build_message("replied", **REPLY, why="own", account=7), desk.policy))["List-Unsubscribe"]
        is None
    )


def as_written_down(request: pytest.FixtureRequest, name: str, written: Mail) -> None:
    found = written_down(parsed(written))
    path = GOLDEN / f"{name}.txt"
    if request.config.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(found, "utf-8")
    assert found == path.read_text("utf-8")


def test_each_template_is_written_down_and_nothing_else_is() -> None:
    templates = {path.stem for path in (REPOSITORY / "formapp" / "notifications" / "email" / "templates").glob("*.txt")}
    assert {name for name in templates if not name.startswith("_")} == {kind for _, kind, _ in MAILS}
    answered = {f"{name}-answered" for name in ANSWERED}
    assert {path.stem for path in GOLDEN.iterdir()} == {name for name, _, _ in (*MAILS, *CONVERSATIONS)} | answered


def test_a_mail_says_that_a_machine_wrote_it_and_which_thread_it_belongs_to(desk: Services) -> None:
    first = parsed(compose(desk, build_message(), desk.policy))
    later = parsed(compose(desk, build_message("reopened", thread=first["Message-ID"]), desk.policy))
    assert first["Auto-Submitted"] == later["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"] == "<SUP-1042.1.received@127.0.0.1>"
    assert (first["In-Reply-To"], first["References"]) == (None, None)
    assert later["In-Reply-To"] == later["References"] == first["Message-ID"]
    assert parsedate_to_datetime(first["Date"]) == NOW


def test_a_mail_is_the_same_bytes_each_time_it_is_tried(desk: Services) -> None:
    once, again = (build(compose(desk, build_message(), desk.policy)) for _ in range(2))
    assert once == again


SUBJECTS = (
    "Outage =?UTF-8?Q?=0D=0A?=Bcc: x@example.com",
    "=?utf-8?b?QmNjOiB4QGV4YW1wbGUuY29t?=",
    "?= =? ?=",
    "Zürich → 東京 🙂",
    "🙂" * 200,
    "Überlange Sätze, die niemand liest: " + "größer " * 20 + "Ende",
    "x" * 200,
    "x" * 1000,
    "word " * 190 + "end",
    'quotes " and \\ and , and ; and : and <x@evil.example>',
    "a\x1bb\x07c",
    "\u202egnp.exe and \u200b zero width",
    "e\u0301 stays two",
)


@pytest.mark.parametrize("subject", SUBJECTS, ids=range(len(SUBJECTS)))
def test_any_subject_arrives_as_it_was_typed(desk: Services, subject: str) -> None:
    written = compose(desk, build_message(subject=subject), desk.policy)
    message = parsed(written)
    assert str(message["Subject"]) == f"[SUP-1042] {subject}"
    assert message["Bcc"] is None
    assert set(message) == {
        *("From", "To", "Subject", "Date", "Message-ID"),
        *("Auto-Submitted", "MIME-Version", "Content-Type"),
    }
    head = build(written).partition(b"\r\n\r\n")[0]
    assert head.isascii()
    # RFC 5322, 2.1.1: a line has at most 998 characters.
    assert max(len(line) for line in head.split(b"\r\n")) <= 998


@settings(deadline=None, max_examples=150)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=120))
def test_no_subject_that_a_ticket_can_have_makes_a_header(desk: Services, typed: str) -> None:
    meant = " ".join(f"[SUP-1042] {normalise_line(typed, 1000)}".split())
    message = parsed(compose(desk, build_message(subject=normalise_line(typed, 1000)), desk.policy))
    assert len(message.keys()) == 8
    assert [str(value) for name, value in message.items() if name == "Subject"] == [meant]


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\u2029", "\u0085", "\v", "\f"])
def test_a_line_break_that_slips_into_a_subject_or_a_name_makes_no_header(desk: Services, line_break: str) -> None:
    """Text is normalised when it is stored; this is the second lock on the same door."""
    evil = f"Outage{line_break}Bcc: x@evil.example"
    for facts in ({"subject": evil}, {"project": evil}, {"by_name": evil}):
        message = parsed(compose(desk, build_message("staff-new", **facts), desk.policy))
        assert message["Bcc"] is None
        assert len(message.keys()) == 8


@pytest.mark.parametrize(
    "recipient",
    [
        "ada@shop.example\r\nBcc: x@evil.example",
        "ada@shop.example\nx",
        "ada@shop.example, x@evil.example",
        "ada@shop.example x@evil.example",
        "<ada@shop.example>",
        "Ada <ada@shop.example>",
        "ada@shop@evil.example",
        "ada@shop.example (x",
        "ada\u2028@shop.example",
        "adä@shop.example",
        "shop.example",
        "",
    ],
)
def test_a_recipient_that_is_not_one_plain_address_is_given_up_at_once(desk: Services, recipient: str) -> None:
    outcome = deliver(desk, build_message(recipient=recipient), desk.policy)
    assert (outcome.sent, outcome.permanent) == (False, True)
    assert "can't be built" in outcome.error


def test_a_host_outside_ascii_is_written_as_mail_servers_know_it(desk: Services) -> None:
    written = compose(desk, build_message(recipient="ada@bücher.example"), desk.policy)
    assert written.recipient == parsed(written)["To"] == "ada@xn--bcher-kva.example"
    # "fass.example" would be somebody else's.
    written = compose(desk, build_message(recipient="ada@faß.example"), desk.policy)
    assert written.recipient == parsed(written)["To"] == "ada@xn--fa-hia.example"


def test_half_a_character_is_given_up_at_once(desk: Services) -> None:
    outcome = deliver(desk, build_message(subject="\ud83d"), desk.policy)
    assert (outcome.sent, outcome.permanent) == (False, True)


@pytest.mark.parametrize(
    ("setting", "shown"),
    [
        ("Support <support@help.example>", "Support <support@help.example>"),
        ("support@help.example", "support@help.example"),
        ('"Support, Ltd" <support@help.example>', '"Support, Ltd" <support@help.example>'),
        ("Hülfe & Söhne <support@help.example>", "Hülfe & Söhne <support@help.example>"),
    ],
)
def test_the_sender_is_shown_as_it_was_set(desk: Services, setting: str, shown: str) -> None:
    changed = replace(desk, settings=replace(desk.settings, mail_from=setting))
    written = compose(changed, build_message(), desk.policy)
    assert str(parsed(written)["From"]) == shown
    assert written.sender == "support@help.example"


def test_html_shows_what_was_typed_and_does_nothing_with_it(desk: Services) -> None:
    typed = '<script>alert(1)</script>\n"quoted" & <img src=x onerror=y>'
    for kind, fact in (("received", "description"), ("replied", "body"), ("staff-reply", "body")):
        html = compose(
            desk, build_message(kind, **{"body": "", fact: typed}, subject=typed, by_name=typed), desk.policy
        ).html
        assert "<script" not in html
        assert "<img" not in html
        assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>\n&#34;quoted&#34; &amp; &lt;img src=x onerror=y&gt;" in html
    text = compose(desk, build_message(description=typed), desk.policy).text
    assert typed in text


def test_lines_and_the_room_between_them_stay_in_html(desk: Services) -> None:
    html = compose(desk, build_message(description="one\ntwo\n\n\n\nthree"), desk.policy).html
    assert 'anywhere;">one<br>\ntwo<br>\n<br>\n<br>\n<br>\nthree</blockquote>' in html


TAMPERINGS = {
    "a header more": (b"\r\nDate:", b"\r\nBcc: x@evil.example\r\nDate:"),
    "a header less": (b"Auto-Submitted: auto-generated\r\n", b""),
    "another subject": (b"Checkout", b"Checkin"),
    "another recipient": (b"To: ada@", b"To: eve@"),
    "another thread": (b"Message-ID: <SUP-1042", b"Message-ID: <SUP-1043"),
    "another sender": (b"From: Support", b"From: Nobody"),
    "a part more": (
        b"Content-Type: text/html",
        b"\r\nmore\r\n--=_support\r\nContent-Type: text/html",
    ),
    "another text": (b"V2UgaGF2ZSB5", b"V2UgaGF2ZSBu"),
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_mail_that_reads_otherwise_than_meant_is_never_sent(
    desk: Services, monkeypatch: pytest.MonkeyPatch, tampering: str
) -> None:
    """The library is trusted no further than its work can be read back."""
    assemble = mail._assemble
    before, after = TAMPERINGS[tampering]

    def tampered(*parts: Any) -> bytes:
        content = assemble(*parts)
        assert before in content
        return content.replace(before, after, 1)

    written = compose(desk, build_message(), desk.policy)
    build(written)
    monkeypatch.setattr(mail, "_assemble", tampered)
    with pytest.raises(CannotBuild, match=r"than (were|was) meant"):
        build(written)


def test_plain_words_stay_readable_in_the_source(desk: Services) -> None:
    def source(subject: str) -> str:
        content = build(replace(compose(desk, build_message(), desk.policy), subject=subject)).decode("ascii")
        return content.partition("\r\nSubject: ")[2].partition("\r\nDate: ")[0]

    assert source("Checkout fails") == "Checkout fails"
    assert re.fullmatch(r"=\?utf-8\?[bq]\?[A-Za-z0-9+/=_]+\?=", source("Größe"))
    # RFC 2047, 2: an encoded word has at most 75 characters.
    assert max(len(word) for word in source("🙂" * 300).split()) <= 75

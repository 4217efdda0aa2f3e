"""The conversation of a ticket: who may write, what is kept, and what nobody else reads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from formapp.accounts import accounts
from formapp.errors import ChangedMeanwhile, NotFound, ReplyReused, TextRefused, TicketClosed, TicketMerged
from formapp.models import Account, Event
from formapp.services import Services
from formapp.tickets import queries, replies, triage
from formapp.tickets.message_html import to_html
from tests.builders import NOW, Clock, build_customer, build_staff, file_ticket, written


@pytest.fixture
def ada(services: Services) -> Account:
    customer = build_customer(services)
    file_ticket(services, customer)
    return customer


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def bodies(services: Services, *, with_notes: bool = False) -> list[tuple[str, str]]:
    found = replies.messages_of(services, 1, with_notes=with_notes)
    return [(message.author.name, message.body) for message in found]


def events(services: Services) -> list[Event]:
    return list(queries.events_of(services, 1))


def test_both_sides_write_in_turn_and_notes_stay_at_the_desk(services: Services, ada: Account, sam: Account) -> None:
    replies.add_note(services, sam.id, 1, written("Ask the network people"), NOW)
    replies.reply_as_staff(services, sam.id, 1, written("Which browser?"), "waiting", NOW)
    replies.reply_as_customer(services, ada.id, 1, written(" Firefox\r\n140 \u2028 beta "), NOW)

    assert bodies(services) == [("Sam Rivera", "Which browser?"), ("Ada Martin", "Firefox\n140 \n beta")]
    assert bodies(services, with_notes=True)[0] == ("Sam Rivera", "Ask the network people")
    assert [event.kind for event in events(services)] == ["opened", "noted", "replied", "replied"]
    assert [event.details.get("state") for event in events(services)] == [
        None,
        None,
        ["open", "waiting"],
        ["waiting", "open"],
    ]


def test_a_form_that_is_sent_twice_adds_one_reply(services: Services, ada: Account) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: replies.reply_as_customer(services, ada.id, 1, written("Now", "f1"), NOW), range(8)))
    assert bodies(services) == [("Ada Martin", "Now")]
    with pytest.raises(ReplyReused):
        replies.reply_as_customer(services, ada.id, 1, written("Now, and more", "f1"), NOW)
    replies.reply_as_customer(services, ada.id, 1, written("Now, and more", "f2"), NOW)
    assert len(bodies(services)) == 2


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "Enter your message"),
        (" \u200b\n", "Enter your message"),
        ("x" * 20_001, "20,000 characters or less"),
        ("a\0b", "NUL"),
        ("half \ud800", "half of a character"),
    ],
)
def test_text_that_cant_be_is_refused(services: Services, ada: Account, typed: str, sentence: str) -> None:
    with pytest.raises(TextRefused, match=sentence) as refused:
        replies.reply_as_customer(services, ada.id, 1, written(typed, "f1"), NOW)
    assert refused.value.field == "body"
    assert bodies(services) == []


def test_a_reply_to_a_closed_ticket_needs_it_reopened(services: Services, ada: Account, sam: Account) -> None:
    replies.reply_as_staff(services, sam.id, 1, written("Solved"), "closed", NOW)
    with pytest.raises(TicketClosed, match="SUP-1001 is closed"):
        replies.reply_as_customer(services, ada.id, 1, written("It isn't"), NOW)
    with pytest.raises(TicketClosed):
        replies.reply_as_staff(services, sam.id, 1, written("More"), "open", NOW)
    replies.reply_as_staff(services, sam.id, 1, written("Even more"), "closed", NOW, reopen=True)
    replies.add_note(services, sam.id, 1, written("A note is fine"), NOW)
    replies.reply_as_customer(services, ada.id, 1, written("It isn't"), NOW, reopen=True)
    assert queries.ticket_for(services, ada.id, "SUP-1001").state == "open"
    assert [event.kind for event in events(services)][-2:] == ["reopened", "replied"]


def test_a_reply_to_a_merged_ticket_names_the_other(services: Services, ada: Account, sam: Account) -> None:
    file_ticket(services, ada, subject="The same once more", submission="form-2")
    triage.merge(services, sam.id, 2, "sup-1001", NOW)
    for reopen in (False, True):
        with pytest.raises(TicketMerged, match="SUP-1002 was merged into SUP-1001") as refused:
            replies.reply_as_customer(services, ada.id, 2, written("Hello"), NOW, reopen=reopen)
        assert refused.value.into == "SUP-1001"


@pytest.mark.usefixtures("ada")
def test_the_second_of_two_staff_is_told_who_was_faster(services: Services, sam: Account) -> None:
    kim = build_staff(services, "kim@platform.example", name="Kim Adeyemi")
    replies.reply_as_staff(services, kim.id, 1, written("I have it", seen=1), "open", NOW)
    with pytest.raises(ChangedMeanwhile, match="Kim Adeyemi replied"):
        replies.reply_as_staff(services, sam.id, 1, written("So do I", seen=1), "open", NOW)
    assert bodies(services) == [("Kim Adeyemi", "I have it")]
    # Having seen it, Sam sends; and what one did oneself never stands in one's own way.
    replies.reply_as_staff(services, sam.id, 1, written("So do I", seen=2), "open", NOW)
    replies.reply_as_staff(services, sam.id, 1, written("And more", seen=2), "open", NOW)
    assert len(bodies(services)) == 3


def test_a_disabled_account_writes_nothing(services: Services, ada: Account) -> None:
    accounts.disable_account(services, ada.email, NOW)
    with pytest.raises(NotFound):
        replies.reply_as_customer(services, ada.id, 1, written("Hello"), NOW + timedelta(minutes=1))


def test_a_message_is_rendered_once_and_off_the_request(services: Services, ada: Account) -> None:
    replies.reply_as_customer(services, ada.id, 1, written("It is **down**"), NOW)
    (message,) = replies.messages_of(services, 1, with_notes=False)
    assert message.html is None
    assert replies.render_new(services, Clock()) == 1
    assert replies.render_new(services, Clock()) == 0
    (message,) = replies.messages_of(services, 1, with_notes=False)
    assert message.html == '<p dir="auto">It is **down**</p>\n'


@pytest.mark.parametrize(
    ("typed", "wanted", "unwanted"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;", "<script"),
        ("[press](javascript:alert(1))", "[press](javascript:alert(1))", "<a"),
        ("![spy](https://spy.example/p.png)", "![spy](", "<img"),
        ("[a](data:text/html;base64,PHNjcmlwdD4=)", "a", "href"),
        ("# Loud", "# Loud", "<h"),
        ("see https://shop.example/cart", 'href="https://shop.example/cart" rel="noopener noreferrer nofollow"', ""),
        ("a\nb", "a\nb", ""),
        ('https://x.example/"onmouseover="x()', 'href="https://x.example/&#34;onmouseover', '"onmouseover'),
        ("https://x.example/a_b_c?d=__e__&f", 'href="https://x.example/a_b_c?d=__e__&amp;f"', "<em"),
        ("app.py www.log //x.example/ ftp://x.example", "app.py www.log", "<a"),
        ("```\n<b>&\n```", "<code>&lt;b&gt;&amp;\n</code>", "<b>"),
        ("```\nnever closed", "```\nnever closed", "<code"),
        ('<a href="https://x.example" onclick="x()">y</a>', "&lt;a", '<a href="https://x.example" onclick'),
    ],
)
def test_a_rendered_message_is_safe(typed: str, wanted: str, unwanted: str) -> None:
    html = to_html(typed)
    assert wanted in html
    assert not unwanted or unwanted not in html

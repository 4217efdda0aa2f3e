"""A conversation by mail and page: one thread, each message once, and the clocks right."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp import worker
from formapp.attachments.service import staged_files
from formapp.incoming_mail import guests, processing
from formapp.incoming_mail.receive import receive
from formapp.models import Attachment, Draft, IncomingMail, Message, OutboxMessage, Ticket
from formapp.notifications.email import reply_address
from formapp.services import Services
from formapp.tickets import drafts, triage
from formapp.tickets.replies import reply_as_staff
from tests.builders import NOW, Clock, build_account, build_customer, build_staff, file_ticket, stored, written
from tests.incoming_mail.mails import ADDRESS, PNG, build_mail, outcomes, reading_mail, sent_to


@pytest.fixture
def desk(services: Services) -> Services:
    return reading_mail(services, mail_authserv="mx.help.example")


def test_from_the_page_by_mail_to_closed(desk: Services) -> None:
    """Filed on the page, answered on the page, by mail with a picture, by mail, closed by the customer's thanks."""
    clock = Clock()
    ada, sam = build_customer(desk), build_staff(desk)
    ticket = file_ticket(desk, ada, subject="Checkout is down", priority="high").ticket
    worker.run_once(desk, clock)

    clock.now += timedelta(minutes=10)
    reply_as_staff(desk, sam.id, ticket.id, written("Which browser is it?"), "waiting", clock.now)
    worker.run_once(desk, clock)
    reply_to, answered = sent_to(desk, ada.email, "replied")

    clock.now += timedelta(minutes=10)
    quoted = "On Tue, 24 Nov 2026 at 15:10, Support <support@help.example> wrote:\n> Which browser is it?\n"
    by_mail = build_mail(
        f"Firefox. See the picture.\n\n{quoted}",
        to=reply_to,
        subject="Re: [SUP-1001] Checkout is down",
        In_Reply_To=answered,
        files=(("screen.png", "image/png", PNG),),
    )
    receive(desk, by_mail, "pipe", clock.now)
    worker.run_once(desk, clock)
    assert outcomes(desk) == [("added", "")]
    assert stored(desk, Ticket)[0].state == "open"
    assert [file.name for file in stored(desk, Attachment)] == ["screen.png"]

    clock.now += timedelta(minutes=10)
    own_address, answered = sent_to(desk, sam.email, "staff-reply")
    assert own_address != reply_to
    from_sam = build_mail(
        "Thank you, mended.\n\n> Firefox. See the picture.\n> A secret note",
        sender=f"Sam <{sam.email}>",
        to=own_address,
        message_id="<two@platform.example>",
        In_Reply_To=answered,
    )
    receive(desk, from_sam, "pipe", clock.now)
    worker.run_once(desk, clock)

    assert [(one.body, one.by_staff) for one in stored(desk, Message)] == [
        ("Which browser is it?", True),
        ("Firefox. See the picture.", False),
        ("Thank you, mended.", True),
    ]
    assert (stored(desk, Ticket)[0].state, stored(desk, Ticket)[0].answered_at) == (
        "waiting",
        NOW + timedelta(minutes=10),
    )
    to_ada = [one for one in stored(desk, OutboxMessage) if one.recipient == ada.email]
    assert [one.kind for one in to_ada] == ["received", "replied", "replied"]
    assert {one.payload.get("thread", to_ada[0].message_id) for one in to_ada} == {to_ada[0].message_id}


def test_the_same_mail_by_two_ways_is_one_reply(desk: Services) -> None:
    ticket = file_ticket(desk, build_customer(desk)).ticket
    mail = build_mail(subject=f"Re: [{ticket.reference}]")
    relayed = b"Received: from elsewhere\r\nDelivered-To: support@help.example\r\n" + mail
    assert receive(desk, mail, "pipe", NOW) == receive(desk, relayed, "imap", NOW)
    worker.run_once(desk, Clock())
    assert len(stored(desk, Message)) == 1


def test_what_names_no_ticket_becomes_a_form_to_complete(desk: Services) -> None:
    """The sender is asked once in an hour; whoever doesn't send it is looked at by staff."""
    clock = Clock()
    ada = build_customer(desk)
    receive(desk, build_mail("It is down.", files=(("app.log", "text/plain", b"Error 17"),)), "pipe", NOW)
    receive(desk, build_mail("Still down.", message_id="<two@shop.example>"), "pipe", NOW)
    worker.run_once(desk, clock)
    assert outcomes(desk) == [("asked", ""), ("held", "asked-lately")]
    link = next(row for row in stored(desk, OutboxMessage) if row.kind == "link")
    assert (link.recipient, link.payload["has_draft"]) == (ada.email, True)
    (draft,) = stored(desk, Draft)
    assert (draft.fields["subject"], draft.fields["description"]) == ("Checkout is down", "It is down.")
    assert [one.name for one in staged_files(desk, draft.fields["files"].split())] == ["app.log"]

    # The form is kept for weeks, and its files with it.
    worker.sweep_files(desk, NOW + timedelta(days=20))
    assert [one.name for one in staged_files(desk, draft.fields["files"].split())] == ["app.log"]
    processing.hold_what_was_not_sent(desk, NOW + timedelta(hours=25))
    assert outcomes(desk)[0] == ("held", "not-sent")


def test_whom_a_mail_claims_to_be_is_not_enough(desk: Services) -> None:
    """A customer's unproved mail is added and marked; staff are believed by their own address alone."""
    ada, sam = build_customer(desk), build_staff(desk)
    build_account(desk, "eve@elsewhere.example")
    ticket = file_ticket(desk, ada).ticket
    host, key = "help.example", desk.settings.secret_key
    for_ada = reply_address.reply_address(ADDRESS, key, ticket.id, ada.email)
    for_sam = reply_address.reply_address(ADDRESS, key, ticket.id, sam.email)
    told = {"subject": f"Re: {ticket.reference}"}
    senders = {
        "plain": build_mail(sender=ada.email, **told),
        "signed": build_mail(sender=ada.email, to=for_ada.upper().replace(host.upper(), host)),
        "proved": build_mail(
            sender=ada.email, Authentication_Results="mx.help.example; dmarc=pass header.from=shop.example", **told
        ),
        "proved by another": build_mail(
            sender=ada.email, Authentication_Results="mx.evil.example; dmarc=pass header.from=shop.example", **told
        ),
        "proved for another": build_mail(
            sender=ada.email, Authentication_Results="mx.help.example; dmarc=pass header.from=evil.example", **told
        ),
        "sam with ada's address": build_mail(sender=sam.email, to=for_ada),
        "sam with his own": build_mail(sender=sam.email, to=for_sam),
        "sam with a forged one": build_mail(sender=sam.email, to=f"{for_sam.partition('@')[0][:-4]}aaaa@{host}"),
        "ada with sam's": build_mail(sender=ada.email, to=for_sam),
        "eve with ada's": build_mail(sender="eve@elsewhere.example", to=for_ada),
        "nobody": build_mail(sender="nobody@elsewhere.example", to=for_ada),
    }
    for number, (name, mail) in enumerate(senders.items()):
        distinct = mail.replace(b"<one@shop.example>", f"<{number}@shop.example>".encode())
        receive(desk, distinct.replace(b"It happens again.", name.encode()), "pipe", NOW)
    worker.run_once(desk, Clock())
    found = [(one.state, one.reason, one.confirmed) for one in stored(desk, IncomingMail)]
    assert dict(zip(senders, found, strict=True)) == {
        "plain": ("added", "", False),
        "signed": ("added", "", True),
        "proved": ("added", "", True),
        "proved by another": ("added", "", False),
        "proved for another": ("added", "", False),
        "sam with ada's address": ("held", "staff-not-confirmed", False),
        "sam with his own": ("added", "", True),
        "sam with a forged one": ("held", "staff-not-confirmed", False),
        "ada with sam's": ("added", "", False),
        "eve with ada's": ("held", "not-permitted", False),
        "nobody": ("held", "unknown-sender", False),
    }


def test_a_closed_ticket_that_is_answered_is_open_again(desk: Services) -> None:
    ada, sam = build_customer(desk), build_staff(desk)
    ticket = file_ticket(desk, ada).ticket
    reply_as_staff(desk, sam.id, ticket.id, written("Mended"), "closed", NOW)
    receive(desk, build_mail(subject=f"Re: {ticket.reference}"), "pipe", NOW)
    worker.run_once(desk, Clock())
    assert (stored(desk, Ticket)[0].state, outcomes(desk)) == ("open", [("added", "")])


def test_a_mail_about_a_duplicate_joins_what_it_was_merged_into(desk: Services) -> None:
    ada, sam = build_customer(desk), build_staff(desk)
    first = file_ticket(desk, ada, submission="first", subject="First").ticket
    second = file_ticket(desk, ada, submission="second", subject="Second").ticket
    triage.merge(desk, sam.id, second.id, first.reference, NOW)
    receive(desk, build_mail(subject=f"Re: {second.reference}"), "pipe", NOW)
    worker.run_once(desk, Clock())
    assert [message.ticket_id for message in stored(desk, Message)] == [first.id]


OUTLOOK = "-----Original Message-----\nFrom: S <s@help.example>\nSent: Monday\nTo: Sam\nSubject: x\n\n{}"
QUOTATIONS = {
    "marked": "Done.\n\nOn Tue, 24 Nov 2026 at 15:10, Support <s@help.example> wrote:\n> {}\n",
    "outlook's": f"Done.\n\n{OUTLOOK}",
    "with our mark": "Done.\n\nIn a language that nobody knows <s@help.example>:\n— · — Write above.\n{}",
    "without a word above": "{}\n> {}\nDone.",
}


@pytest.mark.parametrize("name", QUOTATIONS)
def test_what_a_colleague_quotes_never_goes_out(desk: Services, name: str) -> None:
    """It may hold a note. What isn't surely new isn't sent, and the colleague's mail is held."""
    ada, sam = build_customer(desk), build_staff(desk)
    ticket = file_ticket(desk, ada).ticket
    own = reply_address.reply_address(ADDRESS, desk.settings.secret_key, ticket.id, sam.email)
    below = OUTLOOK.format("The canary")
    text = QUOTATIONS[name].format(below if name == "without a word above" else "The canary", "The canary")
    receive(desk, build_mail(text, sender=sam.email, to=own), "pipe", NOW)
    worker.run_once(desk, Clock())
    sent = [message.body for message in stored(desk, Message)]
    if name == "without a word above":
        assert (sent, outcomes(desk)) == ([], [("held", "nothing-new")])
    else:
        assert sent == ["Done."]
    assert "canary" not in str([row.payload for row in stored(desk, OutboxMessage)])


def test_staff_are_told_that_a_mail_waits_and_spam_tells_them_once_an_hour(desk: Services) -> None:
    clock, sam = Clock(), build_staff(desk)
    for number in range(3):
        receive(
            desk, build_mail(sender="eve@elsewhere.example", message_id=f"<{number}@elsewhere.example>"), "pipe", NOW
        )
    worker.run_once(desk, clock)
    told = [row for row in stored(desk, OutboxMessage) if row.kind == "staff-held"]
    assert [(row.recipient, row.payload["mail"]) for row in told] == [(sam.email, 1)]
    clock.now += timedelta(hours=2)
    receive(desk, build_mail(sender="eve@elsewhere.example", message_id="<later@elsewhere.example>"), "pipe", clock.now)
    worker.run_once(desk, clock)
    assert len([row for row in stored(desk, OutboxMessage) if row.kind == "staff-held"]) == 2


@pytest.mark.parametrize("kind", ["a reply", "a form to complete", "a guest's ticket"])
def test_a_worker_that_dies_before_it_notes_what_it_did_doubles_nothing(
    desk: Services, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The mail is processed again: one reply, and two forms that file one ticket."""
    ada = build_customer(desk)
    if kind == "a guest's ticket":
        fields = {"subject": "Help", "description": "Down", "priority": "high", "email": ada.email}
        number = guests.confirm(desk, drafts.save_draft(desk, None, fields, NOW), NOW)
    else:
        reference = file_ticket(desk, ada).ticket.reference if kind == "a reply" else ""
        number = receive(desk, build_mail("Help", subject=f"Down {reference}"), "pipe", NOW)

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(processing, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
            processing.process(desk, number, NOW)
    processing.process(desk, number, NOW)
    for hours, draft in enumerate(stored(desk, Draft)):
        # Hours apart: of the same text sent twice at once the desk makes one ticket anyway.
        at = NOW + timedelta(hours=hours)
        file_ticket(desk, ada, at, submission=draft.fields["submission"], subject="Down", description="Help")
    assert len(stored(desk, Ticket)) == 1
    assert len(stored(desk, Message)) == (kind == "a reply")
    assert (len(stored(desk, Draft)) > 1) == (kind == "a form to complete")

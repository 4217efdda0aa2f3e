"""A mail that becomes a ticket at once, and an answer that comes too late to reopen one, as the policy says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from formapp import worker
from formapp.accounts import projects
from formapp.errors import ReopeningOver
from formapp.incoming_mail import held, processing
from formapp.incoming_mail.receive import receive
from formapp.models import Attachment, Draft, IncomingMail, Message, OutboxMessage, Ticket
from formapp.notifications.email.compose import compose
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import follow_up, triage
from formapp.tickets.replies import reply_as_customer, reply_as_staff
from supportpolicy import loads
from tests.builders import (
    NOW,
    POLICY,
    Clock,
    build_account,
    build_customer,
    build_project,
    build_staff,
    file_ticket,
    stored,
    written,
)
from tests.incoming_mail.mails import ADDRESS, PNG, build_mail, outcomes, reading_mail

LATER = NOW + timedelta(days=15)


def under(services: Services, rules: str) -> Services:
    """A desk that reads mail, whose policy says this of mail."""
    policy = loads(f"mail: {{{rules}}}\n{POLICY.read_text('utf-8')}")
    return replace(reading_mail(services), policy=policy)


@pytest.fixture
def filing(services: Services) -> Services:
    return under(services, "new_tickets: file, unstated_priority: normal, reopen_within: 14 days")


def mail_of(services: Services, kind: str, recipient: str) -> str:
    """The text of the newest mail of this kind to somebody, as it goes out."""
    row = [one for one in stored(services, OutboxMessage) if (one.kind, one.recipient) == (kind, recipient)][-1]
    return compose(services, row, policy_of(services, row.payload["policy_version"])).text


def test_a_mail_is_filed_at_once_and_its_sender_reads_what_is_promised(filing: Services) -> None:
    ada = build_customer(filing)
    receive(filing, build_mail("Since noon.", files=(("screen.png", "image/png", PNG),)), "pipe", NOW)
    worker.run_once(filing, Clock())
    (ticket,) = stored(filing, Ticket)
    assert (ticket.subject, ticket.description, ticket.priority) == ("Checkout is down", "Since noon.", "normal")
    assert (ticket.account_id, ticket.opened_at) == (ada.id, NOW)
    assert (ticket.answers, ticket.recommended) == ({}, "")
    assert [file.name for file in stored(filing, Attachment)] == ["screen.png"]
    assert outcomes(filing) == [("added", "")]
    assert stored(filing, IncomingMail)[0].ticket_id == ticket.id
    told = mail_of(filing, "received", ada.email)
    assert "We have your ticket SUP-1001." in told
    assert "Our promise for Normal: 1-2 business days." in told
    assert "Your mail names no priority, so we filed it as Normal." in told
    assert "Is it more or less urgent? Answer this mail and say why" in told


def test_a_mail_without_a_subject_or_with_too_much_text_is_a_ticket_all_the_same(filing: Services) -> None:
    build_customer(filing)
    most = filing.policy.form.description_length
    receive(filing, build_mail("It is down.\nAll of it.", subject=""), "pipe", NOW)
    receive(filing, build_mail("x " * most, message_id="<two@shop.example>"), "pipe", NOW)
    receive(filing, build_mail(" ", message_id="<three@shop.example>"), "pipe", NOW)
    worker.run_once(filing, Clock())
    first, second, third = stored(filing, Ticket)
    assert first.subject == "It is down."
    assert len(second.description) <= most
    assert second.description.endswith("[The mail goes on; staff can read the rest]")
    assert third.description == "(a mail without text)"


def test_who_has_several_projects_or_none_is_asked(filing: Services) -> None:
    ada = build_customer(filing)
    build_project(filing, "blog", ada.email, name="Riverside Blog")
    build_account(filing, "bob@shop.example", name="Bob")
    receive(filing, build_mail(), "pipe", NOW)
    receive(filing, build_mail(sender="bob@shop.example", message_id="<two@shop.example>"), "pipe", NOW)
    worker.run_once(filing, Clock())
    assert (outcomes(filing), stored(filing, Ticket)) == ([("asked", ""), ("asked", "")], [])
    # One project that isn't active any more leaves no choice.
    projects.close_project(filing, "blog", NOW)
    receive(filing, build_mail(message_id="<three@shop.example>"), "pipe", NOW + timedelta(hours=2))
    worker.run_once(filing, Clock(NOW + timedelta(hours=2)))
    assert len(stored(filing, Ticket)) == 1


def test_without_the_rule_a_form_is_asked_for_as_ever(services: Services) -> None:
    desk = under(services, "reopen_within: 14 days")
    build_customer(desk)
    receive(desk, build_mail(), "pipe", NOW)
    worker.run_once(desk, Clock())
    assert (outcomes(desk), stored(desk, Ticket)) == ([("asked", "")], [])


def test_programs_and_floods_file_no_tickets(filing: Services) -> None:
    """A program's is left alone, a list's is looked at; of one sender five are filed within an hour, the rest waits."""
    build_customer(filing)
    receive(filing, build_mail(Auto_Submitted="auto-replied"), "pipe", NOW)
    receive(filing, build_mail(message_id="<list@shop.example>", List_Id="<all.shop.example>"), "pipe", NOW)
    for number in range(6):
        each = build_mail(f"Problem {number}", subject=f"No. {number}", message_id=f"<{number}@shop.example>")
        receive(filing, each, "pipe", NOW)
    worker.run_once(filing, Clock())
    assert outcomes(filing)[:2] == [("ignored", "automatic"), ("held", "not-answerable")]
    assert outcomes(filing)[2:] == [("added", "")] * 5 + [("held", "too-many")]
    assert len(stored(filing, Ticket)) == 5


def test_the_same_mail_processed_twice_files_one_ticket(filing: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    build_customer(filing)
    number = receive(filing, build_mail(), "pipe", NOW)

    def dies(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(processing, "_note", dies)
        with pytest.raises(KeyboardInterrupt):
            processing.process(filing, number, NOW)
    processing.process(filing, number, NOW + timedelta(hours=3))
    assert (len(stored(filing, Ticket)), outcomes(filing)) == (1, [("added", "")])


def test_staff_accept_a_held_mail_as_a_ticket_of_the_project_that_they_choose(filing: Services) -> None:
    sam = build_staff(filing)
    build_project(filing)
    build_project(filing, "blog", name="Riverside Blog")
    number = receive(filing, build_mail(sender="New Person <new@shop.example>"), "pipe", NOW)
    worker.run_once(filing, Clock())
    assert outcomes(filing) == [("held", "unknown-sender")]
    held.accept(filing, sam.id, number, NOW, project_key="blog")
    (ticket,) = stored(filing, Ticket)
    assert (outcomes(filing), ticket.project_id, ticket.priority) == ([("added", "")], 2, "normal")


def test_an_answer_within_the_time_reopens_and_a_later_one_opens_a_ticket_that_follows(filing: Services) -> None:
    ada, sam = build_customer(filing), build_staff(filing)
    old = file_ticket(filing, ada, subject="Checkout fails", priority="high").ticket
    reply_as_staff(filing, sam.id, old.id, written("Mended"), "closed", NOW)
    worker.run_once(filing, Clock())
    assert "You can reopen it until Tuesday 8 December" in mail_of(filing, "replied", ada.email)
    receive(filing, build_mail("Not yet.", subject=f"Re: [{old.reference}]"), "pipe", NOW)
    worker.run_once(filing, Clock(NOW + timedelta(days=14)))
    assert stored(filing, Ticket)[0].state == "open"

    triage.close(filing, sam.id, old.id, NOW + timedelta(days=14))
    late = build_mail("Again!", subject=f"Re: [{old.reference}]", message_id="<two@shop.example>")
    receive(filing, late, "pipe", NOW + timedelta(days=29))
    worker.run_once(filing, Clock(NOW + timedelta(days=29)))
    first, second = stored(filing, Ticket)
    assert (first.state, second.follows_id, second.state) == ("closed", first.id, "open")
    assert (second.subject, second.description, second.priority) == ("Checkout fails", "Again!", "high")
    assert [message.body for message in stored(filing, Message)] == ["Mended", "Not yet."]
    told = mail_of(filing, "received", ada.email)
    assert "We have your ticket SUP-1002." in told
    assert "It follows SUP-1001, which was closed too long ago to be reopened." in told
    assert follow_up.follow_ups(filing, ada.id, second) == ("SUP-1001", ())
    assert follow_up.follow_ups(filing, sam.id, first) == ("", ("SUP-1002",))


def test_on_the_page_a_late_answer_is_refused_and_staff_reopen_whenever_they_like(filing: Services) -> None:
    ada, sam = build_customer(filing), build_staff(filing)
    ticket = file_ticket(filing, ada).ticket
    triage.close(filing, sam.id, ticket.id, NOW)
    for late in (
        lambda: reply_as_customer(filing, ada.id, ticket.id, written("Again"), LATER, reopen=True),
        lambda: triage.reopen(filing, ada.id, ticket.id, LATER),
    ):
        with pytest.raises(ReopeningOver, match="SUP-1001 was closed too long ago"):
            late()
    assert stored(filing, Ticket)[0].state == "closed"
    reply_as_staff(filing, sam.id, ticket.id, written("One more thing"), "waiting", LATER, reopen=True)
    assert stored(filing, Ticket)[0].state == "waiting"


def test_a_ticket_keeps_the_time_that_held_when_it_was_filed(services: Services) -> None:
    """A policy that is changed later takes from nobody what was promised."""
    ada, sam = build_customer(services), build_staff(services)
    ticket = file_ticket(services, ada).ticket
    triage.close(services, sam.id, ticket.id, NOW)
    stricter = under(services, "reopen_within: 1 day")
    reply_as_customer(stricter, ada.id, ticket.id, written("Again"), LATER, reopen=True)
    assert stored(services, Ticket)[0].state == "open"


def test_a_late_answer_whose_priority_is_gone_is_asked_about_with_everything_filled_in(services: Services) -> None:
    before = under(services, "reopen_within: 1 day")
    ada, sam = build_customer(before), build_staff(before)
    old = file_ticket(before, ada, subject="Checkout fails", priority="low").ticket
    triage.close(before, sam.id, old.id, NOW)
    text = re.sub(r"\b(id|priority): low\b", r"\1: lowest", POLICY.read_text("utf-8"))
    desk = replace(before, policy=loads(text))
    receive(desk, build_mail("Again!", subject=f"Re: {old.reference}"), "pipe", LATER)
    worker.run_once(desk, Clock(LATER))
    assert outcomes(desk) == [("asked", "")]
    (draft,) = stored(desk, Draft)
    assert (draft.fields["follows"], draft.fields["project"], draft.fields["priority"]) == ("SUP-1001", "shop", "")
    assert (draft.fields["subject"], draft.fields["description"]) == ("Checkout fails", "Again!")


def test_what_follows_is_seen_by_those_alone_who_may_see_both(filing: Services) -> None:
    """Whoever left the project follows nothing of it, whatever the form says."""
    ada, eve = build_customer(filing), build_customer(filing, "eve@blog.example", "blog")
    old = file_ticket(filing, ada).ticket
    new = file_ticket(filing, eve, project="blog", follows=old.reference, submission="two").ticket
    assert stored(filing, Ticket)[1].follows_id is None
    build_project(filing, "third", ada.email, eve.email)
    follower = file_ticket(filing, ada, project="third", follows=old.reference, submission="three").ticket
    rows = {ticket.id: ticket for ticket in stored(filing, Ticket)}
    assert rows[follower.id].follows_id == old.id
    assert follow_up.follow_ups(filing, eve.id, rows[follower.id]) == ("", ())
    assert follow_up.follow_ups(filing, ada.id, rows[old.id]) == ("", (follower.reference,))
    assert new.reference not in follow_up.follow_ups(filing, ada.id, rows[old.id]).followed_by


def test_the_address_of_the_desk_is_where_a_new_mail_goes(filing: Services) -> None:
    """A mail to the plain address that names no ticket is a new one, whatever else is open."""
    ada = build_customer(filing)
    file_ticket(filing, ada)
    receive(filing, build_mail("Another matter", to=ADDRESS), "pipe", NOW)
    worker.run_once(filing, Clock())
    assert [ticket.subject for ticket in stored(filing, Ticket)] == ["Checkout fails", "Checkout is down"]

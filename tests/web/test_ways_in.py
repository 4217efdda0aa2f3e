"""Pages beside the usual way to a ticket: filed for a customer who calls, moved, and gone on from a closed one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from formapp import worker
from formapp.accounts import accounts, projects
from formapp.app import create_app
from formapp.incoming_mail.receive import receive
from formapp.models import Account, Draft, OutboxMessage, Ticket
from formapp.notifications.email.compose import compose
from formapp.policies import policy_of
from formapp.tickets import moving, triage
from supportpolicy import loads
from tests.builders import (
    POLICY,
    build_account,
    build_customer,
    build_project,
    build_staff,
    file_ticket,
    keep_file,
    stored,
)
from tests.incoming_mail.mails import build_mail, reading_mail
from tests.web.conftest import FORM, Desk
from tests.web.page import Browser, Page

NEW, TICKET, DESK_TICKET = "/support/desk/new-ticket", "/support/tickets/SUP-1001", "/support/desk/SUP-1001"


def link(page: Page, words: str) -> str:
    """The address of the link with these words."""
    (found,) = [one["href"] for one in page.all("a") if " ".join(one.text.split()) == words]
    return found


def mail_of(desk: Desk, kind: str) -> tuple[str, str]:
    """To whom the newest mail of this kind goes, and its text."""
    row = [one for one in stored(desk.services, OutboxMessage) if (one.channel, one.kind) == ("mail", kind)][-1]
    return row.recipient, compose(desk.services, row, policy_of(desk.services, row.payload["policy_version"])).text


@pytest.fixture
def sam(desk: Desk) -> Browser:
    """The browser of somebody at the desk, on which nothing was filed yet."""
    return desk.browser_of(build_staff(desk.services).email)


@pytest.fixture
def form_for_ada(desk: Desk, sam: Browser) -> Page:
    return sam.open(f"/support/tickets/new?customer={desk.customer.id}")


def test_staff_find_a_customer_and_file_with_the_customers_form(desk: Desk, sam: Browser, ada: Browser) -> None:
    build_account(desk.services, "zoe@elsewhere.example", name="Zoë Martin")
    page = sam.open(f"{NEW}?search=MARTIN+ad")
    assert "Zoë" not in page.text
    assert "In no active project" in sam.open(f"{NEW}?search=zoe").text
    assert "No customer matches." in sam.open(f"{NEW}?search=nobody").text
    assert "No customer matches." in sam.open(f"{NEW}?search=sam").text

    page = sam.open(link(page, "Ada Martin"))
    assert page.heading == "New ticket for Ada Martin"
    form = page.form("/support/tickets")
    form.fields |= FORM
    page = sam.send(form)
    assert "The ticket is sent. The customer gets a mail" in page.text
    assert page.heading.startswith("SUP-1001")
    (ticket,) = stored(desk.services, Ticket)
    assert (ticket.account_id, ticket.subject, ticket.language) == (desk.customer.id, FORM["subject"], "")
    assert "Sam Rivera filed the ticket for Ada Martin" in page.text
    assert "Sam Rivera of our support, for Ada Martin" in ada.open(TICKET).text
    recipient, text = mail_of(desk, "received")
    assert recipient == desk.customer.email
    assert "Sam Rivera of our support filed it for you." in text
    worker.run_once(desk.services, desk.clock)
    assert not [one for one in stored(desk.services, OutboxMessage) if one.kind == "staff-new"]


def test_others_at_the_desk_are_told_of_what_one_has_filed(desk: Desk, sam: Browser, form_for_ada: Page) -> None:
    accounts.add_account(desk.services, "kim@platform.example", "Kim", desk.clock(), is_staff=True)
    form = form_for_ada.form("/support/tickets")
    form.fields |= FORM
    sam.send(form)
    worker.run_once(desk.services, desk.clock)
    assert mail_of(desk, "staff-new")[0] == "kim@platform.example"


def test_a_refused_form_comes_back_for_the_same_customer(desk: Desk, sam: Browser, form_for_ada: Page) -> None:
    """With all that was typed, and only the customer's projects; sent twice it is one ticket."""
    build_project(desk.services, "blog", "sam@platform.example", name="Staff Blog")
    form = form_for_ada.form("/support/tickets")
    assert "Staff Blog" not in form_for_ada.text
    form.fields |= {**FORM, "subject": "", "project": "blog"}
    page = sam.send(form)
    assert (page.status, page.heading) == (422, "New ticket for Ada Martin")
    again = page.form("/support/tickets")
    assert again.fields["description"] == FORM["description"]
    again.fields |= FORM
    sam.send(again)
    assert sam.send(again).heading.startswith("SUP-1001")
    again.fields["subject"] = "Another"
    page = sam.send(again)
    assert "SUP-1001 was already sent with this form" in page.text
    assert "Add this to" not in page.text
    assert [ticket.account_id for ticket in stored(desk.services, Ticket)] == [desk.customer.id]


def test_for_a_customer_who_is_gone_meanwhile_nothing_is_filed_and_nothing_lost(
    desk: Desk, sam: Browser, form_for_ada: Page
) -> None:
    projects.add_member(desk.services, "sam@platform.example", "shop", desk.clock())
    form = form_for_ada.form("/support/tickets")
    form.fields |= FORM
    accounts.disable_account(desk.services, desk.customer.email, desk.clock())
    page = sam.send(form)
    assert (page.status, page.heading) == (422, "No ticket can be opened for this customer")
    assert FORM["description"].split("\n")[0] in page.text
    assert stored(desk.services, Ticket) == []


def test_a_customer_files_for_nobody_else(desk: Desk, ada: Browser) -> None:
    """Whatever the form says of whom it is for."""
    other = build_customer(desk.services, "eve@elsewhere.example", "elsewhere")
    page = ada.open(f"/support/tickets/new?customer={other.id}")
    assert page.heading == "Open a ticket"
    form = page.form("/support/tickets")
    form.fields |= {**FORM, "customer": str(other.id)}
    ada.send(form)
    assert [ticket.account_id for ticket in stored(desk.services, Ticket)] == [desk.customer.id]
    form.fields |= {"project": "elsewhere", "subject": "Another", "submission": "another"}
    assert ada.send(form).status == 422


def test_a_ticket_moves_from_its_page(desk: Desk, sam: Browser, ada: Browser) -> None:
    file_ticket(desk.services, desk.customer)
    build_project(desk.services, "blog", name="Riverside Blog")
    form = sam.open(DESK_TICKET).form(f"{DESK_TICKET}/move")
    form.fields |= {"project": "blog", "reason": "It is about the blog."}
    page = sam.send(form)
    assert page.status == 422
    assert "Ada Martin is not in Riverside Blog, and could not see the ticket there." in page.text
    again = page.form(f"{DESK_TICKET}/move")
    assert (again.fields["project"], again.fields["reason"]) == ("blog", "It is about the blog.")
    projects.add_member(desk.services, desk.customer.email, "blog", desk.clock())
    page = sam.send(again)
    assert "The ticket is moved. The customer gets a mail." in page.text
    assert "moved it from Riverside Shop to Riverside Blog" in page.text
    page = ada.open(TICKET)
    assert "Sam Rivera moved the ticket to the project Riverside Blog: It is about the blog." in page.text
    assert link(page, "This is not right").startswith(f"{TICKET}?objection=yes")


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """The same desk, whose policy reopens for two weeks."""
    policy = loads(f"mail: {{reopen_within: 14 days}}\n{POLICY.read_text('utf-8')}")
    services = replace(desk.services, policy=policy)
    return replace(desk, services=services, app=create_app(services=services, clock=desk.clock))


def test_after_the_time_to_reopen_a_message_becomes_a_ticket_that_follows(strict: Desk) -> None:
    """What was typed, with its files, goes into the form; both tickets' pages name each other."""
    ada, now = strict.browser_of(strict.customer.email), strict.clock.now
    file_ticket(strict.services, strict.customer)
    assert "You can reopen it for 14 days after that." in ada.open(TICKET).text
    triage.close(strict.services, strict.customer.id, 1, now)
    page = ada.open(TICKET)
    assert "You can reopen it until" in page.text
    early = page.form(f"{TICKET}/reply")
    early.fields |= {"body": "It fails again.", "reopen": "yes"}
    early.kept = [keep_file(strict.services, now=now + timedelta(days=15))]

    strict.clock.now += timedelta(days=15)
    ada = strict.browser_of(strict.customer.email)
    page = ada.send(early)
    assert page.status == 422
    assert "SUP-1001 was closed too long ago to be reopened. Send it as a new ticket" in page.text
    form = page.form(f"{TICKET}/reply")
    assert form.fields["body"] == "It fails again."
    assert "reopen" not in form.fields
    form.fields["follow"] = "yes"
    page = ada.send(form)
    assert page.heading == "One step left: your ticket is not sent yet"
    assert "Nothing is missing." in page.text
    assert "This ticket follows SUP-1001, and both name each other." in page.text
    filled = page.form("/support/tickets")
    assert (filled.fields["description"], filled.fields["priority"]) == ("It fails again.", "high")
    page = ada.send(filled)
    assert "SUP-1002" in page.text
    first, second = stored(strict.services, Ticket)
    assert (second.follows_id, first.state, stored(strict.services, Draft)) == (first.id, "closed", [])
    assert "It follows SUP-1001, which was closed too long ago" in mail_of(strict, "received")[1]
    assert link(ada.open("/support/tickets/SUP-1002"), "SUP-1001") == TICKET
    assert link(ada.open(TICKET), "SUP-1002") == "/support/tickets/SUP-1002"


def test_a_link_to_what_one_may_not_see_is_not_shown(strict: Desk, sam: Browser) -> None:
    services, ada = strict.services, strict.customer
    file_ticket(services, ada)
    file_ticket(services, ada, follows="SUP-1001", submission="two", subject="Again")
    build_project(services, "blog", ada.email, build_account(services, "eve@blog.example").email)
    staff = next(one.id for one in stored(services, Account) if one.is_staff)
    moving.move(services, staff, 2, "blog", strict.clock(), seen=9, reason="Elsewhere")
    projects.remove_member(services, ada.email, "blog", strict.clock())
    assert "SUP-1002" not in strict.browser_of(ada.email).open(TICKET).text
    assert link(sam.open(DESK_TICKET), "SUP-1002") == "/support/desk/SUP-1002"


def test_staff_see_which_mail_a_ticket_was_and_whether_its_sender_is_proved(desk: Desk) -> None:
    rules = "mail: {new_tickets: file, unstated_priority: low}"
    policy = loads(f"{rules}\n{POLICY.read_text('utf-8')}")
    services = replace(reading_mail(desk.services), policy=policy)
    filing = replace(desk, services=services, app=create_app(services=services, clock=desk.clock))
    receive(services, build_mail("Since noon."), "pipe", desk.clock())
    worker.run_once(services, desk.clock)
    page = filing.browser_of(build_staff(services).email).open(DESK_TICKET)
    assert link(page, "A mail") == "/support/desk/mail/1"
    assert "Sender not confirmed" in page.text
    assert "Ada Martin sent the ticket by mail" in page.text
    assert "Since noon." in filing.browser_of(desk.customer.email).open(TICKET).text

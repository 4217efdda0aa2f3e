"""A ticket from an address that nobody knows isn't lost: confirmed by its link, it waits for staff."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from formapp.accounts.accounts import find_account_by_email
from formapp.incoming_mail import processing
from formapp.models import Attachment, Draft, IncomingMail, OutboxMessage, Ticket
from tests.builders import build_account, stored
from tests.web.conftest import Desk, filled
from tests.web.page import Browser, Page

MAIL, LEE = "/support/desk/mail", "lee@shop.example"
DOWN = "need=broken&environment=production&impact=down&workaround=none"


def sent_by_guest(visitor: Browser, **changes: str) -> None:
    form = visitor.open("/support/tickets/new").form("/support/tickets")
    form.fields |= {**filled(), "project": "Riverside Shop", "email": LEE, "answers": DOWN, **changes}
    form.attach("app.log", b"Error 17\n")
    visitor.send(form)


def confirmation(visitor: Browser) -> Page:
    inbox = visitor.open("/support/inbox")
    newest = next(link["href"] for link in inbox.all("a", href=True) if link["href"].startswith("/support/inbox/"))
    mail = visitor.open(newest)
    paths = [urlsplit(link["href"]).path for link in mail.all("a", href=True)]
    return visitor.open(next(path for path in paths if path.startswith("/support/confirm/")))


def test_a_ticket_of_somebody_unknown_reaches_staff_and_becomes_a_ticket(
    desk: Desk, visitor: Browser, sam: Browser
) -> None:
    """As it was typed, with its files, its answers and its priority."""
    before = len(stored(desk.services, Ticket))
    sent_by_guest(visitor)
    page = confirmation(visitor)
    assert page.heading == "One step left: your ticket is not sent yet"
    assert (filled()["subject"] in page.text, LEE in page.text) == (True, True)
    assert stored(desk.services, IncomingMail) == []
    done = visitor.send(page.form(page.url))
    assert done.heading == "Your ticket is with us"
    assert stored(desk.services, Draft) == []
    processing.process_next(desk.services, desk.clock)
    assert "somebody without an account sent it with the form" in sam.open(MAIL).text
    one = sam.open(f"{MAIL}/1")
    assert "app.log" in one.text
    said = dict(zip((term.text for term in one.all("dt")), (told.text.strip() for told in one.all("dd")), strict=True))
    assert (said["Project"], said["URL"], said["Priority"]) == ("Riverside Shop", filled()["url"], "High")
    form = one.form(f"{MAIL}/1/accept")
    form.fields["project"] = "shop"
    assert "The mail is added to SUP-100" in sam.send(form).text
    ticket = stored(desk.services, Ticket)[before]
    lee = find_account_by_email(desk.services, LEE)
    assert lee is not None
    assert (ticket.account_id, ticket.subject, ticket.description) == (
        lee.id,
        filled()["subject"],
        filled()["description"],
    )
    assert (ticket.priority, ticket.answers["impact"]) == (filled()["priority"], "down")
    assert [(file.name, file.ticket_id) for file in stored(desk.services, Attachment)] == [("app.log", ticket.id)]
    assert [row.kind for row in stored(desk.services, OutboxMessage) if row.recipient == LEE] == [
        "confirm-ticket",
        "received",
    ]


def test_pressed_twice_it_is_one_and_the_page_says_so(desk: Desk, visitor: Browser) -> None:
    sent_by_guest(visitor)
    page = confirmation(visitor)
    visitor.send(page.form(page.url))
    again = visitor.send(page.form(page.url))
    assert (again.status, "Either you have sent the ticket already, and we have it." in again.text) == (410, True)
    assert len(stored(desk.services, IncomingMail)) == 1


@pytest.mark.parametrize("token", ["", "x", "another"])
def test_a_link_that_never_was_opens_nothing(desk: Desk, visitor: Browser, token: str) -> None:
    sent_by_guest(visitor)
    assert visitor.open(f"/support/confirm/{token or 'none'}").status == 410
    assert len(stored(desk.services, Draft)) == 1


def test_the_link_of_somebody_with_an_account_is_a_sign_in(desk: Desk, visitor: Browser) -> None:
    build_account(desk.services, LEE)
    sent_by_guest(visitor)
    assert [row.kind for row in stored(desk.services, OutboxMessage)] == ["link"]


def test_where_the_policy_refuses_guests_they_are_told_to_write(desk: Desk, visitor: Browser) -> None:
    policy = replace(desk.services.policy, form=replace(desk.services.policy.form, guests="refuse"))
    web = desk.app.extensions["formapp"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(desk.app.extensions, "formapp", replace(web, services=replace(desk.services, policy=policy)))
        sent_by_guest(visitor)
    assert [row.kind for row in stored(desk.services, OutboxMessage)] == ["unknown-address"]

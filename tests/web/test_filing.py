"""From the form to a filed ticket, as people go the way."""

from __future__ import annotations

from formapp.tickets import tickets_of
from tests.web.conftest import Desk, filled
from tests.web.page import Browser, Page


def subjects(desk: Desk) -> list[str]:
    return [ticket.subject for ticket in tickets_of(desk.services, desk.customer.id)]


def form_of(browser: Browser, **changes: str):
    form = browser.open("/support/tickets/new").form("/support/tickets")
    form.fields.update(filled(**changes))
    return form


def test_a_signed_in_person_files_a_ticket_and_reads_by_when_we_answer(desk: Desk, ada: Browser) -> None:
    sent = ada.send(form_of(ada))
    assert sent.url == "/support/tickets/SUP-1001/sent"
    assert sent.heading == "Your ticket is sent"
    assert "SUP-1001" in sent.text
    assert "You hear from us by Wednesday 25 November, 15:00 (Paris)" in sent.text
    assert ada.steps[-2:] == [(303, "/support/tickets"), (200, "/support/tickets/SUP-1001/sent")]
    assert subjects(desk) == ["Checkout fails"]


def test_signed_out_the_ticket_is_kept_and_one_press_from_sent_after_the_link(desk: Desk, visitor: Browser) -> None:
    form = form_of(visitor, email="ada@shop.example", project="Riverside Shop")
    told = visitor.send(form)
    assert told.heading == "Check your mail"
    assert "One link signs you in, and your ticket is kept" in told.text
    assert subjects(desk) == []
    kept = follow_newest_link(visitor)
    again = kept.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert visitor.send(again).heading == "Your ticket is sent"
    assert subjects(desk) == ["Checkout fails"]


def follow_newest_link(browser: Browser) -> Page:
    """Open the newest mail in the development inbox, follow its link and press its button."""
    newest = [link for link in browser.open("/support/inbox").all("a") if link["href"].startswith("/support/inbox/")][0]
    mail = browser.open(newest["href"])
    link = [link["href"] for link in mail.all("a") if "/sign-in/" in link["href"]][0]
    page = browser.open(link.removeprefix(browser.origin))
    return browser.send(page.form(page.url))

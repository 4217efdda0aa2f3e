"""Filling and sending the ticket form, as the stories of the browser tests do it."""

from __future__ import annotations

import re

from playwright.sync_api import FilePayload, Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.attachments import service as attachments
from formapp.demo import company as demo
from formapp.models import Ticket
from formapp.tickets.queries import tickets_of
from tests.browser.conftest import SIGN_IN, Desk

SUBJECT = "Search finds nothing"
DESCRIPTION = (
    "It says “no results” for every word,\neven for those in the titles.\n\n  (two spaces, a <tag>, 日本語 and 🦊)"
)


def fill(page: Page, subject: str = SUBJECT, description: str = DESCRIPTION) -> None:
    """Fill the form of somebody who is signed in."""
    page.get_by_label("Project").select_option("Riverside Shop")
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Description").fill(description)
    page.get_by_role("radio", name="High").check()


def attach(page: Page, *files: tuple[str, bytes]) -> None:
    """Choose these files, each a name and its content."""
    page.get_by_label("Attachments").set_input_files(
        [FilePayload(name=name, mimeType="application/octet-stream", buffer=content) for name, content in files]
    )


def send(page: Page) -> None:
    page.get_by_role("button", name="Send ticket").last.click()


def fill_signed_out(page: Page, subject: str, priority: str, email: str) -> None:
    """Fill the form of somebody who isn't known yet."""
    page.get_by_label("Subject").fill(subject)
    page.get_by_label("Description").fill("It says 502.")
    page.get_by_role("radio", name=priority).check()
    page.get_by_label("Email address").fill(email)


def send_by_mail(page: Page, address: str) -> None:
    """Send the form, follow the link in the development inbox of the desk at this address, and send the ticket."""
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    page.goto(f"{address}/support/inbox")
    page.get_by_role("link", name="Your sign-in link").first.click()
    link = re.search(rf"{re.escape(address)}/support/sign-in/\S+", page.inner_text("body"))
    assert link, "the mail holds no link"
    page.goto(link[0])
    page.get_by_role("button", name=SIGN_IN).click()
    page.get_by_role("button", name="Send ticket").last.click()
    expect_sent(page)


def expect_sent(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")


def all_stored(desk: Desk) -> tuple[Ticket, ...]:
    customer = find_account_by_email(desk.services, demo.CUSTOMER)
    assert customer
    return tuple(tickets_of(desk.services, customer.id))


def stored(desk: Desk) -> Ticket:
    """The one ticket that there is."""
    (ticket,) = all_stored(desk)
    return ticket


def files_of(desk: Desk, ticket: Ticket) -> list[tuple[str, bytes]]:
    """The names and contents of what is attached to a ticket, in order."""
    found = attachments.attachments_of(desk.services, ticket.id, with_notes=False)
    return [(file.name, b"".join(attachments.content(desk.services, file))) for file in found]

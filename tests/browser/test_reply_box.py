"""The reply boxes are as kind as the form: files as chosen, the text kept until the desk has it, secrets named."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from formapp.accounts.accounts import find_account_by_email
from formapp.attachments import service as attachments
from formapp.demo import company as demo
from formapp.models import reference_of
from formapp.tickets.replies import messages_of
from tests.browser.conftest import Desk, OpenPage, Watch
from tests.browser.forms import attach
from tests.builders import file_ticket

pytestmark = pytest.mark.browser

LOG = b"14:05 Error 502\n"
BACK = "What you typed before is back."
RECORDS = "() => Object.keys(localStorage).filter((key) => key.startsWith('support-draft:')).length"


@pytest.fixture
def ticket(desk: Desk) -> int:
    customer = find_account_by_email(desk.services, demo.CUSTOMER)
    assert customer
    return file_ticket(desk.services, customer, desk.clock()).ticket.id


def said(desk: Desk, ticket: int) -> list[tuple[str, list[str]]]:
    """What was written on the ticket, each with the names of its files."""
    files = attachments.attachments_of(desk.services, ticket, with_notes=True)
    return [
        (message.body, [file.name for file in files if file.message_id == message.id])
        for message in messages_of(desk.services, ticket, with_notes=True)
    ]


def test_a_customer_s_reply_is_kept_comes_back_and_goes_when_it_arrived(
    open_page: OpenPage, desk: Desk, ticket: int
) -> None:
    page = open_page()
    desk.sign_in(page)
    page.goto(f"/support/tickets/{reference_of(ticket)}")
    page.get_by_label("Your message").fill("It is back since noon")
    attach(page, ("server.log", LOG))
    expect(page.get_by_text("“server.log” is attached.")).to_be_visible()
    page.reload()
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Your message")).to_have_value("It is back since noon")
    expect(page.locator("support-files bdi")).to_have_text(["server.log"])
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_url("**#newest")
    assert said(desk, ticket) == [("It is back since noon", ["server.log"])]
    assert page.evaluate(RECORDS) == 0
    expect(page.get_by_label("Your message")).to_have_value("")


def test_a_note_that_was_kept_comes_back_as_a_note(open_page: OpenPage, desk: Desk, ticket: int) -> None:
    page = open_page()
    desk.sign_in(page, "sam@platform.example")
    page.goto(f"/support/desk/{reference_of(ticket)}")
    page.locator("label[for=kind-note]").click()
    page.locator("#message-body").fill("Looks like the cache")
    page.reload()
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.locator("#message-body")).to_have_value("Looks like the cache")
    expect(page.get_by_role("radio", name="Internal note")).to_be_checked()
    expect(page.get_by_role("button", name="Send reply")).to_be_hidden()
    page.get_by_role("button", name="Add internal note").click()
    page.wait_for_url("**said=note**")
    assert messages_of(desk.services, ticket, with_notes=False) == ()
    assert said(desk, ticket) == [("Looks like the cache", [])]
    expect(page.locator("#message-body")).to_have_value("")
    expect(page.get_by_role("radio", name="Reply")).to_be_checked()


def test_without_a_line_a_reply_waits_and_can_be_mailed_with_its_ticket_s_name(
    open_page: OpenPage, desk: Desk, watch: Watch, ticket: int
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto(f"/support/tickets/{reference_of(ticket)}")
    page.get_by_label("Your message").fill("It is back since noon")
    page.context.set_offline(True)
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_text("Not sent yet")).to_be_visible()
    mail = parse_qs(urlsplit(page.get_by_role("link", name="Send by email").get_attribute("href") or "").query)
    assert reference_of(ticket) in mail["subject"][0]
    assert "It is back since noon" in mail["body"][0]
    page.context.set_offline(False)
    page.wait_for_url("**#newest")
    assert said(desk, ticket) == [("It is back since noon", [])]


def test_a_secret_in_a_reply_is_named(open_page: OpenPage, desk: Desk, ticket: int) -> None:
    page = open_page()
    desk.sign_in(page)
    page.goto(f"/support/tickets/{reference_of(ticket)}")
    page.get_by_label("Your message").fill("The login is ada, password=hunter2")
    page.get_by_role("button", name="Send reply").click()
    expect(page.get_by_text("Your message seems to hold a password (line 1).")).to_be_visible()
    page.get_by_role("button", name="Remove it").click()
    page.get_by_role("button", name="Send reply").click()
    page.wait_for_url("**#newest")
    assert said(desk, ticket) == [("The login is ada, password=[removed]", [])]

"""The whole way of a worried person, in a real browser: from the guide to "sent", with script and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets.queries import ticket_for, tickets_of
from tests.browser.conftest import Desk, OpenPage

pytestmark = pytest.mark.browser

SUBJECT = "Checkout shows “Error 502” — since 14:20"
DESCRIPTION = (
    "1. Put a book into the cart.\n2. Press Pay.\n\nExpected: a receipt.\nSeen: <b>Error 502</b> & nothing else."
)
ANSWERS = {"What do you need?": "Something is broken, slow or lost", "Where does it happen?": "In production"}


def answer(page: Page, script: bool, question: str, option: str) -> None:
    """Answer one question of the chooser, in the way this browser shows it."""
    if script:
        page.get_by_role("group", name=question).get_by_role("radio", name=re.compile(f"^{re.escape(option)}")).check()
        page.get_by_role("button", name="Continue").click()
        return
    asked = f'support-chooser [data-question]:visible:has(> .support-title:text-is("{question}"))'
    page.locator(f'{asked} > ul > li > details > summary:has(span:text-is("{option}"))').click()


def choose_critical(page: Page, script: bool) -> None:
    """Answer until the chooser says Critical, because the site is down."""
    answer(page, script, "What do you need?", "Something is broken, slow or lost")
    answer(page, script, "Where does it happen?", "In production")
    answer(page, script, "What does it do to production?", "The site is down")
    answer(page, script, "Is there a way around it for now?", "No")


def stored(services: Services, reference: str) -> Ticket:
    customer = find_account_by_email(services, demo.CUSTOMER)
    assert customer
    return ticket_for(services, customer.id, reference)


def test_from_the_guide_to_a_sent_ticket(page: Page, script: bool, desk: Desk) -> None:
    page.goto("/contact-support/")
    page.get_by_role("link", name="Which priority?").click()
    expect(page).to_have_url(re.compile(r"/ticket-priority/#find-your-priority$"))

    choose_critical(page, script)
    card = page.locator("[data-result=critical]:visible")
    expect(card).to_contain_text("because production is down and there is no workaround")
    card.get_by_role("link", name="Open a ticket with this priority").click()

    expect(page.get_by_role("radio", name="Critical")).to_be_checked()
    page.get_by_label("Project").fill("Riverside Shop")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("URL").fill("https://shop.example/checkout?a=1&b=2")
    page.get_by_label("Description").fill(DESCRIPTION)
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    page.get_by_role("button", name="Send ticket").last.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")
    expect(page.get_by_role("link", name="development inbox")).to_be_visible()
    desk.sign_in_by_mail(page)

    expect(page.get_by_label("Project")).to_have_value("shop")
    expect(page.get_by_label("Description")).to_have_value(DESCRIPTION)
    expect(page.get_by_role("radio", name="Critical")).to_be_checked()
    page.get_by_role("button", name="Send ticket").last.click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    # Filed at 15:00 in Paris; a Critical ticket is answered within an hour.
    expect(page.get_by_role("main")).to_contain_text("16:00")
    ticket = stored(desk.services, page.locator(".support-reference").inner_text())
    assert (ticket.subject, ticket.description) == (SUBJECT, DESCRIPTION)
    assert ticket.priority == "critical"
    assert ticket.answers == {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}


def test_from_the_embedded_form_on_a_phone(open_page: OpenPage, desk: Desk) -> None:
    phone = open_page(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    desk.sign_in(phone)
    phone.goto("/contact-support/")
    phone.locator("article").get_by_role("link", name="Open a ticket").first.tap()

    expect(phone.get_by_text(f"Sending as Ada Martin ({demo.CUSTOMER})")).to_be_visible()
    phone.get_by_label("Project").select_option("Riverside Intranet")
    phone.get_by_label("Subject").fill(SUBJECT)
    phone.get_by_label("Description").fill(DESCRIPTION)
    phone.get_by_text("Help me choose").tap()
    answer(phone, True, "What do you need?", "An answer or a change; nothing is broken")
    phone.get_by_role("button", name="Use this priority").tap()
    expect(phone.get_by_role("radio", name="Low")).to_be_checked()
    expect(phone.get_by_label("Description")).to_have_value(DESCRIPTION)
    phone.get_by_role("button", name="Send ticket").last.tap()

    expect(phone.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")
    ticket = stored(desk.services, phone.locator(".support-reference").inner_text())
    assert ticket.answers == {"need": "question"}
    assert ticket.page == "/file-a-ticket/"


def test_help_inside_the_form_without_script_keeps_what_was_typed(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/file-a-ticket/")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Description").fill(DESCRIPTION)
    page.get_by_text("Help me choose").click()
    answer(page, False, "What do you need?", "An answer or a change; nothing is broken")
    page.get_by_role("button", name="Use this priority").locator("visible=true").click()

    expect(page.get_by_role("radio", name="Low")).to_be_checked()
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    expect(page.get_by_label("Description")).to_have_value(DESCRIPTION)


def test_enter_in_a_field_sends_the_form_and_chooses_no_priority(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    page.get_by_label("Subject").fill(SUBJECT)
    page.get_by_label("Subject").press("Enter")
    expect(page.get_by_text("There is a problem")).to_be_visible()
    expect(page.get_by_role("link", name="Choose a priority")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value(SUBJECT)
    assert tickets_of(desk.services, 1) == ()

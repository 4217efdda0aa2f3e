"""A ticket that stays open in a browser: what is new is announced, and keys do what staff do all day."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import choose_language, find_account_by_email
from formapp.demo import company as demo
from formapp.tickets import replies
from tests.browser.conftest import Desk, OpenPage
from tests.builders import NOW, file_ticket, written

pytestmark = pytest.mark.browser

SAM = "sam@platform.example"
TICKET = "/support/tickets/SUP-1001"
AT_THE_DESK = "/support/desk/SUP-1001"
# What a browser says of a page that somebody comes back to.
COME_BACK = "() => document.dispatchEvent(new Event('visibilitychange'))"
# Whether nobody takes a key for itself.
LEFT_ALONE = """
(init) => document.body.dispatchEvent(new KeyboardEvent("keydown", { ...init, bubbles: true, cancelable: true }))
"""


def number_of(desk: Desk, email: str) -> int:
    account = find_account_by_email(desk.services, email)
    assert account
    return account.id


@pytest.fixture(autouse=True)
def _tickets(desk: Desk) -> None:
    ada = find_account_by_email(desk.services, demo.CUSTOMER)
    assert ada
    for number in range(1, 4):
        file_ticket(desk.services, ada, submission=f"form-{number}", subject=f"Ticket {number}")


def at(open_page: OpenPage, desk: Desk, address: str, email: str = SAM) -> Page:
    page = open_page()
    desk.sign_in(page, email)
    page.goto(address)
    return page


def test_a_new_message_is_said_and_shown_and_what_is_typed_is_not_touched(open_page: OpenPage, desk: Desk) -> None:
    page = at(open_page, desk, AT_THE_DESK)
    box = page.locator("#message-body")
    box.fill("I am wri")
    ada = number_of(desk, demo.CUSTOMER)
    replies.reply_as_customer(desk.services, ada, 1, written("It is the blue one"), NOW)
    page.evaluate(COME_BACK)
    said = page.get_by_role("status").filter(has_text="One new message.")
    expect(said).to_be_visible()
    # Nobody is interrupted.
    expect(box).to_be_focused()
    page.keyboard.type("ting")
    said.get_by_role("link", name="Show what is new").click()
    expect(page.locator("#newest")).to_contain_text("It is the blue one")
    expect(page.locator("#newest")).to_be_focused()
    expect(box).to_have_value("I am writing")
    expect(said).to_have_count(0)
    # Who has seen it may answer it.
    page.get_by_role("button", name="Send reply").click()
    expect(page.locator("#newest")).to_contain_text("I am writing")


def test_a_customer_is_told_of_replies_and_never_of_notes(open_page: OpenPage, desk: Desk) -> None:
    page, sam = at(open_page, desk, TICKET, demo.CUSTOMER), number_of(desk, SAM)
    replies.add_note(desk.services, sam, 1, written("He is rude"), NOW)
    replies.reply_as_staff(desk.services, sam, 1, written("We look at it"), "open", NOW)
    page.evaluate(COME_BACK)
    page.get_by_role("status").filter(has_text="One new message.").get_by_role("link").click()
    expect(page.locator("#newest")).to_contain_text("We look at it")
    expect(page.get_by_text("He is rude")).to_have_count(0)


def test_keys_go_through_the_queue_and_through_its_tickets(open_page: OpenPage, desk: Desk) -> None:
    page = at(open_page, desk, "/support/desk/")
    links = page.locator(".support-queue__row th a")
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        expect(links.nth(row)).to_be_focused()
    addresses = [link.get_attribute("href") for link in links.all()]
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{addresses[0]}")
    for key, number in (("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        page.wait_for_url(f"**{addresses[number]}")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_keys_write_and_assign_and_never_while_somebody_types(open_page: OpenPage, desk: Desk) -> None:
    page = at(open_page, desk, AT_THE_DESK)
    box, note = page.locator("#message-body"), page.get_by_role("radio", name="Internal note")
    page.keyboard.press("n")
    expect(note).to_be_checked()
    expect(box).to_be_focused()
    page.keyboard.type("r/ja?")
    expect(box).to_have_value("r/ja?")
    expect(note).to_be_checked()
    box.fill("")
    box.blur()
    for held in ("ctrlKey", "altKey", "metaKey"):
        assert page.evaluate(LEFT_ALONE, {"key": "a", held: True})
    expect(note).to_be_checked()
    page.keyboard.press("r")
    expect(page.get_by_role("radio", name="Reply")).to_be_checked()
    expect(box).to_be_focused()
    box.blur()
    page.keyboard.press("a")
    expect(page.get_by_text("The assignee is saved.")).to_be_visible()
    expect(page.locator(".support-facts-line")).to_contain_text("Assigned to Sam Rivera")


def test_keys_are_listed_and_can_be_turned_off(open_page: OpenPage, desk: Desk) -> None:
    page = at(open_page, desk, AT_THE_DESK)
    page.keyboard.press("?")
    listed = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(listed).to_contain_text("Write an internal note")
    listed.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(listed).to_be_hidden()
    page.reload()
    page.keyboard.press("?")
    page.keyboard.press("r")
    expect(listed).to_be_hidden()
    expect(page.locator("#message-body")).not_to_be_focused()
    # And on again.
    page.get_by_role("button", name="Keyboard shortcuts").click()
    listed.get_by_label("Use these keys").check()
    listed.get_by_role("button", name="Close").click()
    page.keyboard.press("r")
    expect(page.locator("#message-body")).to_be_focused()


def test_from_right_to_left_the_mark_of_a_disclosure_stands_after_its_words(open_page: OpenPage, desk: Desk) -> None:
    page = at(open_page, desk, AT_THE_DESK)
    choose_language(desk.services, number_of(desk, SAM), "ar")
    page.reload()
    sides = page.evaluate(
        """() => [...document.querySelectorAll(".support-details > summary")].filter((one) => one.checkVisibility())
          .map((one) => [getComputedStyle(one, "::after").left, getComputedStyle(one).paddingLeft].map(parseFloat))"""
    )
    assert sides
    assert all(left < padding for left, padding in sides), sides

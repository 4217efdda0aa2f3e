"""A day's work at the desk in a browser that runs no script: each form that staff press is pressed there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from formapp.models import Message
from tests.browser.conftest import Desk, OpenPage, running_desk
from tests.browser.filled_desk import fill_desk
from tests.browser.places import DESK, TICKET, held_mail
from tests.builders import stored

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, built_guide: Path) -> Iterator[Desk]:
    with running_desk(tmp_path_factory.mktemp("desk"), built_guide) as started:
        fill_desk(started)
        yield started


@pytest.fixture
def page(open_page: OpenPage, desk: Desk) -> Page:
    """Of somebody who works at the desk, on a phone."""
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 800})
    desk.sign_in(page, DESK)
    return page


def shown(one: Locator) -> Locator:
    """A field or button, after all that it is folded away in was opened, as people open it."""
    folds = one.locator("xpath=ancestor::details[not(@open)]/summary")
    outermost = folds.first if folds.count() else one
    if not outermost.is_visible():
        # On a phone the facts of a ticket follow their line, which isn't around them.
        one.page.get_by_text("Clock, assignee and all facts").click()
    while folds.count():
        folds.first.click()
    expect(one).to_be_visible()
    return one


def press(page: Page, button: str, **fields: str) -> None:
    """Fill in the fields of these names, and press the button of their form; it is taken."""
    pressed = page.locator("main button:not([hidden])", has_text=re.compile(f"^\\s*{re.escape(button)}\\s*$")).first
    form = pressed.locator("xpath=ancestor::form")
    for name, text in fields.items():
        field = shown(form.locator(f"[name='{name.replace('_', '-')}'], [name='{name}']").first)
        if field.evaluate("one => one.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    shown(pressed).click()
    expect(page.locator("main h1")).to_have_count(1)
    expect(page.locator("main").get_by_role("alert")).to_have_count(0)


def test_a_ticket_is_answered_and_sorted(page: Page, desk: Desk) -> None:
    page.goto(f"/support/desk/{TICKET}")
    conversation = page.locator("main")
    press(page, "Insert", saved_reply="1")
    expect(page.get_by_label("Your reply")).to_have_value(re.compile("^Dear Ada Martin"))
    press(page, "Reply and wait for the customer", body="We look into it.")
    expect(conversation).to_contain_text("We look into it.")
    page.get_by_text("Internal note", exact=True).last.click()
    press(page, "Add internal note", body="Asked the network people.")
    expect(conversation).to_contain_text("Asked the network people.")
    press(page, "Assign to me")
    press(page, "Add tag", tag="payments")
    press(page, "Put in copy", colleague="2")
    press(page, "Ask by mail", address="kit@agency.example")
    press(page, "Save answers", answer_impact="data", reason="Payments are lost.")
    press(page, "Close without a reply")
    press(page, "Reopen")
    press(page, "Move", project="intranet", reason="It is about the intranet.")
    for words in (
        "Sam Rivera",
        "payments",
        "Ben Okafor",
        "kit@agency.example",
        "Payments are lost.",
        "about the intranet",
    ):
        expect(conversation).to_contain_text(words)
    assert [message.kind for message in stored(desk.services, Message)][-2:] == ["reply", "note"]


def test_several_tickets_are_changed_together_and_it_is_undone(page: Page) -> None:
    page.goto("/support/desk/")
    press(page, "Search", search="checkout")
    expect(page.get_by_role("searchbox")).to_have_value("checkout")
    page.goto("/support/desk/")
    for reference in ("SUP-1002", "SUP-1003"):
        page.locator(f"input[name=ticket][value={reference}]").check()
    press(page, "Add tag", tag="urgent-batch")
    result = page.locator(".support-bulk-result")
    expect(result).to_contain_text("2 tickets")
    press(page, "Undo")
    expect(result).to_contain_text("Undone: 2 tickets")
    press(page, "Apply filters", priority="high")
    press(page, "Save view", name="Urgent ones")
    page.goto("/support/desk/views")
    press(page, "Delete view: Urgent ones")
    expect(page.locator("main button", has_text="Delete view: Urgent ones")).to_have_count(0)


def test_what_the_desk_keeps_is_added_changed_and_taken_away(page: Page) -> None:
    page.goto("/support/desk/saved-replies")
    press(page, "Save reply", name="Thanks", body="Thank you, {name}.")
    expect(page.locator("main")).to_contain_text("Thanks")
    press(page, "Delete reply: Thanks")
    page.goto("/support/desk/closures")
    press(page, "Announce closure", start="2026-12-24T12:00", end="2026-12-28T09:00", note="Winter break")
    expect(page.locator("main")).to_contain_text("Winter break")
    page.goto("/support/desk/people/add")
    press(page, "Add person", name="Kit Moreau", email="kit@shop.example")
    expect(page.locator("main")).to_contain_text("Kit Moreau")
    press(page, "Save name", name="Kit Moreau-Lane")
    press(page, "Disable account")
    press(page, "Enable account")
    page.goto("/support/desk/projects/add")
    press(page, "Add project", name="Press Office", key="press-office")
    press(page, "Let in to Press Office", email="kit@shop.example")
    expect(page.locator("main")).to_contain_text("Kit Moreau-Lane")
    press(page, "Close project")
    press(page, "Reopen project")


def test_a_held_mail_is_taken_by_a_press_and_another_is_spam(page: Page, desk: Desk) -> None:
    page.goto(held_mail(desk))
    press(page, "Mark as spam")
    page.goto(held_mail(desk))
    press(page, "Accept as nobody@elsewhere.example", project="shop")
    expect(page.locator("main")).not_to_contain_text("What should happen?")

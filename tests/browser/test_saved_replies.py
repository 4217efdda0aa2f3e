"""A saved reply comes where the caret stands, can be undone, and costs nothing that is typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.models import Message
from formapp.tickets import saved_replies
from tests.browser.conftest import Desk, OpenPage, Watch
from tests.browser.forms import attach
from tests.builders import NOW, file_ticket, stored

pytestmark = pytest.mark.browser

SAM = "sam@platform.example"
TICKET = "/support/desk/SUP-1001"
LOG = b"14:05 Error 502\n"


@pytest.fixture(autouse=True)
def _reply(desk: Desk) -> None:
    """A ticket, and a saved reply."""
    ada, sam = (find_account_by_email(desk.services, email) for email in (demo.CUSTOMER, SAM))
    assert ada
    assert sam
    file_ticket(desk.services, ada, desk.clock(), subject="It {name} fails")
    body = "Dear {name},\n{reference}, {subject}."
    saved_replies.add_reply(desk.services, sam.id, "Greeting", body, NOW, shared=False)


def choose(page: Page) -> None:
    page.get_by_label("Saved reply", exact=True).select_option("Greeting")
    page.get_by_role("button", name="Insert").click()


def test_it_comes_where_the_caret_stands_and_undo_takes_it_out(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    filled = "Dear Ada Martin,\nSUP-1001, It {name} fails."
    desk.sign_in(page, SAM)
    page.goto(TICKET)
    box = page.locator("#message-body")
    # No caret was set: at the end.
    choose(page)
    expect(box).to_have_value(filled)
    expect(box).to_be_focused()
    page.keyboard.press("Control+z")
    expect(box).to_have_value("")
    page.keyboard.type("BeforeAfter")
    for _ in "After":
        page.keyboard.press("ArrowLeft")
    choose(page)
    expect(box).to_have_value(f"Before{filled}After")
    page.keyboard.press("Control+z")
    expect(box).to_have_value("BeforeAfter")
    choose(page)
    expect(box).to_have_value(f"Before{filled}After")
    # The caret stands behind it, and what was inserted is kept as if it was typed.
    page.keyboard.type("!")
    expect(box).to_have_value(f"Before{filled}!After")
    page.reload()
    expect(box).to_have_value(f"Before{filled}!After")
    assert stored(desk.services, Message) == []


def test_without_a_choice_or_a_line_nothing_is_lost(open_page: OpenPage, desk: Desk, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page, SAM)
    page.goto(TICKET)
    box, insert = page.locator("#message-body"), page.get_by_role("button", name="Insert")
    box.fill("Typed")
    insert.click()
    said = page.locator("support-saved-replies [role=status]")
    expect(said).to_have_text("Choose a saved reply")
    page.context.set_offline(True)
    choose(page)
    expect(said).to_have_text("Not inserted: we can’t reach the help desk. Try again.")
    expect(box).to_have_value("Typed")
    page.context.set_offline(False)
    insert.click()
    expect(box).to_have_value("TypedDear Ada Martin,\nSUP-1001, It {name} fails.")
    expect(said).to_be_empty()


def test_one_that_is_gone_is_told_with_the_text_and_the_files(open_page: OpenPage, desk: Desk, watch: Watch) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page, SAM)
    page.goto(TICKET)
    page.locator("label[for=kind-note]").click()
    page.locator("#message-body").fill("Typed")
    attach(page, ("server.log", LOG))
    expect(page.get_by_text("“server.log” is attached.")).to_be_visible()
    saved_replies.delete_reply(desk.services, stored_owner(desk), 1)
    add_another(desk)
    choose(page)
    expect(page.locator("#saved-reply-error")).to_contain_text("This saved reply is no longer there")
    expect(page.locator("#message-body")).to_have_value("Typed")
    expect(page.locator("support-files bdi")).to_have_text(["server.log"])
    expect(page.get_by_role("radio", name="Internal note")).to_be_checked()


def test_without_script_it_comes_at_the_end(open_page: OpenPage, desk: Desk) -> None:
    page = open_page(java_script_enabled=False)
    desk.sign_in(page, SAM)
    page.goto(TICKET)
    page.locator("#message-body").fill("Typed")
    choose(page)
    expect(page.locator("#message-body")).to_have_value("Typed\n\nDear Ada Martin,\nSUP-1001, It {name} fails.")
    expect(page.locator("#message-body")).to_be_in_viewport()
    page.get_by_role("button", name="Send reply").last.click()
    expect(page.locator("#newest")).to_contain_text("It {name} fails.")


def stored_owner(desk: Desk) -> int:
    sam = find_account_by_email(desk.services, SAM)
    assert sam
    return sam.id


def add_another(desk: Desk) -> None:
    saved_replies.add_reply(desk.services, stored_owner(desk), "Other", "Bye", NOW, shared=False)

"""A ticket's pages in a browser: replies come into view, and a mistake costs nothing typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from formapp.tickets import replies
from tests.browser.conftest import Desk, OpenPage
from tests.builders import NOW, build_staff, file_ticket, written

pytestmark = pytest.mark.browser

SAM = "sam@platform.example"
TICKET = "/support/tickets/SUP-1001"
AT_THE_DESK = "/support/desk/SUP-1001"


@pytest.fixture(autouse=True)
def _ticket(desk: Desk) -> None:
    """A ticket with a conversation that is longer than a window."""
    ada, sam = (find_account_by_email(desk.services, email) for email in (demo.CUSTOMER, SAM))
    assert ada
    assert sam
    file_ticket(desk.services, ada)
    for number in range(8):
        text = written(f"Line {number}\n" * 12)
        replies.reply_as_staff(desk.services, sam.id, 1, text, "waiting", NOW)
    replies.render_new(desk.services, desk.clock)


def test_a_reply_comes_into_view_below_the_theme_s_header(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto(TICKET)
    page.get_by_label("Your message").fill("It works again")
    page.get_by_role("button", name="Send reply").last.click()
    newest = page.locator("#newest")
    expect(newest).to_contain_text("Ada Martin")
    expect(newest).to_contain_text("It works again")
    expect(newest).to_be_in_viewport()
    header = page.locator(".md-header").bounding_box()
    shown = newest.bounding_box()
    assert header
    assert shown
    assert shown["y"] >= header["y"] + header["height"]
    expect(page.get_by_role("status").filter(has_text="Your message is sent.")).to_be_in_viewport()
    expect(page.get_by_label("Your message")).to_have_value("")


def test_a_mistake_s_link_leads_to_the_field_and_the_text_stays(page: Page, desk: Desk) -> None:
    typed = "x" * 20_001
    desk.sign_in(page)
    page.goto(TICKET)
    page.get_by_label("Your message").fill(typed)
    page.get_by_role("button", name="Send reply").last.click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    summary.get_by_role("link").press("Enter")
    expect(page.get_by_label("Your message")).to_have_value(typed)
    expect(page.get_by_label("Your message")).to_be_in_viewport()


def test_two_people_at_one_ticket_lose_nothing(open_page: OpenPage, desk: Desk, script: bool) -> None:
    build_staff(desk.services, "kim@platform.example", name="Kim Adeyemi")
    first, second = open_page(java_script_enabled=script), open_page(java_script_enabled=script)
    for page, words in ((first, "I have it"), (second, "So do I")):
        desk.sign_in(page, SAM if page is first else "kim@platform.example")
        page.goto(AT_THE_DESK)
        page.get_by_label("Your reply").fill(words)
    first.get_by_role("button", name="Send reply").last.click()
    expect(first.locator("#newest")).to_contain_text("I have it")
    second.get_by_role("button", name="Send reply").last.click()
    expect(second.get_by_role("alert")).to_contain_text("Sam Rivera replied")
    second.get_by_role("link", name="Newest message").click()
    expect(second.locator("#newest")).to_be_in_viewport()
    expect(second.get_by_label("Your reply")).to_have_value("So do I")
    second.get_by_role("button", name="Send reply").last.click()
    expect(second.locator("#newest")).to_contain_text("So do I")


def test_the_desk_s_reply_is_written_and_sent_by_the_keyboard_alone(page: Page, desk: Desk) -> None:
    desk.sign_in(page, SAM)
    page.goto(AT_THE_DESK)
    page.get_by_label("Your reply").focus()
    page.keyboard.type("Solved")
    more = page.locator("summary", has_text="▾")
    while not more.evaluate("summary => summary === document.activeElement"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Reply and close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#newest")).to_contain_text("Solved")
    expect(page.get_by_text("Reopen and reply")).to_be_visible()


def test_a_note_has_a_box_and_a_button_of_its_own(page: Page, desk: Desk, script: bool) -> None:
    desk.sign_in(page, SAM)
    page.goto(AT_THE_DESK)
    send, add = (page.get_by_role("button", name=name) for name in ("Send reply", "Add internal note"))
    expect(send).to_be_visible()
    expect(add).to_be_hidden()
    box = page.locator(".support-composer form")
    as_reply = box.evaluate("form => getComputedStyle(form).backgroundColor")
    page.get_by_role("radio", name="Reply").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Internal note")).to_be_checked()
    posted: list[str] = []
    page.on("request", lambda request: posted.append(request.url) if request.method == "POST" else None)
    # Enter in a tab sends nothing: without script the form comes back.
    page.keyboard.press("Enter")
    if not script:
        expect(page.get_by_role("link", name="You chose Internal note")).to_be_visible()
        posted.clear()
    expect(send).to_be_hidden()
    expect(add).to_be_visible()
    assert box.evaluate("form => getComputedStyle(form).backgroundColor") != as_reply
    page.locator("#message-body").fill("He is rude")
    add.click()
    expect(page.locator("#newest")).to_contain_text("He is rude")
    expect(page.locator("#newest")).to_contain_text("Internal note")
    assert [address.rpartition("/")[2] for address in posted] == ["note"]


def test_on_a_phone_the_summary_comes_first_and_the_rest_is_a_disclosure(
    open_page: OpenPage, desk: Desk, script: bool
) -> None:
    page = open_page(java_script_enabled=script, viewport={"width": 360, "height": 740})
    desk.sign_in(page, SAM)
    page.goto(AT_THE_DESK)
    expect(page.locator(".support-facts-line")).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Clock")).to_be_hidden()
    page.get_by_text("Clock, assignee and all facts").click()
    clock = page.get_by_role("heading", name="Clock")
    expect(clock).to_be_visible()
    places = [
        heading.bounding_box() for heading in (clock, page.get_by_role("heading", name="Conversation", exact=True))
    ]
    assert places[0]
    assert places[1]
    assert places[0]["y"] < places[1]["y"]
    page.get_by_role("link", name="Newest message").click()
    expect(page.locator("#newest")).to_be_in_viewport()

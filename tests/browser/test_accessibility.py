"""Everybody can use our parts: judged by axe in light, in dark and at 320 pixels, and by the keyboard alone.

Here are pages on which something was done; as they are opened, ``test_every_page.py`` walks over them all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from supportpolicy import Policy
from tests.browser.axe import GUIDE, axe_faults
from tests.browser.conftest import Desk, OpenPage, running_desk
from tests.browser.filled_desk import fill_desk

pytestmark = pytest.mark.browser

DESK = "main article"
# What one presses is as large as a finger; links within sentences are left to axe.
SMALL = """
(parts) => [...document.querySelectorAll(parts)]
  .flatMap((part) => [part, ...part.querySelectorAll("*")])
  .filter((one) => one.matches(".support-button, button, summary, select, textarea, input, label, .support-tabs a"))
  .map((one) => one.matches("[type=radio], [type=checkbox]") ? one.labels[0] : one)
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.matches(".support-hidden, [type=hidden]"))
  .filter((one) => one.tagName !== "LABEL" || ["radio", "checkbox"].includes(one.control.type))
  .filter((one) => { const { width, height } = one.getBoundingClientRect(); return width < 44 || height < 43.9; })
  .map((one) => `${one.outerHTML.slice(0, 120)} ${JSON.stringify(one.getBoundingClientRect())}`)
"""
WIDER = "() => document.documentElement.scrollWidth - innerWidth"
# The theme's own switch, hidden behind its icon.
CHOOSE_SCHEME = """(scheme) => document.querySelector(`input[data-md-color-scheme=${scheme}]`).click()"""

REFERENCE = "SUP-1001"
RESULT = "need=broken&environment=production&impact=down&workaround=none"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, built_guide: Path) -> Iterator[Desk]:
    """One desk for all that only look at it, with a ticket."""
    with running_desk(tmp_path_factory.mktemp("desk"), built_guide) as started:
        fill_desk(started)
        yield started


def missing_answer(page: Page) -> None:
    page.goto("/ticket-priority/#chooser:need=broken")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_have_text("Choose an answer")


def result(page: Page) -> None:
    page.goto(f"/ticket-priority/#chooser:{RESULT}")
    expect(page.locator("support-chooser .support-card[tabindex]")).to_contain_text("Critical")


def open_graph(page: Page) -> None:
    page.goto("/handbook/for-writers/")
    page.get_by_text("Show the drawing").click()


def form_with_help(page: Page) -> None:
    page.goto("/file-a-ticket/?priority=high")
    page.get_by_text("Help me choose").click()


def form_with_errors(page: Page) -> None:
    page.goto("/file-a-ticket/")
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def ticket(page: Page) -> None:
    page.goto(f"/support/tickets/{REFERENCE}")
    for summary in page.locator("main article summary").all():
        summary.click()


def ticket_with_error(page: Page) -> None:
    page.goto(f"/support/tickets/{REFERENCE}")
    page.get_by_role("button", name="Send reply").last.click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def pressed_by_somebody_else(page: Page) -> None:
    """The page was made for another one, whose mark it carries; a page that we made for nobody stands for it."""
    page.goto(f"/support/tickets/{REFERENCE}")
    close = page.locator("form.support-close")
    close.locator("[name=made_for]").evaluate("(field) => field.remove()")
    close.get_by_role("button", name="Close ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Press Close ticket once more")


def sign_in_with_error(page: Page) -> None:
    page.goto("/support/sign-in")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def feedback_open(page: Page) -> None:
    page.goto("/ticket-priority/")
    page.get_by_text("No, because …").click()
    expect(page.locator("support-scoreboard [data-state]")).to_be_visible()


def feedback_thanks(page: Page) -> None:
    feedback_open(page)
    page.get_by_label("What did you look for?").fill("The telephone number")
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()


def feedback_with_error(page: Page) -> None:
    page.goto("/support/feedback")
    page.get_by_label("Page").fill("/nowhere/")
    page.get_by_role("button", name="No, send answer").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


STRANGERS: dict[str, Callable[[Page], None]] = {
    "was this page helpful": feedback_open,
    "the thanks for an answer": feedback_thanks,
    "an answer with an error": feedback_with_error,
    "the chooser without an answer": missing_answer,
    "the chooser's result": result,
    "the drawing of the decision": open_graph,
    "the form with its help open": form_with_help,
    "the form with errors": form_with_errors,
    "sign in": sign_in_with_error,
}
CUSTOMERS: dict[str, Callable[[Page], None]] = {
    "a ticket": ticket,
    "a ticket with an error": ticket_with_error,
    "pressed by somebody else": pressed_by_somebody_else,
}


def selected_tickets(page: Page) -> None:
    page.goto("/support/desk/?search=tag:payments")
    page.get_by_role("link", name="Select all on this page").click()
    expect(page.locator("[data-selected]")).to_have_text("2")
    page.get_by_text("Save as a view").click()


def changed_tickets(page: Page) -> None:
    page.goto("/support/desk/")
    page.get_by_role("checkbox", name="Order 30 fails").check()
    page.get_by_label("Tag", exact=True).fill("payments")
    page.get_by_label("Tag", exact=True).press("Enter")
    expect(page.locator(".support-bulk-result")).to_contain_text("Already tagged payments")


def tabs_behind_more(page: Page) -> None:
    page.goto("/support/desk/views")
    page.get_by_text("More", exact=True).click()
    page.get_by_text("Change", exact=False).first.click()


def saved_replies_with_error(page: Page) -> None:
    page.goto("/support/desk/saved-replies")
    page.get_by_text("Add a saved reply").click()
    page.get_by_label("Name").first.fill("Greeting")
    page.get_by_label("Text").first.fill("Dear {nmae}")
    page.get_by_role("button", name="Save reply").click()
    expect(page.get_by_text("Did you mean {name}?").first).to_be_visible()
    for summary in page.locator("main article .support-cards summary").all():
        summary.click()


def queue_with_error(page: Page) -> None:
    page.goto("/support/desk/?search=assigned:nobody")
    page.get_by_label("Search", exact=True).last.fill("colour:red")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_text("“colour:” is not known.")).to_be_visible()


def closure_with_errors(page: Page) -> None:
    page.goto("/support/desk/closures")
    page.get_by_label("Note").fill("Winter break")
    page.get_by_role("button", name="Announce closure").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def endpoint_log(page: Page) -> None:
    page.goto("/support/desk/outgoing/endpoints/1")
    page.locator("main article summary").first.click()


def ticket_at_the_desk(page: Page) -> None:
    page.goto(f"/support/desk/{REFERENCE}")
    for summary in page.locator("main article summary").all():
        # One is there on a phone alone.
        if summary.is_visible():
            summary.click()


def ticket_at_the_desk_with_error(page: Page) -> None:
    page.goto(f"/support/desk/{REFERENCE}")
    page.get_by_text("Merge a duplicate").click()
    page.get_by_role("button", name="Merge").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def person_with_error(page: Page) -> None:
    page.goto("/support/desk/people/1")
    page.get_by_role("button", name="Send link").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def table_with_errors(page: Page) -> None:
    page.goto("/support/desk/people/import")
    page.get_by_role("textbox", name="Table").fill("email,project\nnonsense,shop")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


def guide_gaps_with_reasons(page: Page) -> None:
    page.goto("/support/desk/guide")
    page.locator("main table summary").click()


def closed_with_a_wrong_page(page: Page) -> None:
    page.goto(f"/support/desk/{REFERENCE}")
    page.get_by_role("button", name="Close without a reply").click()
    page.locator("#guide-page").fill("/nowhere/")
    page.get_by_role("button", name="Save page").click()
    expect(page.get_by_text("There is a problem")).to_be_visible()


STAFF: dict[str, Callable[[Page], None]] = {
    "a person with an error": person_with_error,
    "a table with errors": table_with_errors,
    "the queue with tickets selected": selected_tickets,
    "the queue after tickets were changed": changed_tickets,
    "the saved views": tabs_behind_more,
    "the saved replies with an error": saved_replies_with_error,
    "what the guide should have answered": guide_gaps_with_reasons,
    "a closed ticket with a page that is not there": closed_with_a_wrong_page,
    "the queue with an error": queue_with_error,
    "a closure with errors": closure_with_errors,
    "an endpoint's log": endpoint_log,
    "a ticket": ticket_at_the_desk,
    "a ticket with an error": ticket_at_the_desk_with_error,
}


def judge(page: Page) -> None:
    """Look at our parts of the page in light and dark, then as narrow as a small phone, or at 400 % zoom."""
    parts = DESK if "/support/" in page.url else GUIDE
    faults: dict[str, object] = {}
    for scheme in ("default", "slate"):
        page.evaluate(CHOOSE_SCHEME, scheme)
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
        faults[scheme] = axe_faults(page, parts)
    page.set_viewport_size({"width": 320, "height": 700})
    faults["320 px"] = axe_faults(page, parts)
    faults["too small"] = page.evaluate(SMALL, parts)
    faults["wider than its window"] = max(0, page.evaluate(WIDER))
    assert {name: found for name, found in faults.items() if found} == {}


@pytest.mark.parametrize("place", STRANGERS)
def test_axe_finds_nothing_in_what_everybody_sees(open_page: OpenPage, place: str) -> None:
    page = open_page()
    STRANGERS[place](page)
    judge(page)


@pytest.mark.parametrize("place", CUSTOMERS)
def test_axe_finds_nothing_in_what_a_customer_sees(open_page: OpenPage, desk: Desk, place: str) -> None:
    page = open_page()
    desk.sign_in(page)
    CUSTOMERS[place](page)
    judge(page)


@pytest.mark.parametrize("place", STAFF)
def test_axe_finds_nothing_in_what_staff_see(open_page: OpenPage, desk: Desk, place: str) -> None:
    page = open_page()
    desk.sign_in(page, "sam@platform.example")
    STAFF[place](page)
    judge(page)


def test_where_the_chooser_s_script_never_comes_the_whole_tree_shows(open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/support-chooser.*.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.goto("/ticket-priority/")
    for label in ("Something is broken, slow or lost", "In production", "The site is down", "No"):
        page.locator(f'support-chooser summary:visible:has(span:text-is("{label}"))').first.click()
    expect(page.locator("[data-result=critical]:visible")).to_be_in_viewport()
    judge(page)


# The keyboard, and what is said aloud


@pytest.mark.parametrize("start", ["/file-a-ticket/", "/support/tickets/new"])
def test_mistakes_have_the_focus_and_lead_to_their_fields(page: Page, start: str) -> None:
    page.goto(start)
    page.get_by_label("Email address").fill("not an address")
    page.get_by_label("Email address").press("Enter")
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    expect(summary.get_by_role("link", name="Enter a subject")).to_be_focused()
    page.keyboard.press("Enter")
    subject = page.get_by_label("Subject")
    expect(subject).to_have_attribute("aria-invalid", "true")
    expect(subject).to_have_accessible_description(re.compile("Error: Enter a subject$"))
    page.keyboard.type("Checkout fails")
    expect(subject).to_have_value("Checkout fails")
    summary.get_by_role("link", name="Choose a priority").press("Enter")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name="Critical")).to_be_checked()


def test_the_form_is_filled_and_sent_by_the_keyboard_alone(page: Page, desk: Desk) -> None:
    desk.sign_in(page)
    page.goto("/support/tickets/new")
    page.get_by_label("Project").focus()
    page.keyboard.type("Riverside Shop")
    for words in ("Keyboard", "https://shop.example/", "One line\nand another"):
        page.keyboard.press("Tab")
        page.keyboard.type(words)
    page.keyboard.press("Tab")
    expect(page.get_by_label("Take the place and the camera’s details out of photos")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Attachments")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Help me choose")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send ticket")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your ticket is sent")


def test_what_changes_by_itself_is_said(open_page: OpenPage, policy: Policy) -> None:
    page = open_page()
    page.goto("/file-a-ticket/")
    page.get_by_label("Description").fill("🦊" * (policy.form.description_length - 7))
    expect(page.get_by_role("status").filter(has_text="You have 7 characters left")).to_be_visible()
    page.get_by_label("Description").press("End")
    page.get_by_label("Description").fill("x" * (policy.form.description_length + 1))
    expect(page.get_by_role("status").filter(has_text="You have 1 character too many")).to_be_visible()
    page.get_by_text("Help me choose").click()
    page.get_by_role("radio", name="An answer or a change").check()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use this priority").click()
    expect(page.get_by_role("status").filter(has_text="Low is chosen.")).to_be_visible()
    expect(page.get_by_role("radio", name="Low")).to_be_focused()

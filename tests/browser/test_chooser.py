"""The chooser in a real browser: the same table, one question at a time."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Desk, OpenPage
from tests.builders import Combinations

pytestmark = pytest.mark.browser

# Drives the element's own radios and buttons; answers with the result's priority and what its link carries.
CHOOSE = """
([combinations]) => {
  const chooser = document.querySelector("support-chooser");
  // Moving the focus makes the browser lay the page out anew, thousands of times.
  HTMLElement.prototype.focus = () => {};
  history.pushState = () => {};
  const results = [];
  let given = [];
  for (const answers of combinations) {
    // What it shares with the one before has been pressed already: it goes on from there.
    const differs = given.findIndex(([question, option]) => answers[question] !== option);
    given = given.slice(0, differs < 0 ? given.length : differs);
    chooser.show(new Map(given));
    for (let step = 0; step < 20; step++) {
      const card = chooser.view.querySelector(".support-card");
      if (card) {
        const link = new URL(card.querySelector("a.support-button").href);
        results.push([card.dataset.result, [...link.searchParams]]);
        break;
      }
      const field = chooser.view.querySelector("fieldset");
      const question = field.querySelector("input").name.replace("chooser-", "");
      field.querySelector(`input[value="${answers[question]}"]`).click();
      given.push([question, answers[question]]);
      [...field.querySelectorAll("button")].find((one) => one.textContent === "Continue").click();
    }
  }
  return results;
}
"""


def test_every_combination_of_answers_gives_the_policy_s_priority(
    open_page: OpenPage, combinations: Combinations
) -> None:
    page = open_page()
    page.goto("/ticket-priority/")
    found = page.evaluate(CHOOSE, [[answers for answers, _ in combinations]])
    assert len(found) == len(combinations)
    for (answers, result), (priority, query) in zip(combinations, found, strict=True):
        assert priority == result.priority, answers
        assert query == [["priority", priority], *([name, answers[name]] for name in result.asked)]


def answer(page: Page, label: str) -> None:
    page.locator("support-chooser").get_by_role("radio", name=re.compile(f"^{re.escape(label)}")).check()
    page.get_by_role("button", name="Continue").click()


def result(page: Page) -> Locator:
    """The card that is shown; the tree's own are hidden."""
    return page.locator("support-chooser .support-card[tabindex]")


def test_back_change_start_again_and_a_link_for_a_colleague(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/ticket-priority/")
    chooser = page.locator("support-chooser")
    page.get_by_role("button", name="Continue").click()
    expect(chooser.get_by_role("alert")).to_have_text("Choose an answer")
    answer(page, "Something is broken, slow or lost")
    expect(chooser.get_by_role("group", name="Where does it happen?")).to_be_visible()
    # The question has the focus, so that a screen reader says it and the keyboard goes on from it.
    assert page.evaluate("document.activeElement.textContent") == "Where does it happen?"
    answer(page, "In production")
    answer(page, "The site is down")
    answer(page, "I don't know")
    card = result(page)
    expect(card).to_contain_text("Critical")
    expect(card).to_contain_text("You don't know of a workaround, so none is counted.")
    expect(card).to_contain_text("With a workaround this is High, Normal or Low.")

    colleague = open_page()
    colleague.goto(page.url)
    expect(result(colleague)).to_contain_text("Critical")

    page.go_back()
    expect(chooser.get_by_role("group", name="Is there a way around it for now?")).to_be_visible()
    page.get_by_role("button", name="Back", exact=True).click()
    expect(chooser.get_by_role("group", name="What does it do to production?")).to_be_visible()
    page.get_by_role("button", name="Change: Where does it happen?").click()
    expect(chooser.get_by_role("group", name="Where does it happen?")).to_be_visible()
    answer(page, "Outside production")
    expect(chooser.get_by_role("group", name="Is one of these true outside production?")).to_be_visible()
    page.goto("/ticket-priority/#chooser:need=question")
    expect(result(page)).to_contain_text("Low")
    page.get_by_role("button", name="Start again").click()
    expect(chooser.get_by_role("group", name="What do you need?")).to_be_visible()


def test_a_link_with_answers_of_an_older_policy_goes_on_where_it_still_holds(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/ticket-priority/#chooser:need=broken&environment=orbit&impact=down")
    expect(page.locator("support-chooser")).to_contain_text("Some answers no longer exist")
    expect(page.get_by_role("group", name="Where does it happen?")).to_be_visible()


def test_the_keyboard_alone_is_enough(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/ticket-priority/")
    page.get_by_role("radio", name="Something is broken, slow or lost").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(result(page)).to_contain_text("because nothing is broken")


def test_in_the_form_it_sets_the_priority_and_leaves_its_evidence(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/file-a-ticket/")
    page.get_by_label("Subject").fill("Checkout fails")
    page.get_by_text("Help me choose").click()
    answer(page, "Something is broken, slow or lost")
    answer(page, "In production")
    answer(page, "The site is down")
    answer(page, "No")
    page.get_by_role("button", name="Use this priority").click()
    expect(page.get_by_role("radio", name=re.compile("^Critical"))).to_be_checked()
    expect(page.get_by_role("radio", name=re.compile("^Critical"))).to_be_focused()
    expect(page.locator("[data-said]")).to_have_text("Critical is chosen.")
    assert page.locator("input[name=answers]").input_value() == (
        "need=broken&environment=production&impact=down&workaround=none"
    )
    assert page.get_by_label("Subject").input_value() == "Checkout fails"


def test_without_script_the_tree_leads_to_the_filled_form(open_page: OpenPage, desk: Desk) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(f"{desk.address}/ticket-priority/")
    shown = page.locator("support-chooser").locator("visible=true")
    shown.get_by_text("Something is broken, slow or lost").locator("visible=true").click()
    shown.get_by_text("I don't know", exact=True).locator("visible=true").click()
    shown.get_by_text("No, only our team does").locator("visible=true").click()
    # "Only our team" counts as outside production: the link leads there and opens it.
    shown.get_by_role("link", name="Is one of these true outside production?").locator("visible=true").click()
    shown.get_by_text("Neither", exact=True).locator("visible=true").click()
    shown.get_by_text("We can't merge or sync at all").locator("visible=true").click()
    shown.get_by_role("link", name="Open a ticket with this priority").locator("visible=true").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open a ticket")
    expect(page.get_by_role("radio", name=re.compile("^High"))).to_be_checked()
    assert "effect=merging" in page.locator("input[name=answers]").input_value()

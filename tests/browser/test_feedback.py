"""What a guide's page asks and shows of the desk's work, in a real browser: its question, and its scoreboard."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, Route, expect

from formapp.models import PageFeedback
from formapp.widgets import SCOREBOARD_FILE
from tests.browser.conftest import MOVED, Desk, OpenPage
from tests.builders import stored

pytestmark = pytest.mark.browser

PAGE = "/ticket-priority/"
FIGURES = {
    "day": "2026-11-24",
    "months": ["2026-08", "2026-09", "2026-10"],
    "priorities": {
        "critical": {"response": [None, "few", [38, 2]], "resolution": [None, None, None]},
        "high": {"response": [[1234, 0], [7, 1], [9, 0]], "resolution": [None, None, None]},
    },
}
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def cells(page: Page, target: str, priority: str) -> list[str]:
    row = page.locator(f"support-scoreboard [data-target={target}] [data-id={priority}] td")
    return [" ".join(text.split()) for text in row.all_inner_texts()]


@pytest.mark.parametrize("width", [360, 1280])
def test_the_scoreboard_is_filled_and_nothing_moves(open_page: OpenPage, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 900})
    held: list[Route] = []
    page.route(f"**/{SCOREBOARD_FILE}", lambda route: held.append(route))
    page.goto(PAGE)
    board = page.locator("support-scoreboard")
    board.scroll_into_view_if_needed()
    page.evaluate(PAINTED)
    before = board.bounding_box()
    assert before is not None
    rows = "(board) => [...board.querySelectorAll('tr, [data-state]')].map((one) => [one.offsetTop, one.offsetHeight])"
    places = board.evaluate(rows)
    expect(board.locator("[data-state]")).to_contain_text("No figures yet.")
    held[0].fulfill(json=FIGURES)
    expect(board.locator("[data-state]")).to_contain_text("As of 24 November 2026.")
    assert page.evaluate(MOVED) == []
    assert board.evaluate(rows) == places
    assert page.evaluate(WIDE) == 0
    assert [" ".join(one.split()) for one in board.locator("[data-month]").all_inner_texts()] == [
        "Aug 2026",
        "Sept 2026",
        "Oct 2026",
    ]
    assert cells(page, "response", "critical") == ["none", "fewer than 5", "38 kept 2 missed"]
    assert cells(page, "response", "high") == ["1,234 kept 0 missed", "7 kept 1 missed", "9 kept 0 missed"]
    assert cells(page, "response", "normal") == ["none"] * 3


@pytest.mark.parametrize("answer", [{"months": []}, "<!doctype html>", 404])
def test_without_figures_it_says_what_it_would_show(open_page: OpenPage, answer: object) -> None:
    page = open_page()
    kept = {"status": 204} if answer == 404 else {"body": answer if isinstance(answer, str) else json.dumps(answer)}
    page.route(f"**/{SCOREBOARD_FILE}", lambda route: route.fulfill(**kept))  # type: ignore[arg-type]
    with page.expect_response(f"**/{SCOREBOARD_FILE}"):
        page.goto(PAGE)
    page.evaluate(PAINTED)
    expect(page.locator("support-scoreboard [data-state]")).to_contain_text(
        "No figures yet. The help desk writes here how many promises were kept and missed in the last 3 months."
    )


@pytest.mark.parametrize("script", [True, False])
def test_a_no_becomes_a_ticket_with_and_without_script(open_page: OpenPage, desk: Desk, script: bool) -> None:
    page = open_page(viewport={"width": 360, "height": 800}, java_script_enabled=script)
    page.goto(PAGE)
    page.get_by_text("No, because …").click()
    page.get_by_label("What did you look for? (optional)").fill("Where do I pay?")
    page.get_by_role("button", name="Send answer").click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    page.get_by_role("link", name="Open a ticket about this").click()
    expect(page.get_by_label("Description")).to_have_value("Where do I pay?")
    assert page.locator("input[name=page]").input_value() == PAGE
    told = [(row.page, row.helpful, row.because) for row in stored(desk.services, PageFeedback)]
    assert told == [(PAGE, False, "Where do I pay?")]


def test_a_yes_is_one_press_and_leads_back(open_page: OpenPage) -> None:
    page = open_page()
    page.goto(PAGE)
    page.get_by_role("button", name="Yes", exact=True).click()
    page.get_by_role("link", name="Back to “Ticket priority”").click()
    page.wait_for_url(f"**{PAGE}")

"""The guide as a browser shows it: nothing moves, pages go over into one another, and paper is readable."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import MOVED, Desk, OpenPage, go_by_link, name_pages_of, running_desk

pytestmark = pytest.mark.browser

PAGES = ["/", "/contact-support/", "/ticket-priority/", "/file-a-ticket/"]
DRAWN = "() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))"
# 400 kB a second and 80 ms each way, as on a train.
SLOW = {"offline": False, "latency": 160, "downloadThroughput": 400_000, "uploadThroughput": 100_000}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, built_guide: Path) -> Iterator[Desk]:
    """One desk for all that only look, beside a guide whose list of pages names its address."""
    guide = tmp_path_factory.mktemp("guide") / "site"
    shutil.copytree(built_guide, guide)
    with running_desk(tmp_path_factory.mktemp("desk"), guide) as started:
        name_pages_of(guide, started.address)
        yield started


def go_slowly(page: Page, path: str, until: Literal["load", "networkidle"]) -> None:
    """Open a page over a slow line, with nothing of it kept from before."""
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", SLOW)
    # A busy machine makes the line slower still.
    page.goto(path, wait_until=until, timeout=60_000)


# Nothing moves


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", PAGES)
def test_nothing_moves_while_a_page_loads_over_a_slow_line(open_page: OpenPage, path: str, width: int) -> None:
    # High enough to see what stands below a widget.
    page = open_page(viewport={"width": width, "height": 2500})
    go_slowly(page, path, "networkidle")
    assert page.evaluate(MOVED) == []


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_while_one_scrolls_to_pictures_that_are_not_there_yet(open_page: OpenPage, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 800})
    go_slowly(page, "/contact-support/", "load")
    for image in page.locator("article img:visible").all():
        image.scroll_into_view_if_needed(timeout=60_000)
        page.evaluate(DRAWN)
    page.wait_for_load_state("networkidle", timeout=60_000)
    expect(page.locator("article img:visible").last).to_be_visible()
    assert page.evaluate(MOVED) == []
    for image in page.locator("article img:visible").all():
        assert image.evaluate("(image) => image.complete && image.naturalWidth > 0")


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_moves_while_the_chooser_is_used(open_page: OpenPage, width: int) -> None:
    """Only what stands below it may go down, right after a press, which is no surprise."""
    page = open_page(viewport={"width": width, "height": 800})
    page.goto("/ticket-priority/#find-your-priority", wait_until="networkidle")
    for label in ("Something is broken, slow or lost", "In production", "The site is down", "No"):
        page.get_by_role("radio", name=label).first.check()
        page.get_by_role("button", name="Continue").click()
    expect(page.locator("support-chooser .support-card[tabindex]")).to_contain_text("Critical")
    shifts = """() => new Promise((resolve) => {
      const unasked = [];
      new PerformanceObserver((list) => unasked.push(...list.getEntries().filter((one) => !one.hadRecentInput)))
        .observe({ type: "layout-shift", buffered: true });
      setTimeout(() => resolve(unasked.map((one) => one.value)), 150);
    })"""
    assert page.evaluate(shifts) == []


# From page to page


def test_the_chooser_works_on_a_page_that_one_came_to_by_a_link(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    go_by_link(page, "/", "Which priority?", "Ticket priority")
    expect(page.locator("support-chooser [data-tree]")).to_be_hidden()
    for label in ("Something is broken, slow or lost", "In production", "The site is down", "No"):
        page.get_by_role("radio", name=label).first.check()
        page.get_by_role("button", name="Continue").click()
    card = page.locator("support-chooser .support-card[tabindex]")
    expect(card).to_contain_text("Critical")
    expect(card).to_be_focused()
    assert page.url.startswith(f"{desk.address}/ticket-priority/#chooser:need=broken&")

    # Once more there and back: one chooser, with the answers that its address names.
    page.go_back()
    expect(page.locator("support-chooser legend")).to_have_text("Is there a way around it for now?")
    page.go_forward()
    expect(card).to_contain_text("Critical")
    assert page.locator("support-chooser > div:not([data-tree])").count() == 1


def test_the_form_works_on_a_page_that_one_came_to_by_a_link(open_page: OpenPage) -> None:
    page = open_page()
    go_by_link(page, "/", "Open a ticket", "Open a ticket")
    page.get_by_text("Help me choose").click()
    page.get_by_role("radio", name="An answer or a change").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Use this priority").click()
    expect(page.get_by_role("radio", name="Low")).to_be_checked()
    assert page.locator("input[name=submission]").input_value()


def test_the_search_finds_a_criterion(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_role("textbox", name="Search").click()
    search = page.get_by_role("textbox", name="Search")
    search.press_sequentially("production data lost")
    expect(page.locator(".md-search-result__item").first).to_contain_text("Ticket priority")
    search.fill("")
    search.press_sequentially("zzzz")
    expect(page.locator(".md-search-result__meta")).to_have_text("No matching documents")


# On paper


def test_on_paper_there_is_what_one_can_read_and_nothing_that_one_would_press(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/ticket-priority/")
    page.emulate_media(media="print")
    expect(page.locator(".support-table").first).to_be_visible()
    expect(page.locator(".support-criteria").get_by_text("Production data is lost.")).to_be_visible()
    expect(page.get_by_role("heading", name="Critical")).to_be_visible()
    expect(page.locator("support-chooser")).to_be_hidden()
    expect(page.locator(".md-header")).to_be_hidden()
    # The mark's colour has its name beside it, whatever the printer makes of colours.
    names = page.locator(".support-table").first.locator(".support-priority")
    expect(names).to_have_text(["Critical", "High", "Normal", "Low"])


def test_light_or_dark_is_chosen_once_for_guide_and_desk(open_page: OpenPage) -> None:
    page = open_page(color_scheme="light")
    for start, other in (("/contact-support/", "/support/sign-in"), ("/support/sign-in", "/")):
        page.goto(start)
        body = page.locator("body")
        before = body.get_attribute("data-md-color-scheme")
        page.locator("label[for^=__palette]:visible").click()
        expect(body).not_to_have_attribute("data-md-color-scheme", before or "")
        chosen = body.get_attribute("data-md-color-scheme") or ""
        page.goto(other)
        expect(body).to_have_attribute("data-md-color-scheme", chosen)

"""The date before filing and the announcement of a closure, in a real browser: they come, and nothing moves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from formapp.actors import OPERATOR
from formapp.demo import company as demo
from formapp.hours import banner
from formapp.hours.closures import add_closure, cancel_closure
from formapp.widgets import CLOSURES_FILE
from tests.browser.conftest import MOVED, Desk, OpenPage, Watch, go_by_link, name_pages_of, running_desk

pytestmark = pytest.mark.browser

HIGH = "Sent now: answer by Wednesday 25 November, 15:00 Paris time"
COUNTED = "Counted while support is open"
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture
def desk(tmp_path: Path, built_guide: Path) -> Iterator[Desk]:
    """A desk with a guide's folder of its own: closures are written into it."""
    guide = tmp_path / "site"
    shutil.copytree(built_guide, guide)
    with running_desk(tmp_path, guide) as started:
        name_pages_of(guide, started.address)
        yield started


def shown(page: Page) -> Locator:
    """The places that can be seen; the chooser's tree holds more."""
    return page.locator("support-date").locator("visible=true")


@pytest.mark.parametrize("path", ["/file-a-ticket/", "/support/tickets/new"])
def test_the_form_says_by_when_beside_each_priority(open_page: OpenPage, path: str) -> None:
    page = open_page(timezone_id="Europe/Paris")
    page.goto(path)
    expect(shown(page)).to_have_text(
        [
            "Sent now: answer by Tuesday 24 November, 16:00 Paris time",
            HIGH,
            "Sent now: answer by Thursday 26 November, 15:00 Paris time",
        ]
    )
    expect(page.locator(".support-radio", has_text="High").locator("support-date")).to_have_text(HIGH)
    # Best effort keeps its words.
    expect(page.locator(".support-radio", has_text="Low")).to_contain_text("Answer as soon as we can")
    expect(page.locator(".support-radio", has_text="Low")).not_to_contain_text("Sent now")


def test_the_table_says_it_with_whether_support_is_open(open_page: OpenPage) -> None:
    page = open_page(timezone_id="America/New_York")
    page.goto("/contact-support/")
    expect(page.locator("[data-support-hours]")).to_contain_text(
        "Support is open now, until 17:00 Paris time; 11:00 your time"
    )
    expect(page.locator(".support-dates")).to_contain_text(f"{HIGH}; 09:00 your time")


def test_the_chooser_s_result_says_it(open_page: OpenPage) -> None:
    page = open_page(timezone_id="Asia/Tokyo")
    page.goto("/ticket-priority/#chooser:need=broken&environment=production&impact=down&workaround=none")
    card = page.locator("support-chooser .support-card[tabindex]")
    expect(card).to_contain_text("Critical")
    expect(card.locator("support-date")).to_have_text(
        "Sent now: answer by Tuesday 24 November, 16:00 Paris time; Wed, 00:00 your time"
    )


@pytest.mark.parametrize(
    ("width", "zone"),
    [
        (1280, "Europe/Paris"),
        (1280, "Asia/Tokyo"),
        (360, "Europe/Paris"),
        (360, "Asia/Tokyo"),
        (320, "America/New_York"),
    ],
)
@pytest.mark.parametrize("path", ["/contact-support/", "/ticket-priority/", "/file-a-ticket/"])
def test_nothing_moves_when_the_dates_come(open_page: OpenPage, path: str, width: int, zone: str) -> None:
    page = open_page(viewport={"width": width, "height": 2500}, timezone_id=zone)
    held: list[Route] = []
    page.route("**/support/dates.json", lambda route: held.append(route))
    page.goto(path)
    shown(page).last.scroll_into_view_if_needed()
    page.evaluate(PAINTED)
    heights = "() => [...document.querySelectorAll('support-date')].map((place) => place.clientHeight)"
    before = page.evaluate(heights)
    assert len(held) == 1
    # The places hold their words until the desk has answered.
    expect(page.get_by_text(COUNTED).locator("visible=true").first).to_be_visible()
    held[0].continue_()
    expect(page.get_by_text("nswer by").locator("visible=true").first).to_be_visible()
    assert page.evaluate(MOVED) == []
    assert page.evaluate(heights) == before


@pytest.mark.parametrize("trouble", ["away", "503", "another policy", "not JSON"])
def test_where_the_desk_can_t_tell_the_words_stay(open_page: OpenPage, watch: Watch, trouble: str) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    answers = {
        "503": lambda route: route.fulfill(status=503, json={"error": "The database doesn't answer."}),
        "another policy": lambda route: route.fulfill(json={"timezone": "UTC", "support": None, "priorities": {}}),
        "not JSON": lambda route: route.fulfill(body="<!doctype html>"),
        "away": lambda route: route.abort(),
    }
    page.route("**/support/dates.json", answers[trouble])
    with page.expect_event("requestfinished" if trouble != "away" else "requestfailed", lambda one: "dates" in one.url):
        page.goto("/file-a-ticket/")
    page.evaluate(PAINTED)
    expect(shown(page)).to_have_text(["Counted day and night", COUNTED, COUNTED])


def test_without_script_the_words_stay_and_no_room_is_kept(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page.goto("/file-a-ticket/")
    place = page.locator(".support-radio", has_text="High").locator("support-date")
    expect(place).to_have_text(COUNTED)
    box = place.bounding_box()
    assert box
    assert box["height"] < 30


def test_it_is_asked_again_once_a_minute_at_the_most(open_page: OpenPage, desk: Desk) -> None:
    page = open_page(timezone_id="Europe/Paris")
    page.clock.install()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "dates.json" in request.url else None)
    go_by_link(page, "/contact-support/", "Open a ticket", "Open a ticket")
    expect(page.get_by_text(HIGH)).to_be_visible()
    page.get_by_label("Subject").focus()
    assert len(asked) == 1

    desk.clock.now += timedelta(hours=3)
    page.clock.fast_forward(61_000)
    page.get_by_label("Description").focus()
    expect(page.get_by_text("Sent now: answer by Wednesday 25 November, 17:00 Paris time")).to_be_visible()
    assert len(asked) == 2


def test_a_date_that_can_t_be_renewed_goes(open_page: OpenPage, watch: Watch) -> None:
    """An old date would be a promise that nobody gives."""
    watch.expected = ("Failed to load resource",)
    page = open_page(timezone_id="Europe/Paris")
    page.clock.install()
    page.goto("/file-a-ticket/")
    expect(page.get_by_text(HIGH)).to_be_visible()
    page.route("**/support/dates.json", lambda route: route.abort())
    page.clock.fast_forward(61_000)
    page.get_by_label("Subject").focus()
    expect(shown(page)).to_have_text(["Counted day and night", COUNTED, COUNTED])


def test_nobody_is_interrupted(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/file-a-ticket/")
    expect(page.get_by_text("Sent now").first).to_be_visible()
    assert page.locator(":is([aria-live], [role=status], [role=alert]) support-date").count() == 0


# Closures


def announce(desk: Desk, days: float, length: float = 2, note: str = "Winter break") -> int:
    """Announce a closure this many days from now."""
    start = desk.clock() + timedelta(days=days)
    # Announced before: one that runs has begun.
    made = add_closure(desk.services, OPERATOR, start, start + timedelta(days=length), note, min(start, desk.clock()))
    banner.write(desk.services, desk.clock())
    return made.id


def at_the_desk_s_time(desk: Desk, page: Page) -> Page:
    page.clock.set_fixed_time(desk.clock())
    return page


def bar(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Announcement")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (
            -1,
            "Support is closed from Monday 23 November, 15:00 to Wednesday 25 November, 15:00 Paris time: Winter break",
        ),
        (
            13.9,
            "Support is closed from Tuesday 8 December, 12:36 to Thursday 10 December, 12:36 Paris time: Winter break",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/", "/ticket-priority/", "/support/sign-in"])
def test_a_closure_that_runs_or_is_near_is_announced(
    open_page: OpenPage, desk: Desk, path: str, days: float, words: str
) -> None:
    announce(desk, days)
    page = at_the_desk_s_time(desk, open_page())
    page.goto(path)
    expect(bar(page).locator("p")).to_have_text([words])


@pytest.mark.parametrize(("days", "length"), [(14.1, 2), (200, 1)])
def test_one_that_is_far_is_not(open_page: OpenPage, desk: Desk, days: float, length: float) -> None:
    announce(desk, days, length)
    page = at_the_desk_s_time(desk, open_page())
    with page.expect_response(f"**/{CLOSURES_FILE}") as answer:
        page.goto("/")
    assert len(answer.value.json()["closures"]) == 1
    page.evaluate(PAINTED)
    expect(bar(page)).to_have_count(0)


def test_it_goes_when_it_is_taken_back(open_page: OpenPage, desk: Desk) -> None:
    number = announce(desk, 1)
    page = at_the_desk_s_time(desk, open_page())
    page.goto("/")
    expect(bar(page)).to_be_visible()
    cancel_closure(desk.services, OPERATOR, number, desk.clock())
    banner.write(desk.services, desk.clock())
    page.reload()
    page.evaluate(PAINTED)
    expect(bar(page)).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("path", ["/ticket-priority/", "/support/sign-in"])
def test_it_moves_nothing_and_covers_nothing_for_good(open_page: OpenPage, desk: Desk, path: str, width: int) -> None:
    announce(desk, 1, note="We move to a new office, and our telephone is cut off. " * 3)
    page = at_the_desk_s_time(desk, open_page(viewport={"width": width, "height": 740}))
    held: list[Route] = []
    page.route(f"**/{CLOSURES_FILE}", lambda route: held.append(route))
    page.goto(path)
    page.evaluate(PAINTED)
    held[0].continue_()
    expect(bar(page)).to_be_visible()
    assert page.evaluate(MOVED) == []
    # At the end of the page, the last words stand above it.
    page.evaluate("() => scrollTo(0, document.body.scrollHeight)")
    footer, announced = page.locator(".md-footer").bounding_box(), bar(page).bounding_box()
    assert footer
    assert announced
    assert footer["y"] + footer["height"] <= announced["y"] + 1
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_its_note_is_text(open_page: OpenPage, desk: Desk) -> None:
    announce(desk, 1, note="<img src=x onerror=alert(1)> & <b>more</b>")
    page = at_the_desk_s_time(desk, open_page())
    page.goto("/")
    expect(bar(page)).to_contain_text("<img src=x onerror=alert(1)> & <b>more</b>")
    expect(bar(page).locator("img, b")).to_have_count(0)


def test_it_can_be_hidden_until_another_is_announced(open_page: OpenPage, desk: Desk) -> None:
    announce(desk, 1)
    page = at_the_desk_s_time(desk, open_page())
    page.goto("/")
    bar(page).get_by_role("button", name="Hide").click()
    expect(bar(page)).to_have_count(0)
    page.reload()
    page.evaluate(PAINTED)
    expect(bar(page)).to_have_count(0)
    announce(desk, 5, note="Moving")
    page.reload()
    expect(bar(page).locator("p")).to_have_count(2)


def test_it_stays_from_page_to_page(open_page: OpenPage, desk: Desk) -> None:
    announce(desk, 1)
    page = at_the_desk_s_time(desk, open_page())
    go_by_link(page, "/contact-support/", "Open a ticket", "Open a ticket")
    expect(bar(page)).to_have_count(1)
    expect(bar(page)).to_be_visible()


def test_a_page_that_is_older_than_the_policy_shows_what_counts_today(open_page: OpenPage, desk: Desk) -> None:
    """What the desk no longer keeps is promised nowhere, and that it changed is said."""
    today = desk.services.policy.priority("high")
    page = open_page()

    def older(route: Route) -> None:
        text = route.fetch().text()
        assert today.response.words in text
        assert "high=business-days.1" in text
        text = text.replace("high=business-days.1", "high=business-hours.3")
        route.fulfill(body=text.replace(today.response.words, "3 business hours"))

    page.route("**/file-a-ticket/", older)
    page.route("**/ticket-priority/", older)
    said = "What stands here counts today. Changed since this page was made: High."
    page.goto("/ticket-priority/")
    row = page.locator("table.support-table tr").filter(has_text="High").first
    expect(row.locator("td").first).to_have_text(today.response.words)
    expect(page.get_by_text(said).locator("visible=true")).to_have_count(1)
    assert "3 business hours" not in page.inner_text("main")

    page.goto("/file-a-ticket/")
    expect(page.get_by_role("group", name="Priority").locator("label", has_text="High")).to_contain_text(
        "Answer within 1 business day"
    )
    expect(page.get_by_text(said).locator("visible=true")).to_have_count(1)
    # What was shown needn't be asked once more.
    page.get_by_label("Subject").fill("Search finds nothing")
    page.get_by_label("Description").fill("It says “no results”.")
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")


def test_without_script_the_desk_says_what_has_changed_before_it_takes_the_ticket(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.route(
        "**/file-a-ticket/",
        lambda route: route.fulfill(body=route.fetch().text().replace("high=business-days.1", "high=business-hours.3")),
    )
    page.goto("/file-a-ticket/")
    page.get_by_label("Subject").fill("Search finds nothing")
    page.get_by_label("Description").fill("It says “no results”.")
    page.get_by_role("radio", name="High").check()
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    page.get_by_role("button", name="Send ticket").first.click()
    expect(page.get_by_text("Press Send ticket once more: our promise for High has changed")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("Search finds nothing")
    page.get_by_role("button", name="Send ticket").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your mail")

"""Each page of the desk, by the list of its routes: one that is new and stands in no table here fails.

Judged by axe in light and dark, at 320 pixels with script and without, and by the keyboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import choose_language, find_account_by_email
from formapp.tickets import replies
from tests.browser.axe import axe_faults
from tests.browser.conftest import Desk, OpenPage, running_desk
from tests.browser.filled_desk import fill_desk
from tests.browser.places import ANYBODY, CUSTOMER, DESK, NO_PAGES, PAGES, places_of, staff_of
from tests.browser.test_accessibility import CHOOSE_SCHEME, SMALL, WIDER
from tests.builders import REPOSITORY, written

pytestmark = pytest.mark.browser

TABBABLE = """
() => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest("[inert]");
  const radios = new Set();
  return [...document.querySelectorAll(
    "main article :is(a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0'])")]
    .filter((one) => shown(one) && !one.disabled && one.tabIndex >= 0)
    .filter((one) => {
      if (one.type !== "radio") return true;
      const group = `${one.form?.action} ${one.name}`;
      return !radios.has(group) && radios.add(group);
    })
    .map((one) => { one.dataset.walked = "no"; return one; }).length;
}
"""
# Pressed as long as anything of the page has not had its turn; each says whether it can be seen that it has the focus.
WALKED = """
() => {
  const one = document.activeElement;
  // The parts of a date within its field are the browser's own.
  const again = one.dataset.walked === "yes";
  const marks = (part) => part && getComputedStyle(part);
  const ringed = (style) => style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
    || style.boxShadow !== "none");
  const seen = [one, one.labels?.[0], one.parentElement, one.nextElementSibling].some((part) => ringed(marks(part)));
  const group = one.type === "radio" ? document.querySelectorAll(`input[name="${one.name}"][data-walked]`) : [one];
  for (const part of group) if (part.dataset && "walked" in part.dataset) part.dataset.walked = "yes";
  return one.closest("main article") && !again && !seen ? one.outerHTML.slice(0, 160) : "";
}
"""
NOT_WALKED = """() => [...document.querySelectorAll("[data-walked=no]")].map((one) => one.outerHTML.slice(0, 160))"""
# A form that sends something can be sent: it has a button that is shown where the form is, and is not turned off.
NO_BUTTON = """
() => [...document.querySelectorAll("main form[method=post]")]
  .filter((form) => form.checkVisibility())
  .filter((form) => ![...form.elements].some((one) =>
    one.matches("button:not([type=button]), [type=submit]") && !one.disabled && one.checkVisibility()))
  .map((form) => form.outerHTML.slice(0, 160))
"""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, built_guide: Path) -> Iterator[Desk]:
    """One desk for all walks, which only look."""
    with running_desk(tmp_path_factory.mktemp("desk"), built_guide) as started:
        fill_desk(started)
        yield started


def walk(page: Page, desk: Desk, who: str, judge: Callable[[Page], dict[str, Any]]) -> dict[str, Any]:
    """What is wrong with the pages of one person, by page and kind."""
    if who:
        desk.sign_in(page, who)
    faults = {}
    for path in places_of(desk, who):
        page.goto(path)
        assert page.locator("main h1").count() == 1, path
        found = {kind: wrong for kind, wrong in judge(page).items() if wrong}
        if found:
            faults[path] = found
    return faults


def by_eye(page: Page) -> dict[str, Any]:
    """In light and wide, in dark and narrow."""
    faults: dict[str, Any] = {}
    for scheme, width in (("default", 1280), ("slate", 320)):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(CHOOSE_SCHEME, scheme)
        expect(page.locator("body")).to_have_attribute("data-md-color-scheme", scheme)
        faults[f"axe, {scheme}"] = axe_faults(page, "main article")
        faults[f"wider than {width}"] = max(0, page.evaluate(WIDER))
    faults["too small for a finger"] = page.evaluate(SMALL, "main article")
    return faults


def by_keyboard(page: Page) -> dict[str, Any]:
    """Each control of the page has its turn, and whoever looks sees which."""
    count = page.evaluate(TABBABLE)
    unseen = []
    for _ in range(count + 60):
        page.keyboard.press("Tab")
        unseen.append(page.evaluate(WALKED))
        if not page.evaluate(NOT_WALKED):
            break
    return {"not reached": page.evaluate(NOT_WALKED), "focus not seen": list(filter(None, unseen))}


def without_script(page: Page) -> dict[str, Any]:
    """Narrow, and with a button for each form."""
    return {"wider than 320": max(0, page.evaluate(WIDER)), "no button": page.evaluate(NO_BUTTON)}


def test_each_route_that_shows_a_page_is_walked_to() -> None:
    """From the list of routes, so that no page is forgotten: a new one belongs into ``PAGES`` or ``NO_PAGES``."""
    routes = (REPOSITORY / "tests" / "web" / "routes.txt").read_text().splitlines()
    shown = {endpoint for method, _path, endpoint in map(str.split, routes) if method == "GET"}
    assert shown == {*PAGES, *NO_PAGES}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_axe_finds_nothing_and_nothing_is_too_wide(open_page: OpenPage, desk: Desk, watch: Any, who: str) -> None:
    watch.expected = ("status of 410",)
    assert walk(open_page(), desk, who, by_eye) == {}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_each_control_has_its_turn_by_the_keyboard(open_page: OpenPage, desk: Desk, watch: Any, who: str) -> None:
    watch.expected = ("status of 410",)
    assert walk(open_page(), desk, who, by_keyboard) == {}


@pytest.mark.parametrize("who", [ANYBODY, CUSTOMER, DESK], ids=["anybody", "customer", "staff"])
def test_without_script_each_form_has_its_button_and_nothing_is_too_wide(
    open_page: OpenPage, desk: Desk, watch: Any, who: str
) -> None:
    watch.expected = ("status of 410",)
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 800})
    assert walk(page, desk, who, without_script) == {}


@pytest.mark.parametrize("who", [CUSTOMER, DESK], ids=["customer", "staff"])
def test_from_right_to_left_nothing_is_too_wide_either(open_page: OpenPage, desk: Desk, who: str) -> None:
    account = find_account_by_email(desk.services, who)
    assert account
    page = open_page(viewport={"width": 360, "height": 800})
    desk.sign_in(page, who)
    choose_language(desk.services, account.id, "ar")
    try:
        faults = {}
        for path in places_of(desk, who):
            page.goto(path)
            expect(page.locator("main .support-app")).to_have_attribute("dir", "rtl")
            faults[path] = page.evaluate(WIDER)
    finally:
        choose_language(desk.services, account.id, "en")
    assert {path: wider for path, wider in faults.items() if wider > 0} == {}


@pytest.mark.parametrize("width", [320, 360])
def test_without_script_the_guide_s_header_fits_too(open_page: OpenPage, width: int) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": width, "height": 800})
    for path in ("/", "/contact-support/", "/handbook/for-support-staff/", "/handbook/security-standard/"):
        page.goto(path)
        assert page.evaluate(WIDER) <= 0, path


def test_news_are_shown_on_a_page_that_came_back_from_a_form(open_page: OpenPage, desk: Desk) -> None:
    page = open_page()
    desk.sign_in(page)
    page.goto("/support/tickets/SUP-1003")
    page.get_by_role("button", name="Send reply").last.click()
    expect(page.get_by_text("There is a problem")).to_be_visible()
    replies.reply_as_staff(desk.services, staff_of(desk).id, 3, written("Look again"), "waiting", desk.clock())
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("link", name="Show what is new").click()
    expect(page.locator("#newest")).to_contain_text("Look again")

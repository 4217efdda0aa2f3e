"""Our blocks under the themes that sites have: read in light and dark, found by the keyboard, from right to left."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.axe import axe_faults
from tests.browser.conftest import MOVED, running_desk
from tests.plugin.conftest import built_site

pytestmark = pytest.mark.browser

ADDRESS = "http://docs.shop.example"
PAGES = {
    "index.md": "# Help\n\n```support-table\n```\n\n## Criteria\n\n```support-table\nshow: criteria\n```\n\n"
    "```support-table\nshow: house-rules\n```\n\n```support-table\nshow: examples\n```\n\n"
    "```support-table\nshow: graph\n```\n",
    "chooser.md": "# Which priority?\n\n```support-chooser\n```\n",
    "form.md": "# Open a ticket\n\n```support-form\n```\n",
}
MATERIAL = {"name": "material", "font": False}
THEMES: dict[str, dict[str, Any]] = {
    "material": MATERIAL,
    "material, dark": {**MATERIAL, "palette": {"scheme": "slate"}},
    # Colours that nobody could read: our links and buttons take them as dark as reading needs.
    "material, yellow": {**MATERIAL, "palette": {"primary": "yellow"}},
    "mkdocs": {"name": "mkdocs"},
    "mkdocs, dark": {"name": "mkdocs", "color_mode": "dark"},
    "readthedocs": {"name": "readthedocs"},
}
# What of ours has the focus: how it looks with it and without.
FOCUSED = """
() => {
  const one = document.activeElement;
  if (!one.closest("support-chooser, support-form, .support-table, .support-criteria, .support-graph")) return null;
  const look = (element) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
    return [outlineStyle, outlineWidth, outlineColor].join(" ");
  };
  const focused = look(one);
  one.blur();
  const blurred = look(one);
  one.focus();
  return { html: one.outerHTML.slice(0, 120), tag: one.tagName, focused, blurred };
}
"""
LEFT = "() => !document.activeElement.closest('main, [role=main]')"


class Sites:
    """The built site of each theme; each is built when a test first asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[str, Path] = {}

    def of(self, theme: str) -> Path:
        if theme not in self._built:
            folder = self._folder / theme.replace(", ", "-").replace(" ", "-")
            folder.mkdir()
            built_site(folder, True, PAGES, site_url=f"{ADDRESS}/", theme=THEMES[theme])
            self._built[theme] = folder / "site"
        return self._built[theme]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Sites:
    return Sites(tmp_path_factory.mktemp("themes"))


@contextmanager
def opened(chromium: Browser, site: Path, *, right_to_left: bool = False, **options: Any) -> Iterator[Page]:
    """A page of a browser that has this site at its address, and nothing else of the world."""

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        file = site / url.path.lstrip("/")
        file = file / "index.html" if file.is_dir() else file
        if url.netloc == urlsplit(ADDRESS).netloc and file.is_file():
            body = file.read_bytes()
            if right_to_left:
                body = body.replace(b"<html ", b'<html dir="rtl" ', 1).replace(b'dir="ltr"', b'dir="rtl"')
            route.fulfill(body=body, content_type=mimetypes.guess_type(file.name)[0] or "text/plain")
        else:
            route.abort()

    context = chromium.new_context(base_url=ADDRESS, reduced_motion="reduce", **options)
    context.set_default_timeout(10_000)
    context.route("**/*", answer)
    try:
        yield context.new_page()
    finally:
        context.close()


def answer_questions(page: Page) -> None:
    for label in ("Something is broken, slow or lost", "In production", "The site is down", "No"):
        page.get_by_role("radio", name=label).first.check()
        page.get_by_role("button", name="Continue").click()
    expect(page.locator("support-chooser .support-card[tabindex]")).to_contain_text("Critical")


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_under_any_theme(chromium: Browser, sites: Sites, theme: str) -> None:
    """Contrast of 4.5 above all, on each page and in each state of it."""
    faults: dict[str, list[str]] = {}
    with opened(chromium, sites.of(theme)) as page:
        page.goto("/")
        faults["table"] = axe_faults(page)
        page.goto("/chooser/")
        page.get_by_role("button", name="Continue").click()
        faults["chooser"] = axe_faults(page)
        answer_questions(page)
        faults["result"] = axe_faults(page)
        page.goto("/form/")
        page.get_by_text("Help me choose").click()
        page.get_by_label("Subject").fill("Checkout fails")
        page.set_viewport_size({"width": 320, "height": 700})
        faults["form"] = axe_faults(page)
        faults["wider than a small phone"] = page.evaluate(
            """() => [...document.querySelectorAll("support-form, support-form *")]
              .filter((one) => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth)
              .map((one) => one.outerHTML.slice(0, 99))"""
        )
    assert {state: found for state, found in faults.items() if found} == {}


@pytest.mark.parametrize("theme", ["material, dark", "mkdocs, dark", "readthedocs"])
def test_without_the_chooser_s_script_its_tree_can_be_read(chromium: Browser, sites: Sites, theme: str) -> None:
    with opened(chromium, sites.of(theme)) as page:
        page.route("**/support-*.js", lambda route: route.abort())
        page.goto("/chooser/")
        page.add_style_tag(content=".support-chooser { animation: none !important }")
        page.evaluate(
            "() => document.querySelectorAll('support-chooser details').forEach((one) => { one.open = true; })"
        )
        expect(page.locator("[data-result=critical]").first).to_be_visible()
        assert axe_faults(page) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
@pytest.mark.parametrize("theme", ["material", "mkdocs, dark", "readthedocs"])
def test_the_focus_is_seen_on_everything_of_ours(chromium: Browser, sites: Sites, theme: str, script: bool) -> None:
    seen: dict[str, dict[str, Any]] = {}
    with opened(chromium, sites.of(theme), java_script_enabled=script) as page:
        for path in ("/", "/chooser/", "/form/"):
            page.goto(path)
            for found in tab_through(page):
                seen.setdefault(f"{path}{found['html']}", found)
    tags = {found["tag"] for found in seen.values()}
    assert {"A", "DIV", "BUTTON", "INPUT", "TEXTAREA", "SUMMARY"} <= tags
    unseen = [
        found["html"]
        for found in seen.values()
        if found["focused"] == found["blurred"] or not found["focused"].startswith("solid 3px")
    ]
    assert unseen == []


def tab_through(page: Page) -> Iterator[dict[str, Any]]:
    """What of ours gets the focus while somebody goes through a page by the keyboard, in this order."""
    entered = False
    for _ in range(120):
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found:
            entered = True
            yield found
        elif entered and page.evaluate(LEFT):
            return


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("theme", ["mkdocs", "readthedocs"])
def test_nothing_moves_while_a_page_loads(chromium: Browser, sites: Sites, theme: str, width: int) -> None:
    """Under Material our own guide shows it, over a slow line."""
    with opened(chromium, sites.of(theme), viewport={"width": width, "height": 2500}) as page:
        # The theme's own letters come late and move all words, ours and its own.
        page.route("**/*.woff*", lambda route: route.abort())
        for path in ("/", "/chooser/", "/form/"):
            page.goto(path, wait_until="networkidle")
            ours = [moved for moved in page.evaluate(MOVED) if "support-" in str(moved[1:])]
            assert ours == []


# From right to left

# Where the letters of a cell stand.
ORDER = """
() => {
  const words = [...document.querySelectorAll("td bdi")].find((one) => one.textContent === "4 hours, 24/7");
  const left = (start) => {
    const range = document.createRange();
    range.setStart(words.firstChild, start);
    range.setEnd(words.firstChild, start + 1);
    return range.getBoundingClientRect().left;
  };
  const right = (element) => element.getBoundingClientRect().right;
  return { number: left(0), word: left(2), last: left(9), end: right(words), cell: right(words.parentElement) };
}
"""
MARK = """
() => {
  const mark = document.querySelector(".support-table .support-priority");
  const { borderRightWidth, borderLeftWidth } = getComputedStyle(mark);
  return [parseFloat(borderRightWidth) > 0, parseFloat(borderLeftWidth) > 0];
}
"""


@pytest.mark.parametrize("theme", ["material", "mkdocs", "readthedocs"])
def test_a_page_that_is_read_from_right_to_left_is_right(chromium: Browser, sites: Sites, theme: str) -> None:
    with opened(chromium, sites.of(theme), right_to_left=True) as page:
        page.goto("/")
        assert page.evaluate(MARK) == [True, False], "the mark stands where a line begins"
        order = page.evaluate(ORDER)
        assert order["number"] < order["word"] < order["last"], "numbers and words keep their own order"
        assert order["cell"] - order["end"] < 20, "a cell begins at the right"
        page.goto("/form/")
        radio, words = (page.locator(f".support-radio {part}").nth(1).bounding_box() for part in ("input", "label"))
        assert radio
        assert words
        assert radio["x"] > words["x"] + words["width"] - 1


# The desk wears the theme


@pytest.mark.parametrize("theme", ["mkdocs, dark", "readthedocs", "mkdocs"])
def test_the_desk_can_be_read_in_the_frame_of_any_theme(
    chromium: Browser, sites: Sites, tmp_path: Path, theme: str
) -> None:
    with running_desk(tmp_path, sites.of(theme)) as desk:
        context = chromium.new_context(base_url=desk.address, reduced_motion="reduce")
        page = context.new_page()
        page.route(lambda url: not url.startswith(desk.address), lambda route: route.abort())
        faults = {}
        desk.sign_in(page, "sam@platform.example")
        for path in ("/support/desk/", "/support/desk/closures", "/support/account", "/support/tickets/new"):
            page.goto(path)
            faults[path] = axe_faults(page, ".support-app")
        context.close()
    assert {path: found for path, found in faults.items() if found} == {}

"""A browser that looks at a built site: what goes wrong there, and whether our blocks work."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect

from tests.matrix.building import HOST, Built

DRAWN = "() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))"
# The desk's answers to a page that asks for dates, or who is signed in: nothing that a page would show.
NOTHING = json.dumps({"priorities": {}, "support": None, "timezone": "UTC"})


@contextmanager
def opened(chromium: Browser, built: Built) -> Iterator[tuple[Page, list[str]]]:
    """A page of a browser that has this site and a desk without news; and what goes wrong in it."""
    faults: list[str] = []

    def answer(route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.netloc != HOST:
            # A world that answers, so that nothing is wrong but what is wrong in the site.
            route.fulfill(status=200, body="", content_type=mimetypes.guess_type(url.path)[0] or "text/plain")
            return
        if url.path.startswith("/support/"):
            route.fulfill(body=NOTHING, content_type="application/json")
            return
        file = built.folder / url.path.removeprefix(built.path)
        file = file / "index.html" if file.is_dir() else file
        if url.path.startswith(built.path) and file.is_file():
            kind = mimetypes.guess_type(file.name)[0] or "text/plain"
            route.fulfill(body=file.read_bytes(), content_type=kind)
        elif url.path.endswith(("/favicon.ico", "/versions.json")):
            route.fulfill(body="[]", content_type="application/json")
        else:
            faults.append(f"not there: {url.path}")
            route.fulfill(status=404, body="")

    def heard(message: ConsoleMessage) -> None:
        if message.type == "error":
            faults.append(f"{message.text} ({urlsplit(message.location.get('url', '')).path})")

    context = chromium.new_context(base_url=f"https://{HOST}", reduced_motion="reduce", ignore_https_errors=True)
    context.set_default_timeout(10_000)
    context.route("**/*", answer)
    context.on("console", heard)
    context.on("weberror", lambda error: faults.append(f"uncaught: {error.error}"))
    try:
        yield context.new_page(), faults
    finally:
        context.close()


def faults_of(chromium: Browser, built: Built) -> list[str]:
    """What goes wrong while somebody opens each page of the site."""
    with opened(chromium, built) as (page, faults):
        for name in built.pages():
            if name == "404.html" or "refresh" in (built.folder / name).read_text("utf-8")[:400]:
                continue
            page.goto(f"{built.path}{name.removesuffix('index.html')}", wait_until="load")
            page.evaluate(DRAWN)
        return faults


def use_blocks(chromium: Browser, built: Built, *, by_link: bool) -> None:
    """Read the table, go through the chooser, type into the form. Fails where one of them doesn't work.

    ``by_link``: come to the page from another, within one document.
    """
    ending = "" if (built.folder / "support" / "ticket" / "index.html").is_file() else ".html"
    with opened(chromium, built) as (page, _):
        if by_link:
            page.goto(built.path, wait_until="networkidle")
            page.evaluate("() => { window.first = true; }")
            page.locator("article").get_by_role("link", name="Which priority?").click()
            expect(page.locator("h1")).to_contain_text("Priorities")
            assert page.evaluate("() => window.first"), "the whole page was loaded anew"
        else:
            page.goto(f"{built.path}support/priorities{ending or '/'}")
        table = page.locator(".support-table").first
        expect(table.locator("tbody tr")).to_have_count(4)
        expect(table).to_contain_text("within 1 hour, 24/7")
        assert table.evaluate("(one) => getComputedStyle(one).borderCollapse") == "collapse", "without our style"
        for label in ("Something is broken, slow or lost", "In production", "The site is down", "No"):
            page.get_by_role("radio", name=label).first.check()
            page.get_by_role("button", name="Continue").click()
        card = page.locator("support-chooser .support-card[tabindex]")
        expect(card).to_contain_text("Critical")
        expect(card.get_by_role("link")).to_have_attribute(
            "href", re.compile(r"/support/tickets/new\?priority=critical&need=broken&")
        )
        page.goto(f"{built.path}support/ticket{ending or '/'}")
        where = page.locator("support-form input[name=page]").get_attribute("value")
        assert where == f"{built.path}support/ticket{ending or '/'}", where
        page.get_by_label("Subject").fill("Checkout fails")
        page.get_by_text("Help me choose").click()
        page.get_by_role("radio", name="An answer or a change").check()
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("button", name="Use this priority").click()
        expect(page.get_by_role("radio", name="Low")).to_be_checked()
        assert page.locator("input[name=submission]").input_value()

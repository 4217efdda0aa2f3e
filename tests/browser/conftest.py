"""A real Chromium at a real desk: what it may not do while it looks, every test checks."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, expect
from werkzeug.serving import make_server

from formapp.accounts import magic_links
from formapp.app import create_app
from formapp.demo import company as demo
from formapp.services import Services
from tests.builders import Clock, build_services

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A name for the loopback that browsers don't trust as they trust the loopback's own.
PLAIN_HOST = "desk.example"
# Every layout shift of the page's life so far, with what moved.
# Settled by two frames; entries that the browser holds back are asked for.
MOVED = """
() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => {
  const moved = [];
  const note = (entries) => {
    for (const entry of entries) {
      moved.push([entry.value, ...entry.sources.map(({ node }) => node?.parentElement?.outerHTML.slice(0, 200))]);
    }
  };
  const observer = new PerformanceObserver((list) => note(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  setTimeout(() => { note(observer.takeRecords()); resolve(moved); }, 100);
})))
"""

SIGN_IN = re.compile("^Sign in( and read it first)?$")
"""The button of a link that sends nothing: it has more words where a whole ticket waits."""


@dataclass(frozen=True)
class Desk:
    """Guide and desk on one port, with the demo's people and a clock that stands still."""

    address: str
    services: Services
    clock: Clock

    def sign_in(self, page: Page, email: str = demo.CUSTOMER) -> None:
        """Sign this browser in by the link of a mail; no page is opened for it, and what is open stays as it is."""
        answer = page.context.request.post(
            self._sign_in_link(email), headers={"Sec-Fetch-Site": "same-origin"}, max_redirects=0
        )
        assert answer.status == 303

    def sign_in_on_page(self, page: Page, email: str = demo.CUSTOMER) -> None:
        """Sign in as people do: open the link of a mail, press its button, and look at what one is led to."""
        page.goto(self._sign_in_link(email))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(re.compile("/support/(tickets|desk/)"))

    def _sign_in_link(self, email: str) -> str:
        link = magic_links.create_link(self.services, email, self.clock())
        return f"{self.address}{urlsplit(link).path}"

    def sign_in_by_mail(self, page: Page) -> None:
        """Open the newest mail of the development inbox, its link, and press the button that only signs in."""
        self.open_newest_link(page)
        page.get_by_role("button", name=SIGN_IN).click()

    def open_newest_link(self, page: Page) -> None:
        """Open the newest mail of the development inbox, and its link."""
        page.goto("/support/inbox")
        page.get_by_role("link", name="Your sign-in link").first.click()
        link = re.search(
            rf"{re.escape(self.services.settings.base_url)}(/support/sign-in/\S+)", page.inner_text("main")
        )
        assert link, "the mail holds no link"
        page.goto(link[1])


@dataclass
class Watch:
    """What went wrong in a browser while nobody looked."""

    address: str
    faults: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()
    """Parts of faults that a test means to cause."""

    def follow(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(f"uncaught: {error.error}"))
        context.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium calls it an error that a form came back with its mistakes named.
        if message.type in {"error", "warning"} and "status of 422" not in message.text:
            self.faults.append(f"console {message.type}: {message.text} ({message.location.get('url', '')})")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.faults.append(f"a request to somebody else: {request.url}")

    def check(self) -> None:
        assert [fault for fault in self.faults if not any(part in fault for part in self.expected)] == []


def name_pages_of(guide: Path, address: str) -> None:
    """The theme goes from page to page within one document only where its list of pages names this address."""
    pages = guide / "sitemap.xml"
    pages.write_text(pages.read_text("utf-8").replace("http://127.0.0.1:8000", address), "utf-8")


def let_pages_be_exchanged(page: Page, desk: Desk) -> None:
    """The same for this page alone: the guide on the disk is shared by many tests."""
    page.route(
        "**/sitemap.xml",
        lambda route: route.fulfill(body=route.fetch().text().replace("http://127.0.0.1:8000", desk.address)),
    )


def go_by_link(page: Page, start: str, link: str, heading: str) -> None:
    """Open a page and go on by a link of its text, within the same document."""
    with page.expect_response("**/sitemap.xml"):
        page.goto(start)
    page.evaluate("() => { window.first = true; }")
    page.locator("article").get_by_role("link", name=link).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    assert page.evaluate("() => window.first"), "the whole page was loaded anew"


def answered_whole(app: WSGIApplication) -> WSGIApplication:
    """The app with each answer made and closed at once.

    Werkzeug's server closes none whose reader resets the connection, as a browser does that goes on to
    another page; the file behind it would be left open.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        found = app(environ, start_response)
        try:
            return [b"".join(found)]
        finally:
            close = getattr(found, "close", None)
            if close is not None:
                close()

    return answer


@contextmanager
def running_desk(folder: Path, guide: Path) -> Iterator[Desk]:
    """A desk on a free port with a new database, served by threads of this process."""
    clock = Clock()
    # Known as a host, on another port: no page there is one of ours.
    services = build_services(folder, site_dir=guide, origins=frozenset({f"http://{PLAIN_HOST}:1"}))
    demo.add_demo(services, clock())
    app = answered_whole(create_app(services=services, clock=clock))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    serving.start()
    try:
        yield Desk(f"http://127.0.0.1:{server.server_port}", services, clock)
    finally:
        server.shutdown()
        server.server_close()
        serving.join()
        services.database.engine.dispose()


@pytest.fixture
def desk(tmp_path: Path, built_guide: Path) -> Iterator[Desk]:
    with running_desk(tmp_path, built_guide) as started:
        yield started


@pytest.fixture
def watch(desk: Desk) -> Iterator[Watch]:
    """Collects what goes wrong in the browser, and fails the test for it."""
    watching = Watch(desk.address)
    yield watching
    watching.check()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, desk: Desk, watch: Watch) -> Iterator[OpenPage]:
    """Opens pages, each in a browser of its own; options are the browser context's."""
    contexts: list[BrowserContext] = []

    def opened(**options: object) -> Page:
        context = chromium.new_context(base_url=desk.address, **{"reduced_motion": "reduce", **options})  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield opened
    for context in contexts:
        try:
            context.close()
        except Error:
            # The browser itself is gone; the test has said why.
            return


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def script(request: pytest.FixtureRequest) -> bool:
    """Whether the browser runs JavaScript; a test that asks for it, or for a page, runs with it and without."""
    return bool(request.param)


@pytest.fixture
def page(script: bool, open_page: OpenPage) -> Page:
    return open_page(java_script_enabled=script)

"""Each form of each page is filled in and sent without script, by each of its buttons; no word of it is lost.

A browser that runs no script sends what the HTML says, so that is read here; tests/browser presses the same in one.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

import pytest
from flask import Flask

from formapp.accounts.accounts import find_account_by_email
from formapp.app import create_app
from formapp.database.engine import LOCK_SECONDS, Base, sqlite_driver
from formapp.demo import company as demo
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from tests.browser.conftest import Desk
from tests.browser.filled_desk import fill_desk
from tests.browser.places import ANYBODY, CUSTOMER, DESK, PAGES, places_of
from tests.builders import REPOSITORY, Clock, build_services, file_ticket
from tests.reading import Element
from tests.web.conftest import Desk as DeskBehindPages
from tests.web.page import Browser, Form, Page
from tests.web.pressing import Given, buttons, fill

GUIDE_PAGE = "/ticket-priority/"
GIVEN: Given = {
    ("desk.reply", "guide_page"): GUIDE_PAGE,
    ("desk.note", "guide_page"): GUIDE_PAGE,
    ("desk.insert", "guide_page"): GUIDE_PAGE,
    ("desk.close", "guide_page"): GUIDE_PAGE,
    ("desk.name_page", "guide_page"): GUIDE_PAGE,
    ("feedback.send", "page"): GUIDE_PAGE,
    ("desk.correct", "answer-impact"): "data",
    ("desk.merge", "into"): "SUP-1010",
    ("desk.move", "project"): "intranet",
    ("audit_log.lines", "person"): CUSTOMER,
    ("people.import_table", "table"): "email,name,project\nkit@pressed.example,Kit,shop",
    ("projects.add", "key"): "pressed",
    ("projects.let_in", "email"): "cleo@museum.example",
}
"""What no page tells whoever fills in its form."""
LATE = ("desk.move", "desk.merge")
"""Pressed when all else of a page was: a ticket that has gone has fewer forms."""
ENDS = "signin.leave"
"""Pressed last: nobody is signed in afterwards."""
NO_FORM = {"files.upload", "files.remove", "monitoring.through"}
"""What is sent by script beside a form that works without it, and what no page asks for."""


class Key(NamedTuple):
    """A button: of the page at one address, that sends to another, with what it sends itself."""

    page: str
    sends_to: str
    name: str
    value: str


NOT_KEPT = {(Key("in_copy.look", "in_copy.answer", "answer", said), "name") for said in ("decline", "never")}
"""The name of somebody who doesn't want to be known here."""


REFUSED = {Key("feedback.ask", "feedback.send", "helpful", "yes"): "What you typed goes with a no alone"}
"""What is not taken as a page offers it, with the sentence that says why."""


class Walk:
    """The way over all pages: what was pressed, what of it came back with a mistake named, and what went wrong."""

    def __init__(self, desk: Desk, app: Flask) -> None:
        customer = find_account_by_email(desk.services, CUSTOMER)
        assert customer
        self.desk, self.behind = desk, DeskBehindPages(app, desk.services, desk.clock, customer)
        self.pressed: set[Key] = set()
        self.refused: dict[Key, str] = {}
        self.faults: dict[Key, str] = {}

    def browser(self, who: str) -> Browser:
        return self.behind.browser_of(who) if who else self.behind.visitor()

    def over_the_pages_of(self, who: str) -> None:
        """Press each button on them; who is known only by a link comes anew for each."""
        browsers = [self.browser(who) for _ in range(3)]
        for place in (place for places in PAGES.values() for place in places if place.who == who):
            while True:
                browser = browsers[0] if who else self.browser(who)
                page: Page | None = browser.open(place.path if isinstance(place.path, str) else place.path(self.desk))
                pressed = len(self.pressed)
                while page is not None:
                    # What was just done may have its opposite there.
                    page = self.press_next(browser, page)
                if len(self.pressed) == pressed:
                    break

    def leave(self, who: str, path: str) -> None:
        """Press each button on a page that signs out."""
        while self.press_next(browser := self.browser(who), browser.open(path), ENDS):
            pass

    def press_next(self, browser: Browser, page: Page, only: str = "") -> Page | None:
        """Press the first button of a page that was not pressed yet; what comes back, where that is a next page."""
        here = self.endpoint("GET", page.url)
        found: dict[Key, tuple[Element, Element]] = {}
        for form, button in buttons(page):
            action = urljoin(page.url, button.get("formaction") or form["action"])
            sends_to, value = self.endpoint(form.get("method", "get"), action), button.get("value", "")
            # Each answer to the chooser has a button of its own; they say the same with other words.
            key = Key(here, sends_to, button.get("name", ""), value if value.isalpha() else "")
            if key not in self.pressed and (sends_to == only if only else sends_to != ENDS):
                found.setdefault(key, (form, button))
        if not found:
            return None
        key = min(found, key=lambda key: LATE.index(key.sends_to) if key.sends_to in LATE else -1)
        return self.press(browser, key, Form(page, *found[key]))

    def press(self, browser: Browser, key: Key, form: Form) -> Page | None:
        """Fill in a form and send it, with a file where it takes one; judge what comes back."""
        self.pressed.add(key)
        self.desk.clock.now += timedelta(minutes=1)
        word = f"Pressed{len(self.pressed)}"
        typed = fill(form, key.sends_to, word, self.desk.clock(), GIVEN)
        file = f"{word}.txt" if form.element.get("enctype") == "multipart/form-data" else ""
        if file:
            form.attach(file, b"seen")
        try:
            answer = browser.send(form)
        except AssertionError as fault:
            self.faults[key] = str(fault)
            return None
        if answer.status == 422:
            said = answer.all("div", "p", role="alert")
            self.refused[key] = " ".join(" ".join(one.text for one in said).split())
        elif answer.status != 200:
            self.faults[key] = f"{answer.status}: {answer.heading}"
        fields, everywhere = texts_in_fields(answer), f"{self.stored()}\n{answer.text}".casefold()
        again = answer.status == 422 or form.element.get("method", "get") == "get"
        kept = fields if again else f"{fields}\n{everywhere}"
        words = {name: text.casefold().split() for name, text in typed.items() if (key, name) not in NOT_KEPT}
        lost = [name for name in words if not all(word in kept for word in words[name])]
        lost += [] if file.casefold() in everywhere else ["files"]
        if lost:
            self.faults[key] = f"lost: {lost} ({answer.status}: {answer.heading})"
        # A page that answers at the form's own address is none that can be opened there.
        own = answer.url == urlsplit(form.action).path
        return None if answer.status != 200 or own else answer

    def endpoint(self, method: str, url: str) -> str:
        routes = self.behind.app.url_map.bind("127.0.0.1")
        return str(routes.match(urlsplit(url).path, method=method.upper())[0])

    def stored(self) -> str:
        """Everything that the desk holds."""
        with self.desk.services.read() as database:
            tables = Base.metadata.sorted_tables
            return "\n".join(str(row) for table in tables for row in database.execute(table.select()))


def texts_in_fields(page: Page) -> str:
    values = [field.get("value", "") for field in page.all("input")]
    return "\n".join([*values, *(field.text for field in page.all("textarea"))]).casefold()


@pytest.fixture
def walk(tmp_path: Path) -> Walk:
    """Over a desk that has something to show on each page."""
    guide, clock = tmp_path / "site", Clock()
    guide.mkdir()
    (guide / PAGES_FILE).write_text(pages_text([GuidePage(GUIDE_PAGE, "Priorities", "ticket-priority.md", 1)]), "utf-8")
    services = build_services(tmp_path, site_dir=guide)
    demo.add_demo(services, clock())
    desk = Desk("http://127.0.0.1:8000", services, clock)
    fill_desk(desk)
    customer = find_account_by_email(services, CUSTOMER)
    assert customer
    twin = file_ticket(services, customer, clock(), project="intranet", subject="The same", submission="twin").ticket
    assert twin.reference == GIVEN["desk.merge", "into"]
    return Walk(desk, create_app(services=services, clock=clock))


def test_each_page_is_shown_at_once_while_another_program_writes(walk: Walk) -> None:
    """What a page notes of its reader is nothing to wait for; a writer has ten seconds of patience."""
    paths = [(who, path) for who in (CUSTOMER, DESK, ANYBODY) for path in places_of(walk.desk, who)]
    browsers = {who: walk.browser(who) for who in (CUSTOMER, DESK, ANYBODY)}
    file = walk.desk.services.settings.database_url.removeprefix("sqlite:///")
    slow, answers = {}, {}
    with closing(sqlite_driver().connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for who, path in paths:
            began = time.monotonic()
            answers[path] = browsers[who].open(path).status
            if time.monotonic() - began > LOCK_SECONDS / 2:
                slow[path] = time.monotonic() - began
    assert slow == {}
    assert {path: status for path, status in answers.items() if status not in {200, 410}} == {}


def test_each_form_of_each_page_is_sent_without_script_and_no_word_is_lost(walk: Walk) -> None:
    for who in (CUSTOMER, DESK, ANYBODY):
        walk.over_the_pages_of(who)
    for path in ("/support/account", "/support/account/sessions"):
        walk.leave(CUSTOMER, path)
    routes = (line.split() for line in (REPOSITORY / "tests/web/routes.txt").read_text("utf-8").splitlines())
    assert walk.faults == {}
    assert {key: said for key, said in walk.refused.items() if REFUSED.get(key, "-") not in said} == {}
    assert walk.refused.keys() == REFUSED.keys()
    assert {name for method, _, name in routes if method == "POST"} - {key.sends_to for key in walk.pressed} == NO_FORM

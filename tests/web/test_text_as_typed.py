"""What people read is what was typed, each character of it, and each text goes in its own direction."""

from __future__ import annotations

from email import message_from_bytes
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from formapp.actors import OPERATOR
from formapp.hours import closures
from formapp.models import Message, Ticket
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import build
from formapp.text import normalise
from formapp.tickets import replies, triage
from formapp.tickets.message_html import to_html
from tests.builders import (
    NOW,
    build_account,
    build_message,
    build_project,
    build_staff,
    file_ticket,
    keep_file,
    timedelta,
    written,
)
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

TYPED = (
    "C:\\new\\_temp",
    "__init__.py",
    "*.txt",
    "**kwargs",
    "1.",
    "7.",
    "#42",
    "# Steps",
    "<tags>",
    "</p>",
    "<https://x.example>",
    "https://shop.example/a_b_c?d=__e__&f=*g*",
    "mailto:ada@shop.example",
    "[words](https://x.example)",
    "![picture](x.png)",
    "[a]: https://x.example",
    "&amp;",
    "`code`",
    "``",
    "- item",
    "> quoted",
    "| a | b |",
    "|---|---|",
    "---",
    "===",
    "~~gone~~",
    "    indented",
    "\\*",
    "\\",
    "```",
    "```python",
    "مرحبا",
    "🙂",
)
TEXTS = st.lists(
    st.tuples(
        st.sampled_from(TYPED) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
        st.sampled_from([" ", "\n", "\n\n", "  ", "\n    "]),
    ),
    min_size=1,
    max_size=12,
).map(lambda parts: "".join(part for pair in parts for part in pair))
MARK = "مرحبا"
"""A word that nobody types by chance, and that is written from the right."""


def lines_to_see(text: str) -> list[str]:
    """The lines of a message that are text: all but the fences around code. Blank ones beside code don't count."""
    lines, seen, at = text.split("\n"), [], 0
    while at < len(lines):
        fence = lines[at].startswith("```") and "`" not in lines[at][3:]
        end = next((number for number in range(at + 1, len(lines)) if lines[number].startswith("```")), None)
        if fence and end is not None and lines[end].rstrip(" \t") == "```":
            seen += lines[at + 1 : end]
            at = end + 1
        else:
            seen.append(lines[at])
            at += 1
    return [line for line in seen if line.strip("\n")]


def visible_lines(element: Tag) -> list[str]:
    return [line for line in element.get_text().split("\n") if line]


@pytest.mark.parametrize("typed", TYPED)
def test_a_message_shows_each_of_these_as_it_was_typed(typed: str) -> None:
    for text in (typed, f"{typed} and {typed}", f"before\n{typed}\n\n{typed}\nafter", f"({typed})", f"a{typed}b"):
        html = parsed(to_html(text))
        assert visible_lines(html) == lines_to_see(text)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_a_message_shows_any_text_as_it_was_typed(typed: str) -> None:
    text = normalise(typed, 100_000)
    html = parsed(to_html(text))
    assert visible_lines(html) == lines_to_see(text)
    assert {tag.name for tag in html.find_all()} <= {"p", "a", "pre", "code"}
    for link in html.find_all("a"):
        assert link["href"].partition(":")[0].lower() in {"http", "https", "mailto"}


def test_pages_show_any_text_as_it_was_typed(sent: tuple[Desk, Browser, Browser]) -> None:
    desk, ada, sam = sent

    @settings(max_examples=15, deadline=None)
    @given(TEXTS)
    def shows(typed: str) -> None:
        text = normalise(f"x{typed}x", 100_000)
        subject = text.replace("\n", " ")[:200]
        with desk.services.write.begin() as database:
            database.execute(update(Ticket).values(description=text, subject=subject))
            database.execute(update(Message).values(body=text, html=to_html(text)))
        for page in (ada.open("/support/tickets/SUP-1001"), sam.open("/support/desk/SUP-1001")):
            soup = soup_of(page)
            assert shown(soup, ".support-text") == text
            assert visible_lines(one(soup, ".support-message__text")) == lines_to_see(text)
            assert subject in [found.get_text() for found in soup.select("h1 bdi")]
        with desk.services.write.begin() as database:
            database.execute(update(Message).values(html=None))
        assert shown(soup_of(ada.open("/support/tickets/SUP-1001")), ".support-message__text") == text

    shows()


def test_mails_show_any_text_as_it_was_typed(desk: Desk) -> None:
    services, policy = desk.services, desk.services.policy

    @settings(max_examples=50, deadline=None)
    @given(TEXTS)
    def shows(typed: str) -> None:
        text = normalise(f"x{typed}x", 100_000)
        mail = message_from_bytes(build(compose(services, build_message(description=text), policy)))
        plain, html = (part.get_payload(decode=True).decode().replace("\r\n", "\n") for part in mail.get_payload())
        assert f"\n{text}\n" in plain
        quoted = one(parsed(html), "blockquote")
        assert quoted["dir"] == "auto"
        assert quoted.get_text().replace("\N{NO-BREAK SPACE}", " ") == text.replace("\N{NO-BREAK SPACE}", " ")
        # A mail program lays the lines out by these alone.
        assert len(quoted.find_all("br")) == text.count("\n")

    shows()


def parsed(html: str) -> BeautifulSoup:
    """A page with its spaces, which the parser would put together where nothing else stands between two elements."""
    return BeautifulSoup(html, "html.parser", preserve_whitespace_tags={"p", "pre", "div", "bdi", "blockquote"})


def soup_of(page: Page) -> BeautifulSoup:
    return parsed(page.html)


def one(soup: Any, selector: str) -> Tag:
    (found,) = soup.select(selector)
    assert isinstance(found, Tag)
    return found


def shown(soup: BeautifulSoup, selector: str) -> str:
    return one(soup, selector).get_text()


@pytest.fixture
def sent(desk: Desk) -> tuple[Desk, Browser, Browser]:
    """A ticket with a reply, its customer's browser and one of the desk's."""
    build_staff(desk.services)
    file_ticket(desk.services, desk.customer)
    replies.reply_as_customer(desk.services, desk.customer.id, 1, written("Reply"), NOW)
    return desk, desk.browser_of("ada@shop.example"), desk.browser_of("sam@platform.example")


def test_everything_that_people_wrote_goes_in_its_own_direction(desk: Desk) -> None:
    services = desk.services
    writer = build_account(services, "writer@shop.example", name=f"{MARK} writer")
    staff = build_account(services, "staff@platform.example", name=f"{MARK} staff", is_staff=True)
    build_project(services, "right", writer.email, "ada@shop.example", name=f"{MARK} project", plan=f"{MARK} plan")
    files = (keep_file(services, f"{MARK}.log"),)
    url = f"https://shop.example/{MARK}"
    for number in (1, 2):
        texts = {"subject": f"{MARK} orders {number}", "description": f"{MARK} {number}", "url": url}
        file_ticket(services, writer, desk.clock(), project="right", submission=f"{number}", files=files, **texts)
        files = ()
    replies.reply_as_customer(services, writer.id, 1, written(f"{MARK} reply"), desk.clock())
    replies.add_note(services, staff.id, 1, written(f"{MARK} note"), desk.clock())
    replies.render_new(services, desk.clock)
    replies.reply_as_staff(services, staff.id, 1, written(f"{MARK} answer"), "open", desk.clock())
    triage.assign(services, staff.id, 1, staff.email, desk.clock(), seen=9)
    start = desk.clock() + timedelta(hours=2)
    closures.add_closure(services, OPERATOR, start, start + timedelta(days=1), f"{MARK} closure", desk.clock())
    customer, sam = desk.browser_of(writer.email), desk.browser_of(staff.email)
    seen = 0
    for browser, path in (
        (customer, "/support/tickets"),
        (customer, "/support/tickets/SUP-1001"),
        (customer, "/support/tickets/SUP-1002"),
        (customer, "/support/tickets/SUP-1001/sent"),
        (customer, "/support/tickets/new"),
        (customer, "/support/projects"),
        (customer, "/support/account"),
        (sam, f"/support/desk/?search={MARK}"),
        (sam, "/support/desk/SUP-1001"),
        (sam, "/support/desk/closures"),
        (sam, "/support/desk/outgoing"),
        (sam, "/support/inbox"),
    ):
        page = browser.open(path)
        assert page.status == 200, path
        seen += directed(page)
    form = customer.open("/support/tickets/SUP-1001").form("/support/tickets/SUP-1001/reply")
    form.fields["body"] = f"{MARK}\0"
    seen += directed(customer.send(form))
    assert seen > 30


def directed(page: Page) -> int:
    """How often the word stands on a page; each in an element that finds out its direction by itself."""
    soup, found = soup_of(page), 0
    for text in soup.find_all(string=lambda string: MARK in string):
        parents = [text.parent, *text.parent.parents]
        if any(parent.name in {"title", "script"} for parent in parents):
            continue
        found += 1
        assert any(parent.name == "bdi" or parent.get("dir") == "auto" for parent in parents), (page.url, str(text))
    for field in soup.find_all("input", value=lambda value: value and MARK in value):
        found += 1
        assert field.get("type") == "hidden" or field.get("dir") == "auto", (page.url, field)
    return found

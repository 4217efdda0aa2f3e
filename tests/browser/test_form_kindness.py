"""What script adds to the form is for everybody: judged by axe, said aloud, and it moves nothing by itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from formapp.accounts.accounts import find_account_by_email
from formapp.demo import company as demo
from tests.browser.conftest import MOVED, Desk, OpenPage, Watch
from tests.browser.forms import attach, expect_sent, fill, send
from tests.browser.test_accessibility import judge
from tests.builders import file_ticket

pytestmark = pytest.mark.browser

NEW = "/support/tickets/new"


def with_files_and_a_question(page: Page) -> None:
    attach(page, ("server.log", b"14:05 Error 502\n"), (".env", b"DEBUG=1\n"), ("setup.exe", b"MZ"))
    expect(page.get_by_text("“server.log” is attached.")).to_be_visible()
    attach(page, ("a-name-that-is-much-longer-than-a-phone-is-wide-0123456789.conf", b"password = k3epth1s\n"))
    expect(page.get_by_text("seems to hold a password (line 1).")).to_be_visible()


def with_an_upload_that_runs(page: Page) -> None:
    page.route("**/support/files", lambda _route: None)
    attach(page, ("server.log", b"14:05 Error 502\n"))
    expect(page.get_by_role("progressbar", name="Upload")).to_be_visible()
    send(page)
    expect(page.get_by_text("Waiting for the upload to end")).to_be_visible()


def with_a_draft_that_came_back(page: Page) -> None:
    page.reload()
    expect(page.get_by_text("What you typed before is back.")).to_be_visible()


def with_a_secret_in_the_text(page: Page) -> None:
    page.get_by_label("Description").fill("password=hunter2")
    send(page)
    expect(page.get_by_text("Description seems to hold a password (line 1).")).to_be_visible()


def without_a_line(page: Page) -> None:
    page.route("**/healthz", lambda route: route.abort())
    send(page)
    expect(page.get_by_text("Not sent yet")).to_be_visible()


@pytest.mark.parametrize(
    "state",
    [
        with_files_and_a_question,
        with_an_upload_that_runs,
        with_a_draft_that_came_back,
        with_a_secret_in_the_text,
        without_a_line,
    ],
)
def test_axe_finds_nothing_in_the_form(
    open_page: OpenPage, desk: Desk, watch: Watch, state: Callable[[Page], None]
) -> None:
    watch.expected = ("Failed to load resource",)
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    state(page)
    judge(page)


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("path", ["/file-a-ticket/", NEW])
def test_nothing_moves_when_the_script_comes_and_a_text_comes_back(open_page: OpenPage, path: str, width: int) -> None:
    page = open_page(viewport={"width": width, "height": 2500})
    page.goto(path)
    assert page.evaluate(MOVED) == []
    page.get_by_label("Subject").fill("Search finds nothing")
    page.reload()
    expect(page.get_by_text("What you typed before is back.")).to_be_visible()
    assert page.evaluate(MOVED) == []


def test_without_script_nothing_of_it_shows(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(NEW)
    for words in ("Saved in this browser", "Try now", "Discard", "Remove it"):
        expect(page.get_by_text(words)).to_be_hidden()


def test_what_a_colleague_has_just_reported_is_told_and_stands_in_nobody_s_way(open_page: OpenPage, desk: Desk) -> None:
    colleague = find_account_by_email(desk.services, "ben@shop.example")
    assert colleague
    reference = file_ticket(desk.services, colleague, desk.clock(), subject="The search finds nothing").ticket.reference
    page = open_page()
    desk.sign_in(page)
    page.goto(NEW)
    fill(page)
    told = page.get_by_role("status").get_by_role("link", name="A colleague reported something like this")
    expect(told).to_have_attribute("href", f"/support/tickets/{reference}")
    send(page)
    expect_sent(page)


@pytest.mark.parametrize(("email", "project"), [("ben@shop.example", "shop"), (demo.CUSTOMER, "")])
def test_an_only_project_is_chosen_on_the_guide_s_page(
    open_page: OpenPage, desk: Desk, email: str, project: str
) -> None:
    page = open_page()
    desk.sign_in(page, email)
    page.goto("/file-a-ticket/")
    expect(page.get_by_text(re.compile(rf"Sending as .+ \({re.escape(email)}\)"))).to_be_visible()
    expect(page.get_by_role("combobox", name="Project")).to_have_value(project)


def test_strangers_are_told_of_nobody_s_ticket(open_page: OpenPage) -> None:
    page = open_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "similar" in request.url else None)
    page.goto("/file-a-ticket/")
    page.get_by_label("Project").fill("Riverside Shop")
    page.get_by_label("Subject").fill("Search finds nothing")
    page.get_by_label("Email address").fill(demo.CUSTOMER)
    page.get_by_label("Email address").blur()
    assert asked == []


def test_a_form_that_was_made_without_its_page_says_where_it_stands(open_page: OpenPage) -> None:
    """Plain Python-Markdown knows no addresses of pages."""
    page = open_page()
    page.route(
        "**/file-a-ticket/",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace('name="page" value="/file-a-ticket/"', 'name="page" value=""'),
        ),
    )
    page.goto("/file-a-ticket/")
    assert page.locator("[name=page]").input_value() == "/file-a-ticket/"

"""The desk speaks its reader's language: the account's own choice, then the browser's, else English."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from formapp.models import Account, OutboxMessage, Ticket
from formapp.notifications.email.compose import compose
from formapp.worker import run_once
from supportpolicy.languages import LANGUAGES, current_language
from tests.builders import build_staff, stored
from tests.web.conftest import Desk, filled, follow_newest_link, ticket_form_of
from tests.web.deskforms import TICKET, form_of
from tests.web.page import Browser, Page

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def speaks(desk: Desk, browser: Browser, language: str) -> Browser:
    """The same browser, which asks for pages in this language."""
    browser.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    return browser


def content(page: Page) -> dict[str, str | None]:
    return page.one("div", class_="support-app").attributes


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("nl,fr;q=0.4", "fr"),
        ("es;q=0.2,ar;q=0.9", "ar"),
        ("nl", "en"),
        ("de;q=0", "en"),
        ("", "en"),
        ("*", "en"),
        ("x" * 5000, "en"),
    ],
)
def test_a_page_speaks_the_first_of_the_browsers_languages_that_we_know(desk: Desk, asked: str, spoken: str) -> None:
    page = desk.visitor().open("/support/sign-in", **{"Accept-Language": asked})
    assert (page.one("html").get("lang"), page.one("html").get("dir")) == (spoken, "rtl" if spoken == "ar" else "ltr")
    assert "Accept-Language" in page.headers["Vary"]


def test_no_request_leaves_its_language_behind(desk: Desk) -> None:
    desk.visitor().open("/support/sign-in", **GERMAN)
    assert current_language() == "en"
    assert desk.visitor().open("/support/sign-in").heading == "Sign in"

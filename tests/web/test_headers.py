"""The headers of every answer, and what pages may load."""

from __future__ import annotations

import gzip
from urllib.parse import urlencode

import pytest

from formapp.widgets import assets
from tests.web.conftest import Desk
from tests.web.page import Browser, Page

EVERYWHERE = ("/support/sign-in", "/support/healthz", "/support/form-context.json", "/support/nothing", "/support/")


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_is_closed_to_other_sites(visitor: Browser, path: str) -> None:
    headers = visitor.answer("GET", path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "unsafe" not in headers["Content-Security-Policy"]


def test_a_page_is_asked_for_again_but_kept_for_the_back_button(ada: Browser) -> None:
    headers = ada.open("/support/tickets").headers
    assert headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in headers["Vary"]


def test_an_answer_that_leads_on_holds_only_its_link_and_may_load_nothing(visitor: Browser) -> None:
    answer = visitor.answer("GET", "/support/account")
    page = Page(answer, "/support/account")
    assert (page.status, page.all("script"), page.all("form"), page.all("img")) == (303, [], [], [])
    assert [link["href"] for link in page.all("a")] == [answer.headers["Location"]]
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_what_is_the_same_for_everybody_is_cached_for_everybody(ada: Browser) -> None:
    ada.open("/support/tickets")
    for path in ("/support/healthz", "/support/policy.json", "/support/hours.ics"):
        assert "Cookie" not in ada.answer("GET", path).headers.get("Vary", "")


def test_signing_out_empties_what_the_browser_kept(ada: Browser) -> None:
    form = ada.open("/support/account").form("/support/sign-out")
    answer = ada.answer("POST", "/support/sign-out", urlencode(form.fields).encode())
    assert answer.headers["Clear-Site-Data"] == '"cache"'


def test_an_asset_is_kept_for_ever_under_a_name_that_changes_with_it(visitor: Browser) -> None:
    page = visitor.open("/support/tickets/new")
    addresses = [link["href"] for link in page.all("link") if link.get("rel") == "stylesheet"]
    addresses += [script["src"] for script in page.all("script") if script.get("src")]
    of_the_guide = {"support-table.css", "support-feedback.css", "support-scoreboard.css", "support-scoreboard.js"}
    assert len(addresses) >= len([asset for asset in assets() if asset.name not in of_the_guide])
    for address in addresses:
        answer = visitor.answer("GET", address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert visitor.answer("GET", "/support/assets/support-form.00000000.js").status_code == 404


def test_the_pages_own_script_is_small(desk: Desk) -> None:
    own = desk.app.extensions["formapp"].assets.by_name["support-pages.js"]
    # A fifth of it puts the reader's own time before the place's.
    assert len(gzip.compress(own.content)) < 1250


def test_no_page_is_framed_or_sends_its_forms_elsewhere(ada: Browser) -> None:
    for path in ("/support/tickets/new", "/support/account", "/support/inbox"):
        page = ada.open(path)
        assert page.all("iframe") == []
        assert all(element["href"].startswith(("/support/", "#", "mailto:")) for element in page.all("a"))

"""Where people are led is said by the settings: what a request claims of its host decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from formapp.app import create_app
from formapp.models import OutboxMessage
from tests.builders import Clock, build_customer, build_services, stored
from tests.web.page import Page

HELP = "https://help.example"
GUIDE = "https://guide.example"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>Guide</title><h1>Guide</h1>")
    services = build_services(tmp_path, base_url=HELP, origins=frozenset({GUIDE}), site_dir=site)
    build_customer(services)
    return create_app(services=services, clock=Clock())


def ask(app: Flask, path: str, host: str, method: str = "GET", **headers: str) -> TestResponse:
    named = {"Host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    form = {"email": "ada@shop.example"}
    return app.test_client().open(path, method=method, headers=named, base_url=HELP, data=form, buffered=True)


@pytest.mark.parametrize("host", ["help.example", "HELP.example", "help.example:8000", "guide.example"])
def test_the_settings_hosts_are_answered(app: Flask, host: str) -> None:
    assert ask(app, "/support/sign-in", host).status_code == 200
    assert ask(app, "/", host).status_code == 200


STRANGE = [
    "evil.example",
    "help.example.evil.example",
    "x.help.example",
    "127.0.0.1",
    "[::1",
    "a b",
    "",
    "help.example@x",
]


@pytest.mark.parametrize("host", STRANGE)
def test_another_host_gets_a_plain_page_that_names_the_right_one(app: Flask, host: str) -> None:
    for path in ("/", "/support", "/support/sign-in", "/support/tickets//", "/nothing", "/support/metrics"):
        answer = ask(app, path, host)
        assert answer.status_code == 421, path
        page = Page(answer, path)
        assert page.heading == "This is not the help desk's address"
        assert f'href="{HELP}/support/"' in page.html
        assert "evil" not in page.html
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_form_for_another_host_does_nothing(app: Flask) -> None:
    """Also where the browser takes it for its own page: the name may have been made to lead here (DNS rebinding)."""
    answer = ask(app, "/support/sign-in", "evil.example", "POST", Sec_Fetch_Site="same-origin")
    assert answer.status_code == 421
    assert "Set-Cookie" not in answer.headers
    assert stored(app.extensions["formapp"].services, OutboxMessage) == []


def test_what_watches_the_desk_may_ask_by_address(app: Flask) -> None:
    assert ask(app, "/support/healthz", "10.0.0.7:8000").status_code == 200
    assert ask(app, "/support/readyz", "10.0.0.7:8000").status_code == 200


@pytest.mark.parametrize("host", ["help.example", "guide.example"])
@pytest.mark.parametrize(("path", "leads_to"), [("/support?q=1", "/support/?q=1"), ("/support/desk", "/support/desk/")])
def test_the_routers_redirects_lead_to_the_settings_address(app: Flask, host: str, path: str, leads_to: str) -> None:
    answer = ask(app, path, host)
    assert answer.status_code == 308
    assert answer.headers["Location"] == HELP + leads_to
    assert f"http://{host}" not in answer.text


def test_a_desk_on_an_address_of_ipv6_is_answered_there(tmp_path: Path) -> None:
    app = create_app(services=build_services(tmp_path, base_url="http://[::1]:8000"), clock=Clock())
    assert ask(app, "/support/sign-in", "[::1]:8000").status_code == 200
    assert ask(app, "/support/sign-in", "[::2]:8000").status_code == 421

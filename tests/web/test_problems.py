"""Errors say what happened, what was kept, what to do now, and another way to reach support."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import abort
from werkzeug.exceptions import HTTPException

from formapp.app import create_app
from formapp.services import Services, make_services
from formapp.web.errors import ERROR_PAGES
from formapp.web.permissions import EVERYONE, RULES
from tests.builders import Clock, build_customer, build_settings
from tests.web.conftest import Desk, filled, locked, ticket_form_of
from tests.web.page import Browser

OWN = {"Sec-Fetch-Site": "same-origin"}
SECRET = "a word that somebody typed"


@pytest.fixture
def desk(sqlite_services: Services, clock: Clock) -> Desk:
    """With an app of its own, which can be given more routes."""
    customer = build_customer(sqlite_services)
    return Desk(create_app(services=sqlite_services, clock=clock), sqlite_services, clock, customer)


@pytest.fixture
def failing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with routes that fail: each status, and what nobody foresaw."""

    def fail(status: int) -> None:
        if status == 500:
            raise ValueError(SECRET)
        abort(status)

    monkeypatch.setattr(
        "formapp.web.permissions.RULES", {**RULES, ("GET", "fail"): EVERYONE, ("POST", "fail"): EVERYONE}
    )
    desk.app.add_url_rule("/support/fail/<int:status>", "fail", fail, methods=["GET", "POST"])
    return desk


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("status", ERROR_PAGES)
def test_every_problem_has_a_page_that_helps(visitor: Browser, status: int) -> None:
    page = visitor.open(f"/support/fail/{status}")
    assert page.status == status
    assert page.heading == ERROR_PAGES[status].title
    assert str(status) not in page.text
    assert "Oops" not in page.text
    assert "support@platform.example" in page.text
    posted = visitor.post(f"/support/fail/{status}", {}, OWN)
    assert "Nothing was stored" in posted.text
    assert "press Back" in posted.text


@pytest.mark.usefixtures("failing")
def test_a_status_without_words_of_its_own_gets_the_nearest(visitor: Browser) -> None:
    assert visitor.open("/support/fail/418").heading == ERROR_PAGES[400].title
    assert visitor.open("/support/fail/501").heading == ERROR_PAGES[500].title


@pytest.mark.usefixtures("failing")
def test_the_page_for_the_unforeseen_gives_a_number_to_quote_and_the_log_the_place(
    visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    page = visitor.open("/support/fail/500")
    logged = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    failure = next(line for line in logged if line["event"] == "failure")
    assert f"quote {failure['request_id']}" in page.text
    assert failure["error"] == "builtins.ValueError"
    assert any("in_a_test" in frame or "fail" in frame for frame in failure["frames"])
    assert SECRET not in json.dumps(logged)
    assert SECRET not in page.html


def test_a_wrong_method_names_the_right_ones(visitor: Browser) -> None:
    answer = visitor.answer("POST", "/support/projects", b"", OWN)
    assert (answer.status_code, "GET" in answer.headers["Allow"]) == (405, True)


@pytest.fixture
def lost(tmp_path: Path, clock: Clock) -> Browser:
    """A desk whose database was never made."""
    services = make_services(build_settings(tmp_path / "nowhere"))
    return Browser(create_app(services=services, clock=clock).test_client())


def test_without_a_database_pages_say_so_and_the_check_too(lost: Browser) -> None:
    lost.client.set_cookie("support-login", "x", domain="127.0.0.1")
    page = lost.open("/support/tickets")
    assert (page.status, page.heading) == (503, "We can't reach our records right now")
    assert page.headers["Retry-After"] == "60"


def test_without_a_database_the_form_still_opens(lost: Browser) -> None:
    assert lost.open("/support/tickets/new").status == 200


def test_without_a_database_a_posted_form_comes_back_filled(lost: Browser) -> None:
    page = lost.post("/support/tickets", filled(email="ada@shop.example"), OWN)
    assert page.status == 503
    assert "Not sent yet: we can't reach our records right now" in page.text
    fields = page.form("/support/tickets").fields
    assert fields == {**fields, **filled(email="ada@shop.example")}


def test_while_the_database_is_locked_the_text_stays_and_one_more_press_stores_it(desk: Desk, ada: Browser) -> None:
    form = ticket_form_of(ada)
    with locked(desk):
        page = ada.send(form)
    assert page.status == 503
    again = page.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert desk.stored() == []
    assert ada.send(again).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]


def test_what_is_raised_with_an_answer_of_its_own_is_given(failing: Desk, visitor: Browser) -> None:
    def redirecting() -> None:
        raise HTTPException(response=failing.app.response_class("as it is", 299))

    failing.app.view_functions["fail"] = lambda status: redirecting()  # noqa: ARG005 - the route's argument
    assert visitor.answer("GET", "/support/fail/299").get_data() == b"as it is"

"""The log tells how each request ended, and nothing of what anybody typed."""

from __future__ import annotations

import json

import pytest

from formapp.accounts.magic_links import create_link
from tests.web.conftest import Desk, ticket_form_of
from tests.web.page import Browser


def test_a_request_is_one_line_of_json(visitor: Browser, capsys: pytest.CaptureFixture[str]) -> None:
    visitor.open("/support/sign-in")
    line = json.loads(capsys.readouterr().out)
    assert (line["method"], line["route"], line["status"]) == ("GET", "signin.ask", 200)
    assert len(line["request_id"]) == 12
    assert line["milliseconds"] >= 0


def test_nothing_typed_and_no_secret_is_logged(
    desk: Desk, visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    link = create_link(desk.services, "ada@shop.example", desk.clock())
    token = link.rpartition("/")[2]
    page = visitor.open(f"/support/sign-in/{token}")
    visitor.send(page.form(page.url))
    form = ticket_form_of(visitor, subject="Canary subject", description="Canary text", url="https://canary.example")
    visitor.send(form)
    visitor.open("/support/tickets/SUP-1001")
    visitor.open("/support/tickets/new?priority=canary&draft=canary")
    visitor.open("/support/canary")
    logged = capsys.readouterr().out
    assert logged.count("\n") >= 8
    for secret in (token, "anary", "ada@", "Ada", "127.0.0.1", form.fields["csrf_token"]):
        assert secret not in logged

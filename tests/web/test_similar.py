"""Before sending, the form says what a colleague has just reported; it never stands in the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts import projects
from tests.builders import NOW, build_account, file_ticket
from tests.web.conftest import Desk, follow_newest_link, ticket_form_of
from tests.web.page import Browser

SENTENCE = "A colleague reported something like this in the same project 10 minutes ago"
ASKED = "/support/similar.json?project=shop&subject=Checkout+fails"


@pytest.fixture
def ben(desk: Desk) -> Browser:
    """A colleague of Ada's, ten minutes after she has reported that the checkout fails."""
    build_account(desk.services, "ben@shop.example", name="Ben Okafor")
    projects.add_member(desk.services, "ben@shop.example", "shop", NOW)
    file_ticket(desk.services, desk.customer, subject="Checkout fails with error 502")
    desk.clock.now = NOW + timedelta(minutes=10)
    return desk.browser_of("ben@shop.example")


def test_a_form_that_comes_back_names_the_colleagues_ticket(ben: Browser) -> None:
    page = ben.send(ticket_form_of(ben, priority=""))
    assert f"{SENTENCE}: SUP-1001, Checkout fails with error 502." in page.text
    link = page.one("a", href="/support/tickets/SUP-1001")
    assert ben.open(link["href"]).status == 200
    form = page.form("/support/tickets")
    form.fields["priority"] = "high"
    assert ben.send(form).url == "/support/tickets/SUP-1002/sent"


def test_a_form_that_begins_with_a_subject_names_it_too(desk: Desk, ben: Browser) -> None:
    visitor = desk.visitor()
    visitor.send(ticket_form_of(visitor, email="ben@shop.example"))
    kept = follow_newest_link(visitor)
    assert SENTENCE in kept.text
    assert SENTENCE not in ben.open("/support/tickets/new?project=shop").text


def test_a_good_form_is_sent_at_once(ben: Browser) -> None:
    assert ben.send(ticket_form_of(ben)).heading == "Your ticket is sent"


def test_the_forms_script_is_told_the_same(ben: Browser) -> None:
    answer = ben.answer("GET", ASKED)
    (one,) = answer.get_json()["similar"]
    assert one == {
        "reference": "SUP-1001",
        "subject": "Checkout fails with error 502",
        "sentence": SENTENCE,
        "url": "/support/tickets/SUP-1001",
    }
    assert (answer.headers["Cache-Control"], answer.headers["Vary"]) == ("no-store", "Cookie")


def test_nobody_else_is_told_anything(desk: Desk, ben: Browser, ada: Browser) -> None:
    build_account(desk.services, "cleo@museum.example")
    for browser in (desk.visitor(), ada, desk.browser_of("cleo@museum.example")):
        assert browser.json(ASKED) == {"similar": []}
    assert len(ben.json(ASKED)["similar"]) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "query", ["", "project=shop", "subject=x", "project=%00&subject=%00", "project=%FF&subject=" + "x" * 3000]
)
def test_odd_questions_are_answered_with_nothing(ben: Browser, query: str) -> None:
    assert ben.json(f"/support/similar.json?{query}") == {"similar": []}

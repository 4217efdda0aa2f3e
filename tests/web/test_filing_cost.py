"""What a filing costs, counted rather than timed: what it asks of the database, and how much is called for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import event

from tests.web.conftest import Desk, ticket_form_of
from tests.web.page import Browser

MOST_CALLS = 2_300
"""Of Python's own functions, on 3.11: 2,144 when this was written, 2,825 the day before. Newer ones need fewer."""


def file_by_page(browser: Browser, number: int) -> None:
    sent = browser.send(ticket_form_of(browser, subject=f"Checkout fails for the {number}th time"))
    assert sent.heading == "Your ticket is sent"


@contextmanager
def asked_of_the_database(desk: Desk) -> Iterator[list[str]]:
    """What is asked meanwhile: of each statement its first word and its table, and each transaction's end."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        words = statement.split()
        table = next((word for before, word in pairwise(words) if before in {"FROM", "INTO"}), "")
        asked.append(f"{words[0]} {table}".strip())

    def commit(_connection: Any) -> None:
        asked.append("COMMIT")

    engine = desk.services.database.engine
    event.listen(engine, "before_cursor_execute", note)
    event.listen(engine, "commit", commit)
    try:
        yield asked
    finally:
        event.remove(engine, "before_cursor_execute", note)
        event.remove(engine, "commit", commit)


def test_a_filing_asks_who_sends_and_what_it_must_know_then_writes_once(desk: Desk, ada: Browser) -> None:
    file_by_page(ada, 1)
    form = ticket_form_of(ada, subject="Checkout fails again")
    body, kind = form.body()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": kind}
    with asked_of_the_database(desk) as asked:
        answer = ada.answer("POST", "/support/tickets", body, headers)
    assert (answer.status_code, len(desk.tickets())) == (303, 2)
    assert asked == [
        "SELECT sessions",
        "BEGIN",
        # The subqueries of this one ask after the hour, closures, the policy and the same form.
        "SELECT tickets",
        "INSERT tickets",
        "INSERT search_texts",
        "INSERT events",
        "INSERT outbox",
        "COMMIT",
    ]


@pytest.fixture
def calls(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many functions of Python each request has called so far, its answer made and not yet read."""
    counts: list[int] = []
    answered = desk.app.wsgi_app

    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        called = 0

        def count(_frame: object, what: str, _argument: object) -> None:
            nonlocal called
            called += what == "call"

        before = sys.getprofile()
        sys.setprofile(count)
        try:
            return answered(environ, start_response)
        finally:
            sys.setprofile(before)
            counts.append(called)

    # The app is other stories' too.
    monkeypatch.setattr(desk.app, "wsgi_app", counting)
    return counts


def test_a_filing_calls_few_functions(ada: Browser, calls: list[int]) -> None:
    of_filings = []
    for number in range(4):
        file_by_page(ada, number)
        # The form's page, the filing, the confirmation.
        of_filings.append(calls[-2])
    assert min(of_filings) <= MOST_CALLS, of_filings

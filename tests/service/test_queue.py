"""The staff queue: its order, its search, its pages, its export."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import pytest
from sqlalchemy import Dialect, Select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from formapp.errors import NotFound, UseCaseError
from formapp.models import Account, Ticket
from formapp.services import Services
from formapp.tickets import csv_export, replies, search, triage
from formapp.tickets.search import Filters, SearchRefused
from formapp.tickets.time_left import times_left
from formapp.web.layout.filters import time_left
from tests.builders import NOW, build_customer, build_project, build_staff, file_ticket, written

FILED = (  # subject, priority, hours after NOW
    ("Colours are off", "low", 0),
    ("Report is late", "normal", 0),
    ("Checkout fails", "critical", 2),
    ("Search is slow", "high", 0),
    ("Checkout fails again", "critical", 0),
    ("Search is slow too", "high", 0),
)


@pytest.fixture
def ada(services: Services) -> Account:
    customer = build_customer(services)
    for number, (subject, priority, hours) in enumerate(FILED):
        at = NOW + timedelta(hours=hours)
        file_ticket(services, customer, at, subject=subject, priority=priority, url="", submission=f"form-{number}")
    return customer


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def found(services: Services, query: str, viewer: Account, size: int = 50) -> list[int]:
    """The references (less 1000) of all pages of a search."""
    filters, after, numbers = search.parse_search(query), "", []
    while True:
        page = search.find_page(services, filters, viewer.id, NOW + timedelta(hours=2), after, size)
        numbers += [ticket.id for ticket in page.tickets]
        after = page.next_key
        if not after:
            return numbers


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize("size", [1, 2, 5, 50])
def test_what_is_due_next_comes_first_and_best_effort_last(services: Services, sam: Account, size: int) -> None:
    assert found(services, "", sam, size) == [5, 3, 4, 6, 2, 1]
    assert found(services, "status:any", sam, size) == [6, 5, 4, 3, 2, 1]


@pytest.mark.usefixtures("ada")
def test_a_page_holds_its_place_while_tickets_come_and_go(services: Services, ada: Account, sam: Account) -> None:
    first = search.find_page(services, Filters(), sam.id, NOW, size=2)
    triage.close(services, sam.id, 5, NOW)
    file_ticket(services, ada, subject="New and urgent", priority="critical", submission="new")
    second = search.find_page(services, Filters(), sam.id, NOW, first.next_key, size=2)
    assert [ticket.id for ticket in (*first.tickets, *second.tickets)] == [5, 3, 4, 6]


def test_each_filter_and_the_words(services: Services, ada: Account, sam: Account) -> None:
    build_project(services, "intranet", ada.email, name="Intranet")
    file_ticket(services, ada, subject="Wiki 100% full", project="intranet", priority="normal", submission="i")
    triage.assign(services, sam.id, 4, sam.email, NOW, seen=1)
    triage.close(services, sam.id, 6, NOW)
    replies.reply_as_staff(services, sam.id, 2, written("Which *quarter*?"), "waiting", NOW)
    for query, numbers in (
        ("priority:critical", [5, 3]),
        ("project:intranet", [7]),
        ("assignee:me", [4]),
        ("assigned:me", [4]),
        ("assigned:sam@platform.example", [4]),
        ("assignee:unassigned priority:high", []),
        ("assigned:nobody priority:high", []),
        ("assignee:unassigned priority:critical", [5, 3]),
        ("Assigned:Nobody priority:critical", [5, 3]),
        ("status:waiting", [2]),
        ("status:closed", [6]),
        ("is:overdue", [5]),
        ("status:open checkout", [7, 5, 3]),
        ("checkout -wiki", [5, 3]),
        ("CHECKOUT again", [5]),
        ('"Checkout fails" again', [5]),
        ("quarter", [2]),
        ("status:waiting quarter", [2]),
        ("status:open quarter", []),
        ("sup-1003", [3]),
        ("100%", [7]),
        ('say "open', []),
        ("https://shop.example/checkout", [7]),
        ('"seen: error" 502', [7, 6, 5, 4, 3, 2, 1]),
        ('project:"intranet"', [7]),
        ("project:museum", []),
        ("priority:unheard", []),
    ):
        assert found(services, query, sam) == numbers, query


def test_closed_tickets_come_newest_first(services: Services, ada: Account, sam: Account) -> None:
    for hours, number in enumerate((3, 1, 2)):
        triage.close(services, ada.id, number, NOW + timedelta(hours=hours))
    assert found(services, "status:closed", sam, 1) == [2, 1, 3]


@pytest.mark.parametrize("query", ["colour:red", "status:lost", "is:late", "Priority :high colour:x"])
def test_an_unknown_word_is_named_with_those_that_are_known(query: str) -> None:
    with pytest.raises(SearchRefused, match="Use ") as refused:
        search.parse_search(query)
    assert refused.value.field == "search"


@pytest.mark.parametrize(
    "query",
    [
        "",
        "checkout",
        "status:any",
        "status:closed priority:high project:shop assignee:me is:overdue two words",
        "12:30",
        '"Seen: Error" "status:open" https://shop.example/',
        'project:"two words" c',
    ],
)
def test_filters_and_searches_say_the_same(query: str) -> None:
    filters = search.parse_search(query)
    assert search.parse_search(filters.as_search()) == filters


def test_a_choice_that_was_changed_counts_and_else_the_search_does() -> None:
    shown = search.parse_search("priority:high assigned:me")
    typed = search.parse_search("priority:low assigned:me checkout")
    for chosen, settled in (
        ("priority:high assigned:me", "priority:low assignee:me checkout"),
        ("assigned:me", "assignee:me checkout"),
        ("priority:high assigned:me is:overdue", "priority:low assignee:me is:overdue checkout"),
        ("priority:high assigned:me status:closed", "status:closed priority:low assignee:me checkout"),
        ("status:any priority:high", "priority:low checkout"),
    ):
        assert search.merge_filters(typed, search.parse_search(chosen), shown).as_search() == settled


@pytest.mark.parametrize("query", ["x" * 501, "nul\0", "half \ud83d"])
def test_what_can_t_be_searched_for_is_refused(query: str) -> None:
    with pytest.raises(UseCaseError):
        search.parse_search(query)


@pytest.mark.parametrize(
    "key", ["x", "1", "20260101T000000000000.", ".1", "20260101T000000000000.9999999999", "-1.-1", "٣.٤"]
)
def test_an_odd_page_key_is_a_page_that_isnt_there(services: Services, key: str) -> None:
    with pytest.raises(NotFound):
        search.find_page(services, Filters(), 1, NOW, key)


@pytest.mark.usefixtures("ada")
def test_the_time_left_is_said_in_words(services: Services, sam: Account) -> None:
    replies.reply_as_staff(services, sam.id, 2, written("Which?"), "waiting", NOW)
    triage.close(services, sam.id, 6, NOW)
    with services.read() as database:
        tickets = database.query(Ticket).order_by(Ticket.id).all()
    left = times_left(services, tickets, NOW + timedelta(hours=1, minutes=15))
    assert [(time_left(left[number]), left[number].urgency, left[number].open_time) for number in range(1, 7)] == [
        ("No fixed time", "none", False),
        ("Waiting for the customer", "none", False),
        ("1 h 45 min left", "later", False),
        ("6 h 45 min left", "later", True),
        ("Missed by 15 min", "missed", False),
        ("Closed", "none", False),
    ]
    evening = times_left(services, tickets, NOW + timedelta(hours=12))
    assert time_left(evening[4]) == "6 h left", "the night isn't counted"
    assert times_left(services, tickets, NOW + timedelta(hours=23))[4].urgency == "soon"


def test_the_export_runs_no_formula(services: Services, ada: Account, sam: Account) -> None:
    nasty = ['=HYPERLINK("http://x.example")', "+1", "-2+3", "@SUM(A1)", "＝1+1", 'say "hi", then\n=2']
    for number, subject in enumerate(nasty):
        file_ticket(services, ada, subject=subject, submission=f"n{number}", priority="low")
    rows = list(csv.reader("".join(csv_export.csv_rows(services, Filters(), sam.id, NOW)).splitlines(keepends=True)))
    assert rows[0][:3] == ["Reference", "Subject", "Project"]
    assert len(rows) == 1 + len(FILED) + len(nasty)
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]
    assert '\'=HYPERLINK("http://x.example")' in cells


def test_the_export_runs_no_formula_where_spreadsheets_cut_at_semicolons(
    services: Services, ada: Account, sam: Account
) -> None:
    nasty = ["a;=1+1", 'b,;"=1+1"', "c; @SUM(A1)", "d;-2", "e\t=1+1", "f;＝1"]
    for number, subject in enumerate(nasty):
        file_ticket(services, ada, subject=subject, submission=f"n{number}", priority="low")
    file_ticket(services, ada, subject="Costs 3 - 4; a=b, x@y.example", submission="kept")
    text = "".join(csv_export.csv_rows(services, Filters(), sam.id, NOW))
    cells = [cell.strip('" ') for cell in re.split("[;\t\n]", text)]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]
    assert "Costs 3 - 4; a=b, x@y.example" in text


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("", "ix_tickets_queue"),
        ("status:closed", "ix_tickets_queue"),
        ("is:overdue", "ix_tickets_queue"),
        ("project:shop", "ix_tickets_project_queue"),
        ("priority:critical", "ix_tickets_priority_queue"),
        ("assigned:me", "ix_tickets_assignee_queue"),
        ("status:any", "pk_tickets"),
    ],
)
@pytest.mark.parametrize("page", ["first", "next"])
def test_a_page_walks_an_index_from_its_key(
    services: Services, sam: Account, query: str, index: str, page: str
) -> None:
    filters = search.parse_search(query)
    key = search._key(filters, the_ticket(services)) if page == "next" else ""
    statement = search.page_statement(filters, sam.id, NOW, key).limit(51)
    with services.write.begin() as database:
        if database.get_bind().dialect.name == "postgresql":
            # Few rows: the planner must be told that reading and sorting them all is no way.
            for way in ("seqscan", "sort", "bitmapscan"):
                database.execute(text(f"SET LOCAL enable_{way} = off"))
            plan = explained(database, "EXPLAIN", statement, postgresql.dialect())
            assert f"using {index} on tickets" in plan.replace(" Backward", "")
            assert "Sort" not in plan
        else:
            plan = explained(database, "EXPLAIN QUERY PLAN", statement, sqlite.dialect())
            # The number is the table's own key there, and has no index.
            assert index.replace("pk_tickets", "tickets") in plan
            assert "TEMP B-TREE" not in plan


def explained(database: Session, command: str, statement: Select[Ticket], dialect: Dialect) -> str:
    query = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    rows = database.execute(text(f"{command} {query}".replace(":", "\\:")))
    return "\n".join(str(row[-1]) for row in rows)


def the_ticket(services: Services) -> Ticket:
    with services.write.begin() as database:
        database.execute(update(Ticket).where(Ticket.id == 1).values(queue_at=NOW))
        return database.get_one(Ticket, 1)

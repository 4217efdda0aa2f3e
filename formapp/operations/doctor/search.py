"""Checks of the search index: it holds each ticket, and the words that are the ticket's now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, exists, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from formapp.models import Account, Project, SearchText, Ticket, reference_of
from formapp.models.accounts import search_words
from formapp.operations.doctor.database import is_sqlite
from formapp.operations.doctor.findings import Finding, first_of
from formapp.services import Services
from formapp.tickets.search_index import EVERYTHING, expected_rows

CHECK = "search index"
REBUILD = "Make it anew: formapp search rebuild."
_BATCH = 200
_MOST = 50


def tickets_indexed(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each ticket is in the index, and nothing else is."""
    there = exists().where(SearchText.ticket_id == Ticket.id)
    with services.read() as database:
        missing = database.scalars(select(Ticket.id).where(~there).order_by(Ticket.id).limit(_MOST)).all()
        rows = database.scalar(select(func.count()).select_from(SearchText)) or 0
        found = rows
        if is_sqlite(services):
            # Each row holds this word.
            query = text(
                "SELECT count(*) FROM search_index JOIN search_texts ON search_texts.id = search_index.rowid"
                " WHERE search_index MATCH :word"
            )
            found = database.scalar(query, {"word": f'"{EVERYTHING}"'}) or 0
    yield from first_of(
        Finding(CHECK, reference_of(number), "Search doesn't find the ticket: its words are not stored.", REBUILD)
        for number in missing
    )
    if found != rows:
        yield Finding(CHECK, "search_index", f"The index knows {found} of {rows} rows of words.", REBUILD)


def words_as_written(services: Services, _now: datetime) -> Iterator[Finding]:
    """The words that are stored for search are those of the texts and names."""
    yield from first_of(_other_words(services))
    for where, number, column, source in (
        ("account", Account.id, Account.name_words, Account.name),
        ("account", Account.id, Account.address_words, Account.email),
        ("project", Project.id, Project.name_words, Project.name),
    ):
        yield from first_of(_other_names(services, where, number, column, source))


def _other_words(services: Services) -> Iterator[Finding]:
    last = 0
    with services.read() as database:
        while True:
            numbers = database.scalars(
                select(Ticket.id).where(Ticket.id > last).order_by(Ticket.id).limit(_BATCH)
            ).all()
            if not numbers:
                return
            last = numbers[-1]
            for number in _different(database.connection(), list(numbers)):
                what = "Search has other words for the ticket than its texts have."
                yield Finding(CHECK, reference_of(number), what, REBUILD)


def _different(connection: Connection, numbers: list[int]) -> list[int]:
    columns = (SearchText.id, SearchText.ticket_id, SearchText.public, SearchText.internal)
    stored = connection.execute(select(*columns).where(SearchText.ticket_id.in_(numbers)))
    found = {(row.id, row.ticket_id, row.public, row.internal) for row in stored}
    meant = {
        (row["id"], row["ticket_id"], row["public"], row["internal"]) for row in expected_rows(connection, numbers)
    }
    # What isn't there at all is told by the other check.
    have = {row[1] for row in found}
    return sorted({row[1] for row in found ^ meant} & have)


def _other_names(
    services: Services,
    where: str,
    number: InstrumentedAttribute[int],
    column: InstrumentedAttribute[str],
    source: InstrumentedAttribute[str],
) -> Iterator[Finding]:
    with services.read() as database:
        for row, words, name in database.execute(select(number, column, source).order_by(number)):
            if words != search_words(name):
                yield Finding(CHECK, f"{where} {row}", "Search has other words for it than its name has.", REBUILD)

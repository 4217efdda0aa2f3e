"""Statements that the driver runs: they do what SQLAlchemy would, on both makes of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from formapp.database.engine import table_of
from formapp.database.prepared import Prepared
from formapp.models import OutboxMessage
from formapp.services import Services
from tests.builders import NOW, stored

OUTBOX = table_of(OutboxMessage)
WRITE = Prepared(insert(OUTBOX).returning(OUTBOX.c.id), int)
FIND = Prepared(
    select(OutboxMessage.recipient, OutboxMessage.payload, OutboxMessage.created_at, OutboxMessage.leased_until)
    .where(OutboxMessage.message_id == bindparam("known_by"))
    .order_by(OutboxMessage.id),
    lambda *columns: columns,
)


def message(**changes: Any) -> dict[str, Any]:
    values = {
        "channel": "mail",
        "kind": "received",
        "recipient": "ada@shop.example",
        "payload": {"subject": "Zürich ist 'zu' %s ? :x"},
        "message_id": "<1@x>",
        "created_at": NOW,
        "next_attempt_at": NOW,
    }
    return {**values, **changes}


def write(services: Services, **changes: Any) -> list[int]:
    with services.write.begin() as database:
        return WRITE.run(database.connection(), message(**changes))


def test_what_a_run_does_not_name_is_the_models_default(services: Services) -> None:
    assert write(services) == [1]
    (row,) = stored(services, OutboxMessage)
    assert (row.state, row.attempts, row.last_error, row.lease, row.finished_at) == ("due", 0, "", None, None)
    assert row.payload == {"subject": "Zürich ist 'zu' %s ? :x"}


def test_rows_come_back_as_the_models_types(services: Services) -> None:
    paris = datetime(2026, 11, 24, 15, 30, 0, 250, tzinfo=timezone(timedelta(hours=1)))
    write(services, created_at=paris)
    with services.read() as database:
        (found,) = FIND.run(database.connection(), {"known_by": "<1@x>"})
    assert found == ("ada@shop.example", message()["payload"], datetime(2026, 11, 24, 14, 30, 0, 250, tzinfo=UTC), None)
    assert found[2].tzinfo is UTC


def test_a_question_is_asked_without_a_transaction_and_keeps_no_connection(services: Services) -> None:
    write(services)
    for _ in range(100):
        assert len(FIND.ask(services.database.engine, {"known_by": "<1@x>"})) == 1
    assert FIND.ask(services.database.engine, {"known_by": "<2@x>"}) == []
    # SQLite can't write while somebody still reads from before.
    write(services, message_id="<2@x>")


def test_a_run_is_part_of_its_transaction(services: Services) -> None:
    with services.write.begin() as database:
        WRITE.run(database.connection(), message())
        database.rollback()
    assert stored(services, OutboxMessage) == []


def test_a_time_without_a_zone_is_refused(services: Services) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        write(services, created_at=NOW.replace(tzinfo=None))


def test_what_the_database_refuses_is_told_as_sqlalchemy_tells_it_and_quotes_nothing(services: Services) -> None:
    write(services)
    with pytest.raises(IntegrityError) as refused:
        write(services, recipient="secret@shop.example")
    assert "secret@shop.example" not in str(refused.value)
    with pytest.raises(IntegrityError):
        write(services, message_id="<2@x>", state="odd")
    assert [row.message_id for row in stored(services, OutboxMessage)] == ["<1@x>"]


def test_a_connection_that_is_lost_is_not_used_again(postgresql_services: Services) -> None:
    engine = postgresql_services.database.engine
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT pg_backend_pid()"))
        connection.commit()
        with engine.connect() as other:
            other.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
        with pytest.raises(OperationalError):
            FIND.run(connection, {"known_by": "<1@x>"})
        assert connection.invalidated
    assert FIND.ask(engine, {"known_by": "<1@x>"}) == []


def test_a_database_that_cannot_be_opened_is_told_as_sqlalchemy_tells_it(sqlite_services: Services) -> None:
    sqlite_services.database.engine.dispose()
    path = sqlite_services.settings.var / "desk.sqlite3"
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(DBAPIError, match="not a database"):
        FIND.ask(sqlite_services.database.engine, {"known_by": "<1@x>"})


def test_a_value_that_the_driver_cannot_take_is_an_error_of_the_driver(sqlite_services: Services) -> None:
    with pytest.raises(DBAPIError):
        write(sqlite_services, recipient=object())

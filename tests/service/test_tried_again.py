"""PostgreSQL undoes one of two transactions that stand in each other's way: the desk tries that one again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from formapp.database.engine import open_database
from formapp.database.retry import CONFLICTS, MOST_TRIES, tried_again
from formapp.models import Account, Ticket
from formapp.services import Services
from formapp.tickets import triage
from tests.builders import NOW, build_customer, build_staff, file_ticket, stored, timedelta

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def sam(postgresql_services: Services) -> Account:
    """Somebody at a desk with four tickets of one project."""
    ada = build_customer(postgresql_services)
    for number in range(1, 5):
        file_ticket(postgresql_services, ada, subject=f"Number {number}", submission=f"form-{number}")
    return build_staff(postgresql_services)


@contextmanager
def meanwhile(action: Callable[[], object]) -> Iterator[list[BaseException]]:
    """Do something in a thread; what it raised."""
    raised: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - told to the test
            raised.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield raised
    thread.join(30)
    assert not thread.is_alive()


def wait_for_blocked(connection: Connection, number: int = 1) -> None:
    """Until so many transactions wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(600):
        if (connection.execute(text(waiting)).scalar() or 0) >= number:
            return
        connection.execute(text("SELECT pg_sleep(0.05)"))
        # Within one transaction the activity stays as it was first seen.
        connection.rollback()
    raise AssertionError("nobody waits")


def lock(connection: Connection, number: int) -> None:
    connection.execute(text("SELECT id FROM tickets WHERE id = :number FOR UPDATE"), {"number": number})


def test_a_deadlock_is_tried_again(postgresql_services: Services, sam: Account) -> None:
    services = postgresql_services
    with services.database.engine.connect() as other, services.database.engine.connect() as watch:
        # The desk's transaction is the one that PostgreSQL ends: this one looks for deadlocks later.
        other.execute(text("SET deadlock_timeout = '60s'"))
        lock(other, 2)
        with meanwhile(lambda: triage.merge(services, sam.id, 1, "SUP-1002", LATER)) as raised:
            wait_for_blocked(watch)
            watch.rollback()
            lock(other, 1)
            other.commit()
    assert raised == []
    assert [ticket.merged_into_id for ticket in stored(services, Ticket)] == [2, None, None, None]


def test_a_serialisation_failure_is_tried_again(postgresql_services: Services, sam: Account) -> None:
    url = postgresql_services.settings.database_url
    services = replace(postgresql_services, database=open_database(url))
    with services.database.engine.connect() as connection:
        name = connection.execute(text("SELECT current_database()")).scalar()
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'"))
        connection.commit()
    services.database.engine.dispose()
    try:
        with postgresql_services.database.engine.connect() as other, services.database.engine.connect() as watch:
            other.execute(text("UPDATE tickets SET page = '/elsewhere/' WHERE id = 1"))
            with meanwhile(lambda: triage.close(services, sam.id, 1, LATER)) as raised:
                wait_for_blocked(watch)
                other.commit()
        assert raised == []
        assert stored(services, Ticket)[0].state == "closed"
    finally:
        with services.database.engine.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_isolation"))
            connection.commit()
        services.database.engine.dispose()


def test_merges_in_opposite_directions_and_of_duplicates_end_without_a_failure(
    postgresql_services: Services, sam: Account
) -> None:
    services = postgresql_services
    triage.merge(services, sam.id, 1, "SUP-1003", LATER)
    raised: list[BaseException] = []
    pairs = ((3, "SUP-1004"), (4, "SUP-1003"), (3, "SUP-1002"), (2, "SUP-1004")) * 3

    def merge(number: int, into: str) -> None:
        try:
            triage.merge(services, sam.id, number, into, LATER)
        except DBAPIError as error:
            raised.append(error)
        except Exception:  # noqa: BLE001 - merged before: that is an answer
            return

    threads = [threading.Thread(target=merge, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert raised == []
    tickets = {ticket.id: ticket for ticket in stored(services, Ticket)}
    for ticket in tickets.values():
        assert ticket.merged_into_id is None or tickets[ticket.merged_into_id].merged_into_id is None


class Undone(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize("state", [*sorted(CONFLICTS), "23505"])
def test_only_conflicts_are_tried_again_and_not_for_ever(state: str) -> None:
    tries: list[Any] = []

    @tried_again
    def use_case() -> None:
        tries.append(1)
        raise DBAPIError("", None, Undone(state))

    with pytest.raises(DBAPIError):
        use_case()
    assert len(tries) == (MOST_TRIES if state in CONFLICTS else 1)

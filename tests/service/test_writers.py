"""Writers of one process: those that wait together are committed together, and one's mistake is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, insert
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from formapp import writers
from formapp.db import open_database, table_of
from formapp.models import Project
from formapp.services import Services
from tests.builders import NOW, stored

PATIENCE = 10.0


def add(key: str) -> Callable[[Session | Connection], str]:
    """Work that adds a project of this key, and returns it."""

    def work(database: Session | Connection) -> str:
        values = {"key": key, "name": key, "plan": "Standard", "is_active": True, "created_at": NOW}
        database.execute(insert(table_of(Project)), values)
        return key

    return work


def keys(services: Services) -> list[str]:
    return sorted(project.key for project in stored(services, Project))


def in_line(services: Services, number: int) -> None:
    """Wait until so many threads wait for their turn."""
    deadline = time.monotonic() + PATIENCE
    while len(services.write.waiting) < number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@contextmanager
def held_up(services: Services, *works: Callable[[Connection], str]) -> Iterator[list[Future[str]]]:
    """Threads with this work that stand in line, in this order, until the block ends."""
    with ThreadPoolExecutor(len(works)) as pool, services.write.begin():
        futures = []
        for number, work in enumerate(works, start=1):
            futures.append(pool.submit(services.write.together, work))
            in_line(services, number)
        yield futures


@pytest.fixture
def commits(sqlite_services: Services) -> list[Connection]:
    """Grows by one with each transaction that is committed."""
    seen: list[Connection] = []
    event.listen(sqlite_services.database.engine, "commit", seen.append)
    return seen


def test_work_returns_what_it_made_once_that_is_stored(services: Services) -> None:
    assert services.write.together(add("shop")) == "shop"
    assert keys(services) == ["shop"]
    with pytest.raises(IntegrityError):
        services.write.together(add("shop"))
    assert keys(services) == ["shop"]


def test_those_who_wait_are_committed_together(sqlite_services: Services, commits: list[Connection]) -> None:
    with held_up(sqlite_services, *(add(f"shop-{number}") for number in range(5))) as waiting:
        pass
    assert [future.result() for future in waiting] == [f"shop-{number}" for number in range(5)]
    assert len(keys(sqlite_services)) == 5
    assert len(commits) == 1


def test_another_process_is_waited_for_and_who_comes_meanwhile_joins(
    sqlite_services: Services, commits: list[Connection]
) -> None:
    other = open_database(sqlite_services.settings.database_url)
    with ThreadPoolExecutor(3) as pool:
        with other.write.begin() as database:
            add("other")(database)
            waiting = [pool.submit(sqlite_services.write.together, add(f"shop-{number}")) for number in range(3)]
            # The third asks the database again and again.
            in_line(sqlite_services, 2)
        assert [future.result(PATIENCE) for future in waiting] == ["shop-0", "shop-1", "shop-2"]
    other.engine.dispose()
    assert keys(sqlite_services) == ["other", "shop-0", "shop-1", "shop-2"]
    assert len(commits) == 1


def test_a_process_that_never_ends_its_writing_is_told_of(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "LOCK_SECONDS", 0.05)
    other = open_database(sqlite_services.settings.database_url)
    with other.write.begin() as database:
        database.connection()
        with pytest.raises(OperationalError, match="database is locked"):
            sqlite_services.write.together(add("shop"))
        with pytest.raises(OperationalError, match="database is locked"), sqlite_services.write.begin() as mine:
            add("museum")(mine)
    other.engine.dispose()
    assert keys(sqlite_services) == []


def test_a_mistake_is_told_to_whose_work_it_is_and_undoes_no_other(sqlite_services: Services) -> None:
    def half(database: Connection) -> str:
        add("half")(database)
        raise LookupError("half done")

    with held_up(sqlite_services, add("shop"), half, add("shop"), add("museum")) as (first, wrong, twice, last):
        pass
    assert (first.result(), last.result()) == ("shop", "museum")
    with pytest.raises(LookupError, match="half done"):
        wrong.result()
    with pytest.raises(IntegrityError):
        twice.result()
    assert keys(sqlite_services) == ["museum", "shop"]


def test_nobody_is_told_of_work_that_could_not_be_committed(sqlite_services: Services) -> None:
    @event.listens_for(sqlite_services.database.engine, "commit")
    def fail(_connection: Connection) -> None:
        raise OperationalError("COMMIT", None, OSError("the disk is full"))

    with held_up(sqlite_services, add("shop"), add("museum")) as waiting:
        pass
    for future in waiting:
        with pytest.raises(OperationalError, match="the disk is full"):
            future.result()
    assert keys(sqlite_services) == []


def test_work_whose_turn_never_comes_is_taken_back(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "LOCK_SECONDS", 0.05)
    with held_up(sqlite_services, add("shop")) as (late,), pytest.raises(OperationalError, match="no turn to write"):
        late.result(PATIENCE)
    assert sqlite_services.write.together(add("museum")) == "museum"
    assert keys(sqlite_services) == ["museum"]


def test_work_that_another_has_begun_is_waited_for(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "LOCK_SECONDS", 0.2)
    begun = threading.Event()

    def slow(database: Connection) -> str:
        begun.set()
        time.sleep(0.5)
        return add("slow")(database)

    with held_up(sqlite_services, slow, add("shop")) as (first, second):
        pass
    assert begun.is_set()
    assert (first.result(PATIENCE), second.result(PATIENCE)) == ("slow", "shop")
    assert keys(sqlite_services) == ["shop", "slow"]

"""Writers of one process: those that wait together are committed together, and one's mistake is its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, event, insert, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import Session

from formapp.database import writers
from formapp.database.engine import open_database, table_of
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


def test_who_leads_at_last_waits_no_longer_than_anybody(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it has waited in line counts."""
    monkeypatch.setattr(writers, "LOCK_SECONDS", 1.0)
    with ThreadPoolExecutor(2) as pool, sqlite_services.write.begin():
        begun = time.monotonic()
        waiting = []
        for number in (1, 2):
            waiting.append(pool.submit(sqlite_services.write.together, add(f"shop-{number}")))
            in_line(sqlite_services, number)
        for future in waiting:
            assert isinstance(future.exception(PATIENCE), OperationalError)
        assert time.monotonic() - begun < 1.7


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


def test_whose_work_is_committed_waits_for_nobody_elses_transaction(sqlite_services: Services) -> None:
    let_go, following = threading.Event(), []

    def slow(database: Connection) -> str:
        let_go.wait(PATIENCE)
        return add("slow")(database)

    def first(database: Connection) -> str:
        following.append(pool.submit(sqlite_services.write.together, slow))
        in_line(sqlite_services, 1)
        return add("first")(database)

    with ThreadPoolExecutor(1) as pool:
        with held_up(sqlite_services, first, add("second")) as served:
            pass
        # Both have been told, and who came after them is still at it.
        assert [future.result() for future in served] == ["first", "second"]
        assert not following[0].done()
        let_go.set()
    assert following[0].result() == "slow"


def test_who_comes_alone_waits_for_nobody(sqlite_services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "MOMENT_SECONDS", PATIENCE)
    begun = time.monotonic()
    for number in range(3):
        sqlite_services.write.together(add(f"shop-{number}"))
    assert time.monotonic() - begun < PATIENCE


def test_where_several_came_as_many_are_waited_for_the_next_time(
    sqlite_services: Services, commits: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "MOMENT_SECONDS", PATIENCE)
    with held_up(sqlite_services, *(add(f"first-{number}") for number in range(3))):
        pass
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(sqlite_services.write.together, add("second-0"))
        in_line(sqlite_services, 1)
        time.sleep(0.1)
        assert (len(commits), first.done()) == (1, False)
        others = [pool.submit(sqlite_services.write.together, add(f"second-{number}")) for number in (1, 2)]
        assert [future.result(PATIENCE / 2) for future in (first, *others)] == ["second-0", "second-1", "second-2"]
    assert len(commits) == 2


def test_those_who_do_not_come_are_waited_for_a_moment_and_not_again(
    sqlite_services: Services, commits: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writers, "MOMENT_SECONDS", 0.2)
    with held_up(sqlite_services, *(add(f"first-{number}") for number in range(3))):
        pass
    begun = time.monotonic()
    sqlite_services.write.together(add("alone"))
    assert time.monotonic() - begun >= 0.2
    monkeypatch.setattr(writers, "MOMENT_SECONDS", PATIENCE)
    sqlite_services.write.together(add("alone again"))
    assert time.monotonic() - begun < PATIENCE
    assert len(commits) == 3


def test_many_who_come_and_go_are_each_served_once(sqlite_services: Services) -> None:
    def come(number: int) -> str:
        if number % 7 == 0:
            with sqlite_services.write.begin() as database:
                return add(f"shop-{number}")(database)
        return sqlite_services.write.together(add(f"shop-{number // 2 if number % 5 == 0 else number}"))

    with ThreadPoolExecutor(12) as pool:
        futures = [pool.submit(come, number) for number in range(400)]
    told = [future.result() for future in futures if future.exception() is None]
    refused = [future.exception() for future in futures if future.exception() is not None]
    assert {type(error) for error in refused} == {IntegrityError}
    assert (sorted(told), len(told) + len(refused)) == (keys(sqlite_services), 400)
    assert not sqlite_services.write.waiting


def test_a_closed_database_is_open_again_for_the_next_who_files(sqlite_services: Services) -> None:
    sqlite_services.write.together(add("shop"))
    sqlite_services.database.engine.dispose()
    path = sqlite_services.settings.var / "desk.sqlite3"
    # The last connection that closes takes the log along.
    assert not path.with_name("desk.sqlite3-wal").exists()
    sqlite_services.write.together(add("museum"))
    assert keys(sqlite_services) == ["museum", "shop"]


def test_who_files_beside_a_reader_never_waits_in_sqlite(sqlite_services: Services) -> None:
    """The kept connection naps in no other place than ours, and only in WAL, where nothing else keeps a writer."""
    with sqlite_services.read() as reading:
        reading.connection()
        assert sqlite_services.write.together(add("shop")) == "shop"
    asked: list[int] = []

    def look(database: Connection) -> str:
        asked.extend(database.scalar(text(f"PRAGMA {name}")) for name in ("busy_timeout", "synchronous"))
        return add("museum")(database)

    sqlite_services.write.together(look)
    assert asked == [0, 2]

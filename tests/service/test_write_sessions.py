"""Writers of one process take turns, wait for other processes, and are told when no turn comes."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import IntegrityError, OperationalError

from formapp.database.engine import Database, open_database
from formapp.models import Project
from formapp.services import Services
from tests.builders import NOW, stored

PATIENCE = 10.0


def add(database: Database, key: str) -> str:
    """Add a project of this key in a transaction of its own."""
    with database.write.begin() as session:
        session.add(Project(key=key, name=key, plan="Standard", is_active=True, created_at=NOW))
    return key


def add_half(database: Database) -> None:
    with database.write.begin() as session:
        session.add(Project(key="half", name="half", plan="Standard", is_active=True, created_at=NOW))
        session.flush()
        raise LookupError("half done")


def keys(services: Services) -> list[str]:
    return sorted(project.key for project in stored(services, Project))


def test_what_is_committed_is_stored_and_what_fails_is_not(services: Services) -> None:
    assert add(services.database, "shop") == "shop"
    with pytest.raises(IntegrityError):
        add(services.database, "shop")
    with pytest.raises(LookupError):
        add_half(services.database)
    assert keys(services) == ["shop"]


def test_another_process_is_waited_for(sqlite_services: Services) -> None:
    other = open_database(sqlite_services.settings.database_url)
    with ThreadPoolExecutor(3) as pool:
        with other.write.begin() as session:
            session.add(Project(key="other", name="other", plan="Standard", is_active=True, created_at=NOW))
            session.flush()
            waiting = [pool.submit(add, sqlite_services.database, f"shop-{number}") for number in range(3)]
        assert [future.result(PATIENCE) for future in waiting] == ["shop-0", "shop-1", "shop-2"]
    other.engine.dispose()
    assert keys(sqlite_services) == ["other", "shop-0", "shop-1", "shop-2"]


def test_a_process_that_never_ends_its_writing_is_told_of(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.05)
    impatient = open_database(sqlite_services.settings.database_url)
    with sqlite_services.write.begin() as session:
        session.connection()
        with pytest.raises(OperationalError, match="database is locked"):
            add(impatient, "shop")
    impatient.engine.dispose()
    assert keys(sqlite_services) == []


def held(file: IO[bytes]) -> bool:
    """Whether somebody else has the turn to write."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def test_other_processes_see_when_they_may_write(sqlite_services: Services) -> None:
    add(sqlite_services.database, "shop")
    with (sqlite_services.settings.var / "desk.sqlite3-turn").open("ab") as turn:
        assert not held(turn)
        with sqlite_services.write.begin():
            assert held(turn)
        assert not held(turn)
        with pytest.raises(LookupError):
            add_half(sqlite_services.database)
        assert not held(turn)


def test_the_turn_of_a_process_that_is_killed_is_free(sqlite_services: Services) -> None:
    url = sqlite_services.settings.database_url
    program = (
        "from formapp.database.engine import open_database\n"
        f"with open_database({url!r}).write.begin():\n    print('writing', flush=True)\n    input()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        with (sqlite_services.settings.var / "desk.sqlite3-turn").open("ab") as turn:
            assert held(turn)
            writer.kill()
            writer.wait()
            assert not held(turn)
    assert add(sqlite_services.database, "shop") == "shop"


def test_without_a_file_for_turns_the_database_itself_says_who_writes(sqlite_services: Services) -> None:
    (sqlite_services.settings.var / "desk.sqlite3-turn").mkdir()
    assert add(sqlite_services.database, "shop") == "shop"
    assert add(sqlite_services.database, "museum") == "museum"
    assert keys(sqlite_services) == ["museum", "shop"]


def test_a_thread_whose_turn_never_comes_is_told_and_the_next_is_served(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.05)
    with ThreadPoolExecutor(1) as pool, sqlite_services.write.begin():
        late = pool.submit(add, sqlite_services.database, "shop")
        with pytest.raises(OperationalError, match="no turn to write"):
            late.result(PATIENCE)
    assert add(sqlite_services.database, "museum") == "museum"
    assert keys(sqlite_services) == ["museum"]


def test_nobody_is_told_of_a_commit_that_failed(sqlite_services: Services) -> None:
    @event.listens_for(sqlite_services.database.engine, "commit")
    def fail(_connection: Connection) -> None:
        raise OperationalError("COMMIT", None, OSError("the disk is full"))

    with pytest.raises(OperationalError, match="the disk is full"):
        add(sqlite_services.database, "shop")
    event.remove(sqlite_services.database.engine, "commit", fail)
    assert keys(sqlite_services) == []
    assert add(sqlite_services.database, "museum") == "museum"


def test_many_who_come_and_go_are_each_served_once(services: Services) -> None:
    def come(number: int) -> str:
        return add(services.database, f"shop-{number // 2 if number % 5 == 0 else number}")

    with ThreadPoolExecutor(12) as pool:
        futures = [pool.submit(come, number) for number in range(200)]
    served = [future.result() for future in futures if future.exception() is None]
    refused = [future.exception() for future in futures if future.exception() is not None]
    assert {type(error) for error in refused} == {IntegrityError}
    assert (sorted(served), len(served) + len(refused)) == (keys(services), 200)


def test_a_closed_database_is_open_again_for_the_next_writer(sqlite_services: Services) -> None:
    add(sqlite_services.database, "shop")
    sqlite_services.database.engine.dispose()
    path = sqlite_services.settings.var / "desk.sqlite3"
    # The last connection that closes takes the log along.
    assert not path.with_name("desk.sqlite3-wal").exists()
    add(sqlite_services.database, "museum")
    assert keys(sqlite_services) == ["museum", "shop"]


def test_each_commit_waits_for_the_disk(sqlite_services: Services) -> None:
    with sqlite_services.write.begin() as session:
        assert session.connection().exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_without_a_sound_wal_each_commit_waits_for_the_folder_too(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formapp.database.engine.SOUND_WAL", (99, 0, 0))
    older = open_database(f"sqlite:///{sqlite_services.settings.var / 'older.sqlite3'}")
    with older.write.begin() as session:
        pragmas = [
            session.connection().exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    older.engine.dispose()
    assert pragmas == ["delete", 3]

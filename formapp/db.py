"""The database: its engine, its two ways to begin, and instants that keep their zone.

Reads begin with BEGIN, writes with BEGIN IMMEDIATE: a transaction that reads first and then writes
fails at once when another writes ("database is locked"), whatever the timeout. Writers of one
process queue on a lock, because SQLite's own waiting is by lot and starves some of them; those that
file share a transaction, because each commit waits for the disk. Where another process writes, a
writer soon asks again; SQLite would nap ever longer, up to a tenth of a second in which nobody writes.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

from sqlalchemy import (
    Connection,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Table,
    TypeDecorator,
    create_engine,
    event,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

LOCK_SECONDS = 10
NAP_SECONDS = 0.0005
# From 3.7.0 to 3.51.2 a WAL reset can lose committed rows (sqlite.org/wal.html).
SOUND_WAL = (3, 51, 3)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


Result = TypeVar("Result")


class Base(DeclarativeBase):
    """The base of all models; every constraint has a name, so that migrations can find it."""

    metadata = MetaData(naming_convention=NAMING)


def table_of(model: type[Base]) -> Table:
    """A model's table: inserting by table skips the unit of work, which a filing doesn't need."""
    return cast(Table, model.__table__)


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out. A time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC; SQLite knows no zones, so it gets the bare time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone; instants are stored in UTC")
        instant = value.astimezone(UTC)
        return instant.replace(tzinfo=None) if dialect.name == "sqlite" else instant

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """From the database: aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@dataclass(eq=False, slots=True)
class _Job:
    """Work that waits for a transaction, and how it ended."""

    work: Callable[[Session], Any]
    ended: bool = False
    result: Any = None
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Writers:
    """Transactions that write, one at a time in this process where the database takes only one."""

    sessions: sessionmaker[Session]
    lock: threading.Lock | None = field(default_factory=threading.Lock)
    waiting: deque[_Job] = field(default_factory=deque)

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        Raises OperationalError where no turn comes within ``LOCK_SECONDS``.
        """
        if self.lock is None:
            with self.sessions.begin() as session:
                yield session
            return
        if not self.lock.acquire(timeout=LOCK_SECONDS):
            raise _no_turn()
        try:
            with self.sessions.begin() as session:
                yield session
        finally:
            self.lock.release()

    def together(self, work: Callable[[Session], Result]) -> Result:
        """Run work in a transaction that other threads' work may share; what it returned, once committed.

        Where the database takes one writer at a time, whoever has the turn does the work of all who
        wait for it and commits once, so that they wait for the disk together. An exception undoes the
        work that raised it and no other. The work may be run by another thread, and a second time
        after it was undone, so it must change nothing but the database.

        Raises what the work raises, and OperationalError where no turn comes within ``LOCK_SECONDS``.
        """
        if self.lock is None:
            with self.sessions.begin() as session:
                return work(session)
        job = _Job(work)
        self.waiting.append(job)
        if not self.lock.acquire(timeout=LOCK_SECONDS):
            with suppress(ValueError):
                self.waiting.remove(job)
                raise _no_turn()
            # Somebody has begun it by now, and will soon know how it ends.
            self.lock.acquire()
        try:
            if not job.ended:
                self._lead(job)
        finally:
            self.lock.release()
        if job.error is not None:
            raise job.error
        return cast(Result, job.result)

    def _lead(self, job: _Job) -> None:
        """Do this work and all that waits in one transaction; where some of it fails, each in one of its own."""
        self.waiting.remove(job)
        jobs = [job]
        try:
            with self.sessions.begin() as session:
                # Here another process may keep us waiting; who comes meanwhile joins.
                session.connection()
                with suppress(IndexError):
                    while True:
                        jobs.append(self.waiting.popleft())
                for each in jobs:
                    each.result = each.work(session)
        except OperationalError as error:
            # Locked, full or gone: none would fare better alone.
            for each in jobs:
                each.error = error
        except BaseException as error:  # noqa: BLE001 - raised again by the thread whose work it is
            job.error = error
            if len(jobs) > 1:
                for each in jobs:
                    self._run_alone(each)
        finally:
            for each in jobs:
                each.ended = True

    def _run_alone(self, job: _Job) -> None:
        job.result, job.error = None, None
        try:
            with self.sessions.begin() as session:
                job.result = job.work(session)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread whose work it is
            job.error = error


def _no_turn() -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, TimeoutError("no turn to write"))


@dataclass(frozen=True, slots=True)
class Database:
    """An open database and its two kinds of transaction; ``alone`` is for one question, which needs none."""

    engine: Engine
    alone: Engine
    read: sessionmaker[Session]
    write: Writers


def open_database(url: str) -> Database:
    """Open the database of this URL: sqlite:///path or postgresql+psycopg://..."""
    if url.startswith("sqlite"):
        engine = _sqlite(url)
        lock: threading.Lock | None = threading.Lock()
    else:
        engine = create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=10, pool_timeout=LOCK_SECONDS)
        lock = None
    writing = engine.execution_options(writes=True)
    return Database(
        engine,
        engine.execution_options(alone=True),
        sessionmaker(engine, expire_on_commit=False),
        Writers(sessionmaker(writing, expire_on_commit=False), lock),
    )


def sqlite_driver() -> ModuleType:
    """The SQLite to use: the wheel's, which is newer, else the one that Python was built with."""
    try:
        from pysqlite3 import dbapi2
    except ImportError:
        import sqlite3 as dbapi2
    return dbapi2  # type: ignore[no-any-return, unused-ignore]


def wal_is_sound() -> bool:
    """Whether this SQLite has the WAL reset bug fixed."""
    return tuple(sqlite_driver().sqlite_version_info) >= SOUND_WAL


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        module=sqlite_driver(),
        connect_args={"timeout": LOCK_SECONDS, "check_same_thread": False},
        pool_size=20,
        max_overflow=20,
        pool_timeout=LOCK_SECONDS,
    )
    journal = "WAL" if wal_is_sound() else "DELETE"

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: ConnectionPoolEntry) -> None:  # noqa: ANN401 - the driver's connection
        # Opened while the file can't be written, it never writes, also when the file can be written again.
        path = engine.url.database or ""
        record.info["read_only"] = Path(path).is_file() and not os.access(path, os.W_OK, effective_ids=True)
        # The driver would begin transactions by itself, deferred; ``begin`` below does it.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA journal_mode={journal}")
        # WAL with NORMAL loses acknowledged commits when the power fails.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        # By the driver: through SQLAlchemy it would cost as much as a question.
        driver: Any = connection.connection.dbapi_connection
        if options.get("writes"):
            _begin_to_write(driver)
        elif not options.get("alone"):
            driver.execute("BEGIN")

    @event.listens_for(engine, "checkin")
    def forget_read_only(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("read_only"):
            record.invalidate()

    return engine


def _begin_to_write(driver: Any) -> None:  # noqa: ANN401 - the driver's connection
    """Begin as soon as no other process writes. Raises OperationalError where none ends in time, or nobody can."""
    until = time.monotonic() + LOCK_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while not _begun_at_once(driver, until):
            time.sleep(NAP_SECONDS)
    except sqlite_driver().OperationalError as refused:
        # As SQLAlchemy would raise it: a locked database has answers of its own.
        raise OperationalError("BEGIN IMMEDIATE", None, refused) from refused
    finally:
        driver.execute(f"PRAGMA busy_timeout={LOCK_SECONDS * 1000}")


def _begun_at_once(driver: Any, until: float) -> bool:  # noqa: ANN401 - the driver's connection
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite_driver().OperationalError as error:
        if "locked" not in str(error) or time.monotonic() >= until:
            raise
        return False
    return True

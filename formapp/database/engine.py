"""The database: its engine, its two ways to begin, and instants that keep their zone.

Reads begin with BEGIN, writes with BEGIN IMMEDIATE: a transaction that reads first and then writes
fails at once when another writes ("database is locked"), whatever the timeout. What goes past the two
(the engine itself) begins its transactions by hand.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, TypeDecorator, create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

LOCK_SECONDS = 10
"""How long a writer waits for its turn."""
TURN_SECONDS = 0.0005
"""How often a process looks whether it may write."""
BRIEFLY = 0.25
"""How long one waits, in seconds, that nothing depends on."""
# From 3.7.0 to 3.51.2 a WAL reset can lose committed rows (sqlite.org/wal.html).
SOUND_WAL = (3, 51, 3)
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The base of all models; every constraint has a name, so that migrations can find it."""

    metadata = MetaData(naming_convention=NAMING)


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


class ReadSessions:
    """Transactions that read: each sees the database as it stood at its first look."""

    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._begin = "BEGIN" if engine.dialect.name == "sqlite" else ""

    @contextmanager
    def __call__(self) -> Iterator[Session]:
        """One transaction, given up at the end."""
        with self._sessions() as session:
            if self._begin:
                session.connection().exec_driver_sql(self._begin)
            yield session


class WriteSessions:
    """Transactions that write.

    SQLite takes one writer at a time, and its own waiting (``busy_timeout``) is by lot, with naps of up to 100 ms:
    it starves some and leaves the file idle meanwhile. So each waits for its turn before it begins.
    """

    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._turn = _Turn(Path(f"{engine.url.database}-turn")) if engine.dialect.name == "sqlite" else None

    @contextmanager
    def begin(self, patience: float | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        Raises OperationalError where no turn comes within ``patience`` seconds (None: ``LOCK_SECONDS``).
        """
        turn = self._turn.taken(LOCK_SECONDS if patience is None else patience) if self._turn else nullcontext()
        with turn, self._sessions.begin() as session:
            _begin_to_write(session.connection(), patience)
            yield session


def _begin_to_write(connection: Connection, patience: float | None) -> None:
    if connection.dialect.name == "postgresql":
        if patience is not None:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience * 1000)}")
        return
    if patience is None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience * 1000)}")
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")


class _Turn:
    """Whose turn it is to write: one thread of one process.

    The threads of a process queue on a lock, and the processes on a lock of a file beside the database,
    which the kernel takes from a process that dies.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread_lock = threading.Lock()

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """Have the turn. Raises OperationalError where another thread has it all the time."""
        until = time.monotonic() + seconds
        if not self._thread_lock.acquire(timeout=seconds):
            raise OperationalError("BEGIN IMMEDIATE", None, TimeoutError("no turn to write"))
        try:
            with self._file_locked(until):
                yield
        finally:
            self._thread_lock.release()

    @contextmanager
    def _file_locked(self, until: float) -> Iterator[None]:
        """The file's lock; where it can't be had by then, SQLite's own waiting is all there is."""
        try:
            file = os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError:
            yield
            return
        try:
            while not _locked(file) and time.monotonic() < until:
                time.sleep(TURN_SECONDS)
            yield
        finally:
            # Closed, it is free.
            os.close(file)


def _locked(file: int) -> bool:
    with suppress(OSError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


@dataclass(frozen=True, slots=True)
class Database:
    """An open database and its two kinds of transaction."""

    engine: Engine
    read: ReadSessions
    write: WriteSessions


def open_database(url: str) -> Database:
    """Open the database of this URL: sqlite:///path or postgresql+psycopg://..."""
    engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
    return Database(engine, ReadSessions(engine), WriteSessions(engine))


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


def _postgresql(url: str) -> Engine:
    return create_engine(
        url, hide_parameters=True, pool_pre_ping=True, pool_size=10, max_overflow=10, pool_timeout=LOCK_SECONDS
    )


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url,
        module=sqlite_driver(),
        # A failed statement's message would quote what was typed.
        hide_parameters=True,
        connect_args={"check_same_thread": False},
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
        # The driver would begin transactions by itself, deferred; the sessions above do it.
        connection.isolation_level = None
        cursor = connection.cursor()
        # First of all: what follows may find the file locked.
        cursor.execute(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")
        cursor.execute(f"PRAGMA journal_mode={journal}")
        # WAL with NORMAL loses acknowledged commits when the power fails, and so does the rollback journal with
        # FULL where the cut undoes the journal's removal (measured: 3 of 332).
        cursor.execute(f"PRAGMA synchronous={'FULL' if journal == 'WAL' else 'EXTRA'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "checkin")
    def forget_read_only(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("read_only"):
            record.invalidate()

    return engine

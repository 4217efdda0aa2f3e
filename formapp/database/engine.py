"""The database: its engine, its two ways to begin, and instants that keep their zone.

Reads begin with BEGIN, writes with BEGIN IMMEDIATE: a transaction that reads first and then writes
fails at once when another writes ("database is locked"), whatever the timeout.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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


class WriteSessions:
    """Transactions that write.

    SQLite takes one writer at a time. Those of this process queue on a lock, because SQLite's own waiting
    (``busy_timeout``) is by lot and starves some of them; between processes it is all there is.
    """

    def __init__(self, engine: Engine) -> None:
        self._sessions = sessionmaker(engine.execution_options(writes=True), expire_on_commit=False)
        self._lock = threading.Lock() if engine.dialect.name == "sqlite" else None

    @contextmanager
    def begin(self, patience: float | None = None) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        Raises OperationalError where no turn comes within ``patience`` seconds (None: ``LOCK_SECONDS``).
        """
        if self._lock is not None and not self._lock.acquire(timeout=LOCK_SECONDS if patience is None else patience):
            raise OperationalError("BEGIN IMMEDIATE", None, TimeoutError("no turn to write"))
        try:
            with self._sessions.begin() as session:
                if patience is not None:
                    connection = session.connection(execution_options={"patience": patience})
                    if connection.dialect.name == "postgresql":
                        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(patience * 1000)}")
                yield session
        finally:
            if self._lock is not None:
                self._lock.release()


@dataclass(frozen=True, slots=True)
class Database:
    """An open database and its two kinds of transaction."""

    engine: Engine
    read: sessionmaker[Session]
    write: WriteSessions


def open_database(url: str) -> Database:
    """Open the database of this URL: sqlite:///path or postgresql+psycopg://..."""
    engine = _sqlite(url) if url.startswith("sqlite") else _postgresql(url)
    return Database(engine, sessionmaker(engine, expire_on_commit=False), WriteSessions(engine))


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
        # WAL with NORMAL loses acknowledged commits when the power fails, and so does the rollback journal with
        # FULL where the cut undoes the journal's removal (measured: 3 of 332).
        cursor.execute(f"PRAGMA synchronous={'FULL' if journal == 'WAL' else 'EXTRA'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        begins = "BEGIN IMMEDIATE" if options.get("writes") else "BEGIN"
        patience = options.get("patience")
        if patience is None:
            connection.exec_driver_sql(begins)
            return
        connection.exec_driver_sql(f"PRAGMA busy_timeout={int(patience * 1000)}")
        try:
            connection.exec_driver_sql(begins)
        finally:
            connection.exec_driver_sql(f"PRAGMA busy_timeout={int(LOCK_SECONDS * 1000)}")

    @event.listens_for(engine, "checkin")
    def forget_read_only(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("read_only"):
            record.invalidate()

    return engine

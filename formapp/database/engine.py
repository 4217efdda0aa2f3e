"""The database: its engine, its two ways to begin, and instants that keep their zone.

Reads begin with BEGIN, writes with BEGIN IMMEDIATE: a transaction that reads first and then writes
fails at once when another writes ("database is locked"), whatever the timeout. Where another process
writes, a writer soon asks again; SQLite would nap ever longer, up to a tenth of a second in which
nobody writes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, cast

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
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeEngine

from formapp.database import writers

NAP_SECONDS = 0.0002
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


def table_of(model: type[Base]) -> Table:
    """A model's table: inserting by table skips the unit of work, which a filing doesn't need."""
    return cast(Table, model.__table__)


class _PlainDateTime(DATETIME):
    """A time as SQLAlchemy writes it for SQLite, written by Python itself: a filing writes ten."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:  # noqa: ARG002 - SQLAlchemy's
        """How a value is written."""
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")


_PLAIN: TypeEngine[datetime] = _PlainDateTime()  # type: ignore[no-untyped-call]


class UtcDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out. A time without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """SQLite's own type, but for how a time is written."""
        return dialect.type_descriptor(_PLAIN if dialect.name == "sqlite" else self.impl_instance)

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


@dataclass(frozen=True, slots=True)
class Database:
    """An open database and its two kinds of transaction."""

    engine: Engine
    read: sessionmaker[Session]
    write: writers.Writers


def open_database(url: str) -> Database:
    """Open the database of this URL: sqlite:///path or postgresql+psycopg://..."""
    if url.startswith("sqlite"):
        engine = _sqlite(url)
    else:
        engine = create_engine(
            url, pool_pre_ping=True, pool_size=10, max_overflow=10, pool_timeout=writers.LOCK_SECONDS
        )
    writing = writers.Writers(engine.execution_options(writes=True), one_at_a_time=engine.dialect.name == "sqlite")
    event.listen(engine, "engine_disposed", lambda _engine: writing.close())
    return Database(
        engine,
        sessionmaker(engine, expire_on_commit=False),
        writing,
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
        connect_args={"timeout": writers.LOCK_SECONDS, "check_same_thread": False},
        pool_size=20,
        max_overflow=20,
        pool_timeout=writers.LOCK_SECONDS,
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
        # The pages that every filing touches are then written back once in many filings, when the log has 40 MB.
        cursor.execute("PRAGMA wal_autocheckpoint=10000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        # By the driver: through SQLAlchemy it would cost as much as a question.
        driver: Any = connection.connection.dbapi_connection
        if options.get("writes"):
            _begin_to_write(driver, connection.info, stays_ready=journal == "WAL" and options.get("kept", False))
        else:
            driver.execute("BEGIN")

    @event.listens_for(engine, "checkin")
    def forget_read_only(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("read_only"):
            record.invalidate()

    return engine


def _begin_to_write(driver: Any, info: dict[str, Any], *, stays_ready: bool) -> None:  # noqa: ANN401 - the driver's
    """Begin as soon as no other process writes. Raises OperationalError where none ends in time, or nobody can.

    A connection that ``stays_ready`` is for writing alone, in WAL: SQLite has nothing to wait for but here.
    """
    until = time.monotonic() + writers.LOCK_SECONDS
    if not info.get("ready"):
        driver.execute("PRAGMA busy_timeout=0")
    try:
        while not _begun_at_once(driver, until):
            time.sleep(NAP_SECONDS)
    except sqlite_driver().OperationalError as refused:
        # As SQLAlchemy would raise it: a locked database has answers of its own.
        raise OperationalError("BEGIN IMMEDIATE", None, refused) from refused
    finally:
        if stays_ready:
            info["ready"] = True
        else:
            driver.execute(f"PRAGMA busy_timeout={writers.LOCK_SECONDS * 1000}")


def _begun_at_once(driver: Any, until: float) -> bool:  # noqa: ANN401 - the driver's connection
    try:
        driver.execute("BEGIN IMMEDIATE")
    except sqlite_driver().OperationalError as error:
        if "locked" not in str(error) or time.monotonic() >= until:
            raise
        return False
    return True

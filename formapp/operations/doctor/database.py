"""Checks of the database itself: does it answer, is it whole, does it keep what it acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Table, and_, exists, make_url, select
from sqlalchemy.exc import DBAPIError

from formapp.database import schema
from formapp.database.engine import Base, sqlite_driver, wal_is_sound
from formapp.operations.doctor.findings import Finding, first_of
from formapp.services import Services

RESTORE = "Stop the desk and restore the newest backup: formapp restore <backup>."
# PRAGMA synchronous: 2 is FULL, 3 is EXTRA.
_FULL, _EXTRA = 2, 3


def is_sqlite(services: Services) -> bool:
    """Whether the desk's records lie in an SQLite file."""
    return services.database.engine.dialect.name == "sqlite"


def place_of(services: Services) -> str:
    """Where the database is: the file, or the address without its password."""
    url = make_url(services.settings.database_url)
    return url.database or "" if is_sqlite(services) else url.render_as_string(hide_password=True)


def reachable(services: Services, _now: datetime) -> Iterator[Finding]:
    """The database is there and answers. Looking never makes an empty one."""
    place = place_of(services)
    if is_sqlite(services) and not Path(place).is_file():
        yield Finding("database", place, "There is no database.", "Make one: formapp db upgrade.")
        return
    try:
        with services.database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
    except DBAPIError as error:
        do = RESTORE if "not a database" in str(error.orig) else "Start it, or correct FORMAPP_DATABASE_URL."
        yield Finding("database", place, f"The database doesn't answer: {one_line(error.orig)}.", do)


def at_newest_revision(services: Services, _now: datetime) -> Iterator[Finding]:
    """The schema is this release's."""
    current, newest = schema.current_revision(services.database), schema.newest_revision()
    if current is None:
        yield Finding("schema", place_of(services), "The database is empty.", "Make its tables: formapp db upgrade.")
    elif current > newest:
        what = f"The schema is at revision {current}, which is newer than this release ({newest})."
        yield Finding("schema", place_of(services), what, "Install the release that the database was used with.")
    elif current != newest:
        what = f"The schema is at revision {current}, not {newest}."
        yield Finding("schema", place_of(services), what, "Take it there: formapp db upgrade.")


def whole(services: Services, _now: datetime) -> Iterator[Finding]:
    """The pages and indexes of the database are undamaged."""
    place = place_of(services)
    with services.database.engine.connect() as connection:
        if is_sqlite(services):
            damages = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check") if row[0] != "ok"]
        else:
            damages = [f"the index {name} is damaged" for name in connection.exec_driver_sql(_BROKEN_INDEXES).scalars()]
            failures = connection.exec_driver_sql(_CHECKSUM_FAILURES).scalar()
            damages += [f"{failures} pages had a wrong checksum"] if failures else []
    yield from first_of(
        Finding("integrity", place, f"The database is damaged: {one_line(damage)}.", RESTORE) for damage in damages
    )


_BROKEN_INDEXES = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid OR NOT indisready"
_CHECKSUM_FAILURES = "SELECT checksum_failures FROM pg_stat_database WHERE datname = current_database()"


def referring(services: Services, _now: datetime) -> Iterator[Finding]:
    """No row refers to one that isn't there."""
    with services.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            yield from first_of(_dangling(connection, table))


def _dangling(connection: Connection, table: Table) -> Iterator[Finding]:
    for key in table.foreign_key_constraints:
        parent = key.referred_table.alias()
        pairs = [(element.parent, parent.c[element.column.name]) for element in key.elements]
        there = exists().where(and_(*(column == target for column, target in pairs)))
        lost = select(*table.primary_key.columns).where(and_(*(column.is_not(None) for column, _ in pairs)), ~there)
        for row in connection.execute(lost.limit(50)):
            where = f"{table.name} {', '.join(map(str, row))}"
            what = f"The row refers by {pairs[0][0].name} to a row of {key.referred_table.name} that isn't there."
            yield Finding("foreign keys", where, what, RESTORE)


def durable(services: Services, _now: datetime) -> Iterator[Finding]:
    """What is acknowledged outlasts a power cut."""
    place = place_of(services)
    with services.database.engine.connect() as connection:
        if not is_sqlite(services):
            yield from _postgresql_durable(connection, place)
            return
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar() or 0
        enforced = connection.exec_driver_sql("PRAGMA foreign_keys").scalar()
    version = sqlite_driver().sqlite_version
    if journal not in {"wal", "delete", "truncate", "persist"}:
        what = f'The journal mode is "{journal}", which loses records when the power fails.'
        yield Finding("journal", place, what, "Move the database to a local disk.")
    if journal == "wal" and not wal_is_sound():
        what = f"The database is in WAL mode, and SQLite {version} can lose records when it resets the WAL."
        yield Finding("journal", place, what, "Stop every process of the desk, then start it again.")
    elif not wal_is_sound():
        what = f"SQLite {version} can lose records in WAL mode, so the slower rollback journal is used."
        yield Finding("journal", place, what, "For more speed: pip install pysqlite3.", "warning")
    name, enough = ("EXTRA", _EXTRA) if journal in {"delete", "truncate", "persist"} else ("FULL", _FULL)
    if synchronous < enough:
        what = f"PRAGMA synchronous is {synchronous}, not {name}: acknowledged tickets are lost when the power fails."
        yield Finding("journal", place, what, "Start the desk by formapp, which sets it for each connection.")
    if not enforced:
        yield Finding("journal", place, "Foreign keys aren't enforced.", "Use an SQLite that is built with them.")


def _postgresql_durable(connection: Connection, place: str) -> Iterator[Finding]:
    for setting, loses in (
        ("fsync", "A crash can damage the whole database."),
        ("full_page_writes", "A crash can damage the whole database."),
        ("synchronous_commit", "Acknowledged tickets are lost when the power fails."),
    ):
        if connection.exec_driver_sql(f"SHOW {setting}").scalar() == "off":
            yield Finding("journal", place, f"{setting} is off. {loses}", f"Set {setting} = on in postgresql.conf.")


def writable(services: Services, _now: datetime) -> Iterator[Finding]:
    """A writing transaction is taken; nothing is changed by it."""
    place, read_only = place_of(services), False
    try:
        with services.write.begin() as database:
            connection = database.connection()
            if is_sqlite(services):
                # Where a file can't be written, SQLite begins all the same, and fails only here.
                connection.exec_driver_sql("DELETE FROM alembic_version WHERE false")
            else:
                read_only = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    except DBAPIError as error:
        if "locked" in str(error.orig):
            what, do = "The database is locked by another process.", "Find and end what holds it, then look again."
        else:
            what = f"The database can't be written: {one_line(error.orig)}."
            do = "Let the desk's user write the file and its folder."
        yield Finding("database writable", place, what, do)
        return
    if read_only:
        what = "The database takes no writes."
        yield Finding("database writable", place, what, "Point FORMAPP_DATABASE_URL to the primary server.")


def one_line(words: object) -> str:
    """What a library says, as part of a sentence of ours."""
    return " ".join(str(words).split()).rstrip(".")[:300]

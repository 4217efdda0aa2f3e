"""A desk for each story, on both makes of database; each make is migrated once, as that outlasts most stories."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from formapp.database import schema
from formapp.database.engine import Base, open_database
from formapp.services import Services
from formapp.storage.local import LocalFileStore
from supportpolicy import Policy
from tests.builders import build_settings


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file without rows at the newest revision, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "desk.sqlite3"
    database = open_database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.engine.dispose()
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """The URL of a PostgreSQL database without rows at the newest revision, to be emptied after use."""
    admin = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    admin.dispose()
    url = make_url(postgresql_server).set(database="migrated").render_as_string(hide_password=False)
    database = open_database(url)
    schema.upgrade(database)
    database.engine.dispose()
    return url


@pytest.fixture
def sqlite_services(tmp_path: Path, migrated_sqlite: Path, policy: Policy) -> Iterator[Services]:
    """A desk on an SQLite file without rows, where the make of the database makes no difference."""
    settings = build_settings(tmp_path)
    shutil.copy(migrated_sqlite, tmp_path / "desk.sqlite3")
    desk = Services(settings, open_database(settings.database_url), policy, LocalFileStore(tmp_path / "files"))
    yield desk
    desk.database.engine.dispose()


@pytest.fixture
def postgresql_services(tmp_path: Path, migrated_postgresql: str, policy: Policy) -> Iterator[Services]:
    """A desk on a PostgreSQL database without rows."""
    settings = build_settings(tmp_path, migrated_postgresql)
    desk = Services(settings, open_database(migrated_postgresql), policy, LocalFileStore(tmp_path / "files"))
    yield desk
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with desk.database.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    desk.database.engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest) -> Services:
    """A desk on a database without rows, of both makes."""
    desk: Services = request.getfixturevalue(f"{request.param}_services")
    return desk

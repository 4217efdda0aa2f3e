"""A desk for each story, on both makes of database; PostgreSQL is migrated once and emptied after each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from formapp import schema
from formapp.db import Base, open_database
from formapp.services import Services, make_services
from tests.builders import build_services, build_settings


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: str) -> str:
    """The URL of an empty database at the newest revision, made once: migrating takes longer than most stories."""
    admin = create_engine(postgresql_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated"))
    admin.dispose()
    url = make_url(postgresql_server).set(database="migrated").render_as_string(hide_password=False)
    database = open_database(url)
    schema.upgrade(database)
    database.engine.dispose()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def services(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Services]:
    """A desk on a database without rows, of both makes."""
    if request.param == "sqlite":
        desk = build_services(tmp_path)
        yield desk
        desk.database.engine.dispose()
        return
    desk = make_services(build_settings(tmp_path, request.getfixturevalue("migrated_postgresql")))
    yield desk
    tables = ", ".join(table.name for table in Base.metadata.sorted_tables)
    with desk.database.engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY"))
    desk.database.engine.dispose()

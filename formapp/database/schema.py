"""The schema of an open database: taking it to the newest revision, and telling where it stands.

Alembic is loaded where it is used: most processes never ask, and each start would wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from formapp.database.engine import Database

if TYPE_CHECKING:
    from alembic.config import Config


def upgrade(database: Database, revision: str = "head") -> None:
    """Take the schema up to a revision; one that is there already changes nothing."""
    from alembic import command

    with _migrating(database) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to a revision ("base": no table is left)."""
    from alembic import command

    with _migrating(database) as connection:
        command.downgrade(_config(connection), revision)


def current_revision(database: Database) -> str | None:
    """The revision of this database; None for an empty one."""
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


@cache
def newest_revision() -> str:
    """The revision that this release works with."""
    from alembic.script import ScriptDirectory

    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise LookupError("the package has no migrations")
    return head


@contextmanager
def _migrating(database: Database) -> Iterator[Connection]:
    """One transaction for a migration; all of it or nothing."""
    with database.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            with connection.begin():
                yield connection
            return
        # SQLite changes a table by copying it: dropping the old one would break what refers to it,
        # and the switch does nothing within a transaction (sqlite.org/lang_altertable.html, 7).
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - checked out above
        raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                yield connection
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                    raise LookupError(f"the migration would leave rows that refer to nothing: {broken[:5]}")
        finally:
            raw.execute("PRAGMA foreign_keys=ON")


def _config(connection: object) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(resources.files("formapp.database.migrations")))
    config.attributes["connection"] = connection
    return config

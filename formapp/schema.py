"""The schema of an open database: taking it to the newest revision, and telling where it stands."""

from __future__ import annotations

from importlib import resources

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from formapp import models
from formapp.db import Base, Database


def upgrade(database: Database, revision: str = "head") -> None:
    """Take the schema up to a revision; one that is there already changes nothing."""
    with database.engine.execution_options(writes=True).begin() as connection:
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take the schema down to a revision ("base": no table is left)."""
    with database.engine.execution_options(writes=True).begin() as connection:
        command.downgrade(_config(connection), revision)


def current_revision(database: Database) -> str | None:
    """The revision of this database; None for an empty one."""
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def newest_revision() -> str:
    """The revision that this release works with."""
    head = ScriptDirectory.from_config(_config(None)).get_current_head()
    if head is None:
        raise LookupError("the package has no migrations")
    return head


def differences(database: Database) -> list[object]:
    """How the database differs from the models; empty where the migrations are complete."""
    assert models  # noqa: S101 - importing the models fills the metadata
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(resources.files("formapp.migrations")))
    config.attributes["connection"] = connection
    return config

"""``formapp db``: the schema of the database."""

from __future__ import annotations

import click

from formapp.cli.context import with_desk
from formapp.database import schema
from formapp.services import Services


@click.group()
def db() -> None:
    """The database's schema."""


@db.command(name="upgrade")
@with_desk
def db_upgrade(desk: Services) -> None:
    """Take the schema to this release's revision."""
    schema.upgrade(desk.database)
    click.echo(f"The database is at revision {schema.current_revision(desk.database)}.")


@db.command(name="check")
@with_desk
def db_check(desk: Services) -> None:
    """Tell whether the schema is this release's."""
    current, newest = schema.current_revision(desk.database), schema.newest_revision()
    if current is None:
        raise click.ClickException("The database is empty. Run: formapp db upgrade")
    if current != newest:
        raise click.ClickException(f"The database is at revision {current}, not {newest}. Run: formapp db upgrade")
    click.echo(f"The database is at revision {newest}.")

"""``formapp search``: the operator's command for the search index."""

from __future__ import annotations

import click

from formapp.cli.context import with_desk
from formapp.services import Services
from formapp.tickets import search_index


@click.group()
def search() -> None:
    """What search looks into."""


@search.command(name="rebuild")
@with_desk
def search_rebuild(desk: Services) -> None:
    """Make the search index anew from all tickets; the desk may run meanwhile.

    With SQLite others can't write during the first step, some seconds for each 100,000 tickets.
    """
    count = search_index.rebuild(desk)
    click.echo(f"The search index is made anew: {count} {'ticket' if count == 1 else 'tickets'}.")

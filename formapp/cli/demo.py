"""``formapp demo``: a made-up company to try the desk with."""

from __future__ import annotations

import click

from formapp.cli.context import with_desk
from formapp.demo import company, tickets
from formapp.services import Services, utc_now


@click.command(name="demo")
@with_desk
def add_demo(desk: Services) -> None:
    """Fill a new database with a made-up company."""
    now = utc_now()
    if company.add_demo(desk, now):
        tickets.add_demo_tickets(desk, now)
        click.echo("Added demo accounts, projects and tickets.")
    else:
        click.echo("This database has accounts already, so nothing was added.")

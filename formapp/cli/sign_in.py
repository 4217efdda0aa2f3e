"""``formapp signin-link``: a link that signs a person in, where no mail can bring it."""

from __future__ import annotations

import click

from formapp.accounts import magic_links
from formapp.cli.context import with_desk
from formapp.services import Services, utc_now


@click.command(name="signin-link")
@click.argument("email")
@with_desk
def signin_link(desk: Services, email: str) -> None:
    """Print a one-time sign-in link for a person."""
    click.echo(magic_links.create_link(desk, email, utc_now()))

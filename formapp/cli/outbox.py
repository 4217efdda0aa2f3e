"""``formapp outbox``: the operator's commands for messages that were given up."""

from __future__ import annotations

from collections.abc import Iterator

import click

from formapp.actors import OPERATOR
from formapp.cli.context import with_desk
from formapp.errors import UseCaseError
from formapp.models import LARGEST_ID, OutboxMessage, reference_of
from formapp.notifications import outbox as messages
from formapp.notifications import webhooks
from formapp.notifications.webhooks import log
from formapp.services import Services, utc_now


@click.group()
def outbox() -> None:
    """Mails and webhooks that could not be delivered, with the reason."""


@outbox.command(name="list")
@with_desk
def outbox_list(desk: Services) -> None:
    """List the messages that were given up, newest first."""
    found = False
    for message in _given_up(desk):
        found = True
        ticket = f"\t{reference_of(message.ticket_id)}" if message.ticket_id else ""
        click.echo(
            f"{message.id}\t{message.channel}\t{message.kind}\t{message.recipient}{ticket}\t{message.last_error}"
        )
    if not found:
        click.echo("No message was given up.")


@outbox.command(name="replay")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1, type=click.IntRange(1, LARGEST_ID))
@click.option("--all", "every", is_flag=True, help="All that were given up.")
@with_desk
def outbox_replay(desk: Services, numbers: tuple[int, ...], every: bool) -> None:
    """Send messages again that were given up, each with the id that it had."""
    if bool(numbers) is every:
        raise click.UsageError("Name the messages by their numbers, or use --all.")
    wanted = tuple(message.id for message in _given_up(desk)) if every else numbers
    refused = 0
    for number in wanted:
        try:
            _replay(desk, number)
        except UseCaseError as reason:
            refused += 1
            click.echo(f"{number}: {reason.message}", err=True)
    click.echo(f"{len(wanted) - refused} of {len(wanted)} are being sent again.")
    if refused:
        raise click.exceptions.Exit(1)


def _given_up(desk: Services) -> Iterator[OutboxMessage]:
    """All that were given up, read a page at a time."""
    page = messages.dead_messages(desk)
    while page:
        yield from page
        page = messages.dead_messages(desk, before=page[-1].id)


def _replay(desk: Services, number: int) -> None:
    again = log.replay if messages.message_numbered(desk, number).channel == webhooks.CHANNEL else messages.replay
    again(desk, OPERATOR, number, utc_now())

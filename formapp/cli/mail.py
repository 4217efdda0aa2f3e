"""``formapp mail``: the operator's commands for mail that people send to the desk."""

from __future__ import annotations

import sys

import click

from formapp.cli.context import desk_of, with_desk
from formapp.errors import UseCaseError
from formapp.incoming_mail import imap, processing
from formapp.incoming_mail.receive import LARGEST, receive
from formapp.logs import failure_place
from formapp.services import Services, utc_now
from formapp.setting_values import BadSetting
from supportpolicy import PolicyError

# What mail servers understand (sysexits.h): bounce it, or keep it and try again.
EX_DATAERR, EX_TEMPFAIL = 65, 75


@click.group()
def mail() -> None:
    """Mail that people send to the desk."""


@mail.command(name="receive")
@click.pass_context
def mail_receive(context: click.Context) -> None:
    """Take one message from standard input, as a mail server's pipe hands it over.

    It ends with 0 once the message is stored, with 65 for one that is too large or empty, and with 75 where it can't
    be stored now: the mail server then keeps it and tries again.
    """
    content = sys.stdin.buffer.read(LARGEST + 1)
    try:
        receive(desk_of(context), content, "pipe", utc_now())
    except UseCaseError as refused:
        click.echo(refused.message, err=True)
        context.exit(EX_DATAERR)
    except Exception as error:  # noqa: BLE001 - whatever it is, the mail server must keep the message
        click.echo(f"The message can't be stored now: {_reason(error)}", err=True)
        context.exit(EX_TEMPFAIL)


def _reason(error: Exception) -> str:
    """For the mail server's log: what an operator wrote may be quoted there, what somebody else wrote never."""
    return str(error) if isinstance(error, BadSetting | PolicyError | OSError) else failure_place(error)


@mail.command(name="fetch")
@with_desk
def mail_fetch(desk: Services) -> None:
    """Fetch what lies in the mailbox of FORMAPP_IMAP_URL and process it; the worker does so by itself."""
    if not desk.settings.imap_url:
        raise UseCaseError("No mailbox is set (FORMAPP_IMAP_URL)")
    try:
        fetched = imap.fetch(desk, utc_now)
    except OSError as error:
        raise UseCaseError(f"The mailbox can't be read: {error}") from error
    while processing.process_next(desk, utc_now):
        pass
    click.echo(f"{fetched} fetched.")

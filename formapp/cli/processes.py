"""The processes of ``formapp serve``, each a command: web, worker, and what takes mail by LMTP."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from formapp import supervisor
from formapp.cli.context import with_desk
from formapp.database import schema
from formapp.errors import UseCaseError
from formapp.logs import lines
from formapp.operations import running, shared_files
from formapp.services import Services, utc_now
from formapp.setting_names import PREFIX
from formapp.settings import settings_from


@click.command(hidden=True)
@click.option("--listener", type=int, required=True, help="The number of the open socket to serve on.")
@click.option("--threads", default=4, show_default=True)
def web(listener: int, threads: int) -> None:
    """One web process of ``serve``."""
    from formapp.server import serve_web

    ready = supervisor.join_supervisor()
    lines.write_in_background()
    running.hold(settings_from())
    serve_web(socket.socket(fileno=listener), threads=threads, ready=ready)


@click.command(name="worker")
@click.option("--once", is_flag=True, help="Send what is due, then end.")
@with_desk
def run_worker(desk: Services, once: bool) -> None:
    """Send what the outbox holds; any number of workers may run."""
    from formapp import worker

    if once:
        click.echo(f"{worker.run_once(desk, utc_now)} tried")
        return
    begin(desk)
    ready = supervisor.join_supervisor()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    lines.write_in_background()
    ready()
    worker.run(desk, utc_now, stop)


@click.command(name="lmtp", hidden=True)
@with_desk
def run_lmtp(desk: Services) -> None:
    """The process of ``serve`` that takes mail by LMTP."""
    from formapp.incoming_mail.lmtp import serve_lmtp

    if desk.settings.lmtp is None:
        raise UseCaseError(f"No address is set ({PREFIX}LMTP)")
    host, port = desk.settings.lmtp
    ready = supervisor.join_supervisor()
    lines.write_in_background()
    try:
        serve_lmtp(desk, utc_now, host, port, ready)
    except OSError as error:
        words = os.strerror(error.errno or 0)
        raise click.ClickException(f"Can't take mail on {host}, port {port}: {words}. Choose another.") from error


def begin(desk: Services) -> None:
    """What every serving process does first: nobody restores meanwhile, and its files are where all see them."""
    running.hold(desk.settings)
    _refuse_without_tables(desk)
    try:
        shared_files.begin(desk)
    except shared_files.NotShared as reason:
        raise click.ClickException(str(reason)) from reason
    except (DBAPIError, OSError):
        # What is away may come back; until then tickets come without files.
        return


def _refuse_without_tables(desk: Services) -> None:
    """Nothing would work and every answer be an error; a database that is away may come back, and is waited for."""
    path = make_url(desk.settings.database_url).database or ""
    sqlite = desk.database.engine.dialect.name == "sqlite"
    try:
        # Looking never makes an empty file.
        empty = (sqlite and not Path(path).exists()) or schema.current_revision(desk.database) is None
    except DBAPIError:
        return
    if empty:
        raise click.ClickException("There is no database yet. Make it: formapp db upgrade")

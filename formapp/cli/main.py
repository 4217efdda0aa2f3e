"""``formapp``: the operator's commands. A mistake gets a sentence and exit code 1, never a traceback."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

import click
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from formapp import supervisor, worker
from formapp.accounts import magic_links
from formapp.actors import OPERATOR
from formapp.best_effort import best_effort
from formapp.cli import operations
from formapp.cli.audit import audit
from formapp.cli.context import with_desk
from formapp.cli.docs import docs
from formapp.cli.mail import mail
from formapp.cli.outbox import outbox
from formapp.cli.people import account, member, project
from formapp.cli.person import person
from formapp.cli.policy import policy
from formapp.cli.search import search
from formapp.cli.webhooks import webhook
from formapp.database import schema
from formapp.demo import company as demo
from formapp.demo import tickets as demo_tickets
from formapp.errors import UseCaseError
from formapp.hours import banner, closures
from formapp.logs import lines, log
from formapp.models import LARGEST_ID
from formapp.operations import policy_in_use, running, shared_files
from formapp.operations.missing import missing
from formapp.services import Services, utc_now
from formapp.setting_names import PREFIX
from formapp.setting_values import BadSetting, not_writable
from formapp.settings import settings_from
from formapp.widgets.built_site import site_path
from supportpolicy import PolicyError


class Commands(click.Group):
    """Turns what can go wrong into a sentence."""

    def invoke(self, context: click.Context) -> Any:  # noqa: ANN401 - click's signature
        """Run the command."""
        try:
            return super().invoke(context)
        except UseCaseError as refused:
            raise click.ClickException(refused.message) from refused
        except (BadSetting, PolicyError) as error:
            raise click.ClickException(str(error)) from error
        except DBAPIError as error:
            raise click.ClickException(f"The database can't be used: {error.orig}. Try: formapp db upgrade") from error


@click.group(cls=Commands)
@click.pass_context
def main(context: click.Context) -> None:
    """The help desk that keeps what the guide promises. Settings are FORMAPP_... environment variables."""
    context.obj = None


for group in (account, project, member):
    main.add_command(group)
main.add_command(webhook)
main.add_command(outbox)
main.add_command(mail)
main.add_command(person)
main.add_command(audit)
main.add_command(search)
main.add_command(policy)
main.add_command(docs)
for command in (operations.examine, operations.backup, operations.restore):
    main.add_command(command)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web processes.")
@click.option("--threads", default=4, show_default=True, help="Threads in each.")
@click.option("--no-worker", is_flag=True, help="Start no outbox worker; one runs elsewhere.")
@with_desk
def serve(desk: Services, host: str, port: int, workers: int, threads: int, no_worker: bool) -> None:
    """Serve the guide and the desk, with one outbox worker beside them; each is started again when it dies."""
    _begin(desk)
    try:
        listener = supervisor.listen(host, port)
    except OSError as error:
        raise click.ClickException(
            f"Can't listen on {host}, port {port}: {os.strerror(error.errno or 0)}. Choose another."
        ) from error
    web = supervisor.own_command("web", f"--listener={listener.fileno()}", f"--threads={threads}")
    # An edited file counts from the next reload on, and a broken one never: what runs is this copy.
    try:
        same = {f"{PREFIX}POLICY": str(policy_in_use.take(desk.settings))}
    except OSError as error:
        raise not_writable(desk.settings.var, error) from None
    processes = [
        supervisor.Process(f"web {number}", web, [listener.fileno()], same) for number in range(1, workers + 1)
    ]
    if not no_worker:
        processes.append(supervisor.Process("worker", supervisor.own_command("worker"), environment=same))
    if desk.settings.lmtp is not None:
        processes.append(supervisor.Process("lmtp", supervisor.own_command("lmtp"), environment=same))
    _say_what_is_there(desk, host, listener.getsockname()[1], with_worker=not no_worker)
    log.info("listening", host=host, port=listener.getsockname()[1], people_come_to=desk.settings.base_url)
    lines.write_in_background()
    supervisor.supervise(processes)


def _say_what_is_there(desk: Services, host: str, port: int, *, with_worker: bool) -> None:
    """For people, and so beside the log: the address, and what is missing."""
    with_guide = "The guide and the help desk" if desk.settings.site_dir else "The help desk"
    path = site_path(desk.settings.site_dir) if desk.settings.site_dir else "/support/"
    sentences = [f"\n  {with_guide}: {desk.settings.base_url}{path}\n"]
    if todo := list(missing(desk, host, port, with_worker=with_worker)):
        sentences += ["  What is missing:\n", *(f"  - {sentence}\n" for sentence in todo)]
    click.echo("".join(sentences), err=True)


def _begin(desk: Services) -> None:
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


@main.command()
@with_desk
def reload(desk: Services) -> None:
    """Let the running desk take up the edited policy file, after checking it; nobody is interrupted."""
    try:
        policy_in_use.reload(desk.settings)
    except policy_in_use.NotRunning as reason:
        raise click.ClickException(str(reason)) from reason
    click.echo(f"The desk takes up policy version {desk.policy.version[:12]}.")


@main.command(hidden=True)
@click.option("--listener", type=int, required=True, help="The number of the open socket to serve on.")
@click.option("--threads", default=4, show_default=True)
def web(listener: int, threads: int) -> None:
    """One web process of ``serve``."""
    from formapp.server import serve_web

    ready = supervisor.join_supervisor()
    lines.write_in_background()
    running.hold(settings_from())
    serve_web(socket.socket(fileno=listener), threads=threads, ready=ready)


@main.command(name="lmtp", hidden=True)
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


@main.command(name="worker")
@click.option("--once", is_flag=True, help="Send what is due, then end.")
@with_desk
def run_worker(desk: Services, once: bool) -> None:
    """Send what the outbox holds; any number of workers may run."""
    if once:
        click.echo(f"{worker.run_once(desk, utc_now)} tried")
        return
    _begin(desk)
    ready = supervisor.join_supervisor()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    lines.write_in_background()
    ready()
    worker.run(desk, utc_now, stop)


@main.group()
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


@main.group()
def closure() -> None:
    """Time when support is closed during its usual hours."""


@closure.command(name="add")
@click.argument("start")
@click.argument("end")
@click.argument("note")
@with_desk
def closure_add(desk: Services, start: str, end: str, note: str) -> None:
    """Announce a closure, as in: closure add 2026-12-24T12:00 2026-12-28T09:00 "Winter break".

    Times are those of the policy's zone. Tickets already sent keep their dates.
    """
    now = utc_now()
    zone = desk.policy.calendar.zone
    begins, ends = closures.local_instant(start, "start", zone), closures.local_instant(end, "end", zone)
    made = closures.add_closure(desk, OPERATOR, begins, ends, note, now)
    with best_effort("the file of closures"):
        banner.write(desk, now)
    click.echo(f"Announced closure {made.id}. {banner.sentence(made, zone, now)}")


@closure.command(name="list")
@with_desk
def closure_list(desk: Services) -> None:
    """List the closures that are not over."""
    now = utc_now()
    for found in closures.upcoming_closures(desk, now):
        click.echo(f"{found.id}\t{banner.sentence(found, desk.policy.calendar.zone, now)}")


@closure.command(name="cancel")
@click.argument("number", type=click.IntRange(1, LARGEST_ID))
@with_desk
def closure_cancel(desk: Services, number: int) -> None:
    """Cancel a closure; tickets that were already sent keep their dates."""
    now = utc_now()
    closures.cancel_closure(desk, OPERATOR, number, now)
    with best_effort("the file of closures"):
        banner.write(desk, now)
    click.echo(f"Cancelled closure {number}.")


@main.command(name="signin-link")
@click.argument("email")
@with_desk
def signin_link(desk: Services, email: str) -> None:
    """Print a one-time sign-in link for a person."""
    click.echo(magic_links.create_link(desk, email, utc_now()))


@main.command(name="demo")
@with_desk
def add_demo(desk: Services) -> None:
    """Fill a new database with a made-up company."""
    now = utc_now()
    if demo.add_demo(desk, now):
        demo_tickets.add_demo_tickets(desk, now)
        click.echo("Added demo accounts, projects and tickets.")
    else:
        click.echo("This database has accounts already, so nothing was added.")

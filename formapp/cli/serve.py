"""``formapp serve`` and ``reload``: the whole desk on this machine, and the policy that it runs by."""

from __future__ import annotations

import os

import click

from formapp import supervisor
from formapp.cli.context import with_desk
from formapp.cli.processes import begin
from formapp.logs import lines, log
from formapp.operations import policy_in_use
from formapp.operations.missing import missing
from formapp.services import Services
from formapp.setting_names import PREFIX
from formapp.setting_values import not_writable
from formapp.widgets.built_site import site_path


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, help="Port to listen on.")
@click.option("--workers", default=2, show_default=True, help="Web processes.")
@click.option("--threads", default=4, show_default=True, help="Threads in each.")
@click.option("--no-worker", is_flag=True, help="Start no outbox worker; one runs elsewhere.")
@with_desk
def serve(desk: Services, host: str, port: int, workers: int, threads: int, no_worker: bool) -> None:
    """Serve the guide and the desk, with one outbox worker beside them; each is started again when it dies."""
    begin(desk)
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


@click.command()
@with_desk
def reload(desk: Services) -> None:
    """Let the running desk take up the edited policy file, after checking it; nobody is interrupted."""
    try:
        policy_in_use.reload(desk.settings)
    except policy_in_use.NotRunning as reason:
        raise click.ClickException(str(reason)) from reason
    click.echo(f"The desk takes up policy version {desk.policy.version[:12]}.")


def _say_what_is_there(desk: Services, host: str, port: int, *, with_worker: bool) -> None:
    """For people, and so beside the log: the address, and what is missing."""
    with_guide = "The guide and the help desk" if desk.settings.site_dir else "The help desk"
    path = site_path(desk.settings.site_dir) if desk.settings.site_dir else "/support/"
    sentences = [f"\n  {with_guide}: {desk.settings.base_url}{path}\n"]
    if todo := list(missing(desk, host, port, with_worker=with_worker)):
        sentences += ["  What is missing:\n", *(f"  - {sentence}\n" for sentence in todo)]
    click.echo("".join(sentences), err=True)

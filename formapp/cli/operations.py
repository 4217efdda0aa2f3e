"""``formapp doctor``, ``backup`` and ``restore``: the operator's commands that look after what the desk keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy.exc import DBAPIError

from formapp import audit
from formapp.attachments import service as attachments
from formapp.cli.context import desk_of, with_desk
from formapp.operations import backup as backups
from formapp.operations import doctor, shared_files
from formapp.operations.backup import Copied
from formapp.operations.doctor import Finding, Report
from formapp.operations.person import erase
from formapp.services import Services, utc_now
from formapp.setting_values import BadSetting
from supportpolicy import PolicyError


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")
@click.option(
    "--contents",
    is_flag=True,
    help="Compare every attached file with what was sent, and search's words with the texts.",
)
@click.option("--sweep", is_flag=True, help="First remove the files that nobody attached in time.")
@click.option("--adopt-files", is_flag=True, help="First say that this file store is the one of the database.")
@click.option("--through", is_flag=True, help="Also ask the public address for what the web server lets through.")
@click.pass_context
def examine(
    context: click.Context, as_json: bool, contents: bool, sweep: bool, adopt_files: bool, through: bool
) -> None:
    """Check the desk: the database, what it holds, the files, the mail server. Exit code 1 where there are problems."""
    swept = None
    try:
        desk, now = desk_of(context), utc_now()
        if adopt_files:
            shared_files.adopt(desk)
        swept = _sweep(desk, now) if sweep else None
        report = doctor.examine(desk, now, contents=contents, from_outside=through)
    except (BadSetting, PolicyError, OSError) as error:
        report = doctor.unusable(error)
    if as_json:
        click.echo(json.dumps(_plain(report, swept), indent=1))
    else:
        click.echo(_in_words(report, swept))
    if not report.sound:
        raise click.exceptions.Exit(1)


@click.command(name="backup")
@click.argument("folder", type=click.Path(path_type=Path))
@with_desk
def backup(desk: Services, folder: Path) -> None:
    """Copy database and files to a new FOLDER while the desk runs, and check the copy."""
    copied = backups.make_backup(desk, folder, utc_now())
    click.echo(f"Copied {_amount(copied)} to {copied.place}.")
    _end_by(copied)


@click.command(name="restore")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite the tickets that are there; they are copied aside first.")
@with_desk
def restore(desk: Services, folder: Path, force: bool) -> None:
    """Put the backup in FOLDER in the place of the desk's database and files."""
    copied = backups.restore(desk, folder, utc_now(), force=force)
    if copied.saved:
        click.echo(f"The database that was there is now {copied.saved}.")
    click.echo(f"Restored {_amount(copied)}.")
    if again := erase.erase_again(desk, audit.command_line(), utc_now()):
        click.echo(f"Erased again whom the backup still held: {again}.")
    _end_by(copied)


def _amount(copied: Copied) -> str:
    return f"{_count(copied.tickets, 'ticket')} and {_count(copied.files, 'file')}"


def _end_by(copied: Copied) -> None:
    """Say what the doctor says of a copy, and end by its verdict."""
    for finding in copied.report.findings:
        click.echo(_told(finding))
    if not copied.report.sound:
        raise click.ClickException("The copy has the problems above; it was kept all the same")
    click.echo("The copy is sound.")


def _sweep(desk: Services, now: datetime) -> int | None:
    """Remove unused files; None where the database can't tell which are: the doctor then says why."""
    try:
        return attachments.remove_expired(desk, now)
    except DBAPIError:
        return None


def _plain(report: Report, swept: int | None) -> dict[str, object]:
    return {
        "sound": report.sound,
        "swept": swept,
        "checks": list(report.checks),
        "findings": [asdict(finding) for finding in report.findings],
    }


def _in_words(report: Report, swept: int | None) -> str:
    removed = [] if swept is None else [f"Removed {_count(swept, 'file')} that nobody attached in time.\n"]
    problems = len(report.problems)
    warnings = len(report.findings) - problems
    verdict = "The desk is sound" if report.sound else "The desk is not sound"
    counted = f"{_count(len(report.checks), 'check')}, {_count(problems, 'problem')}, {_count(warnings, 'warning')}"
    return "\n".join([*removed, *map(_told, report.findings), f"{verdict}: {counted}."])


def _told(finding: Finding) -> str:
    return f"{finding.level.capitalize()} ({finding.check}) {finding.where}\n  {finding.what}\n  {finding.do}\n"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"

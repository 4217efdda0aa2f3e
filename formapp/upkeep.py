"""``formapp doctor``: the operator's command that looks after what the desk keeps."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import click
from sqlalchemy.exc import DBAPIError

from formapp import attachments, doctor
from formapp.commands import desk_of
from formapp.doctor import Finding, Report
from formapp.services import Services, utc_now
from formapp.settings import BadSetting
from supportpolicy import PolicyError


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")
@click.option("--contents", is_flag=True, help="Read every attached file and compare it with what was sent.")
@click.option("--sweep", is_flag=True, help="First remove the files that nobody attached in time.")
@click.pass_context
def examine(context: click.Context, as_json: bool, contents: bool, sweep: bool) -> None:
    """Check the desk: the database, what it holds, the files, the mail server. Exit code 1 where there are problems."""
    swept = None
    try:
        desk, now = desk_of(context), utc_now()
        swept = _sweep(desk, now) if sweep else None
        report = doctor.examine(desk, now, contents=contents)
    except (BadSetting, PolicyError, OSError) as error:
        report = doctor.unusable(error)
    if as_json:
        click.echo(json.dumps(_plain(report, swept), ensure_ascii=False, indent=1))
    else:
        click.echo(_in_words(report, swept))
    if not report.sound:
        raise click.exceptions.Exit(1)


def _sweep(desk: Services, now: datetime) -> int | None:
    """Remove unused files; None where the database can't tell which are: the doctor then says why."""
    try:
        return attachments.sweep(desk, now)
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

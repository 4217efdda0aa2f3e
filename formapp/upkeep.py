"""``formapp doctor``: the operator's command that looks after what the desk keeps."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from formapp import doctor
from formapp.commands import desk_of
from formapp.doctor import Finding, Report
from formapp.services import utc_now
from formapp.settings import BadSetting
from supportpolicy import PolicyError


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for programs.")
@click.pass_context
def examine(context: click.Context, as_json: bool) -> None:
    """Check the desk: the database, what it holds, the files, the mail server. Exit code 1 where there are problems."""
    try:
        report = doctor.examine(desk_of(context), utc_now())
    except (BadSetting, PolicyError, OSError) as error:
        report = doctor.unusable(error)
    click.echo(json.dumps(_plain(report), ensure_ascii=False, indent=1) if as_json else _in_words(report))
    if not report.sound:
        raise click.exceptions.Exit(1)


def _plain(report: Report) -> dict[str, object]:
    return {
        "sound": report.sound,
        "checks": list(report.checks),
        "findings": [asdict(finding) for finding in report.findings],
    }


def _in_words(report: Report) -> str:
    problems = len(report.problems)
    warnings = len(report.findings) - problems
    verdict = "The desk is sound" if report.sound else "The desk is not sound"
    counted = f"{_count(len(report.checks), 'check')}, {_count(problems, 'problem')}, {_count(warnings, 'warning')}"
    return "\n".join([*map(_told, report.findings), f"{verdict}: {counted}."])


def _told(finding: Finding) -> str:
    return f"{finding.level.capitalize()} ({finding.check}) {finding.where}\n  {finding.what}\n  {finding.do}\n"


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"

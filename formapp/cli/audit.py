"""``formapp audit``: the audit log at the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

import click

from formapp import audit as audit_log
from formapp.accounts.accounts import find_account_by_email
from formapp.cli.context import with_desk
from formapp.errors import NotFound
from formapp.services import Services

PAGE = 500


@click.group()
def audit() -> None:
    """Who did what, when and from where: sign-ins, refusals, exports, changes of people."""


@audit.command(name="list")
@click.option("--person", default="", metavar="ADDRESS", help="Only what this person did, or was done to them.")
@click.option("--kind", default="", type=click.Choice(["", *audit_log.KINDS]), help="Only lines of this kind.")
@click.option("--most", default=100, show_default=True, type=click.IntRange(1), help="So many lines, the newest.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@with_desk
def audit_list(desk: Services, person: str, kind: str, most: int, as_json: bool) -> None:
    """List the audit log, newest first."""
    account = find_account_by_email(desk, person) if person else None
    if person and account is None:
        raise NotFound(f"There is no account for {person}")
    before, left = None, most
    while left:
        found = audit_log.entries(
            desk, account_id=account.id if account else None, kind=kind, before=before, most=min(left, PAGE)
        )
        for entry in found:
            click.echo(json.dumps(asdict(entry), default=_as_text) if as_json else _line(entry))
        left -= len(found)
        if len(found) < PAGE:
            return
        before = found[-1].id


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _line(entry: audit_log.Entry) -> str:
    details = ", ".join(f"{name}: {value}" for name, value in entry.details.items())
    about = f" of {entry.subject_email}" if entry.subject_email else ""
    said = f"{audit_log.KINDS.get(entry.kind, entry.kind)}{about}"
    return "\t".join((f"{entry.at:%Y-%m-%d %H:%M:%S} UTC", entry.email or "-", entry.origin, said, details))

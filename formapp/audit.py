"""The audit log: sign-ins, refusals, exports, messages sent again, and changes of people.

Who, when, from where, what: never what was typed, a token or a link, so a name or an address stands in
it only by the number of the account. It is added to and nothing else; the database's triggers see to
that. What must be recorded is recorded in its own transaction (``record``); of what only comes by,
such as a refused page, a record that fails is logged and fails nobody's answer (``note``).
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.models import LARGEST_ID, Account, AuditEntry
from formapp.services import Services
from formapp.translation import gettext_noop

KINDS: Mapping[str, str] = {
    "signed-in": gettext_noop("Signed in"),
    "sign-in-refused": gettext_noop("Was refused a sign-in"),
    "sign-in-link-printed": gettext_noop("Printed a sign-in link"),
    "signed-out": gettext_noop("Signed out"),
    "permission-refused": gettext_noop("Was refused a page"),
    "tickets-exported": gettext_noop("Exported tickets"),
    "person-exported": gettext_noop("Exported a person"),
    "person-erased": gettext_noop("Erased a person"),
    "message-sent-again": gettext_noop("Sent a message again"),
    "account-added": gettext_noop("Added an account"),
    "account-disabled": gettext_noop("Disabled an account"),
    "member-added": gettext_noop("Added to a project"),
    "member-removed": gettext_noop("Removed from a project"),
    "audit-pruned": gettext_noop("Pruned the audit log"),
}
"""What is recorded, with the words that people read, in English."""
REPEATED_WITHIN = timedelta(minutes=1)
"""A refusal like the last one counts once a minute, so that nobody fills the log by asking."""
_LONGEST_ORIGIN = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, and from where. ``account_id`` is None for an operator, or for somebody whom nobody knows."""

    account_id: int | None
    place: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log with the names as they are now; "" where nobody is meant."""

    id: int
    at: datetime
    kind: str
    name: str
    email: str
    subject_name: str
    subject_email: str
    origin: str
    details: dict[str, Any]


def command_line() -> Origin:
    """An operator at the command line, known by the name of the system's user."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    return Origin(None, f"command line, {user}")


def record(
    database: Session,
    kind: str,
    by: Origin,
    now: datetime,
    *,
    subject_id: int | None = None,
    details: Mapping[str, str | int | bool] | None = None,
) -> None:
    """Add a line inside the caller's transaction: what it tells of happens with it or not at all."""
    if kind not in KINDS:
        raise ValueError(f"the audit log has no {kind}")
    database.add(
        AuditEntry(
            at=now,
            kind=kind,
            account_id=by.account_id,
            subject_id=subject_id,
            origin=by.place[:_LONGEST_ORIGIN],
            details=dict(details or {}),
        )
    )


def record_alone(
    services: Services, kind: str, by: Origin, now: datetime, *, details: Mapping[str, str | int | bool] | None = None
) -> None:
    """Add a line before something that writes nothing itself; it must not go on where this fails."""
    with services.write.begin() as database:
        record(database, kind, by, now, details=details)


def note(
    services: Services,
    kind: str,
    by: Origin,
    now: datetime,
    *,
    subject_id: int | None = None,
    details: Mapping[str, str | int | bool] | None = None,
) -> None:
    """Add a line where nothing depends on it: one that can't be written is logged. A repeat counts once a minute."""
    with best_effort(f"an audit line, {kind}"), services.write.begin(patience=BRIEFLY) as database:
        lately = select(AuditEntry.details).where(
            AuditEntry.at > now - REPEATED_WITHIN,
            AuditEntry.kind == kind,
            AuditEntry.account_id == by.account_id,
            AuditEntry.origin == by.place[:_LONGEST_ORIGIN],
        )
        if not kind.endswith("-refused") or dict(details or {}) not in database.scalars(lately).all():
            record(database, kind, by, now, subject_id=subject_id, details=details)


def entries(
    services: Services,
    *,
    account_id: int | None = None,
    kind: str = "",
    before: int | None = None,
    most: int = 50,
) -> tuple[Entry, ...]:
    """Lines of the log, newest first; the next page begins ``before`` the last one's number.

    With ``account_id`` only what this person did, or what was done to this person.
    """
    subject = aliased(Account)
    chosen = (
        select(AuditEntry, Account.name, Account.email, subject.name.label("to"), subject.email.label("to_email"))
        .outerjoin(Account, Account.id == AuditEntry.account_id)
        .outerjoin(subject, subject.id == AuditEntry.subject_id)
        .order_by(AuditEntry.id.desc())
        .limit(most)
    )
    if account_id is not None:
        chosen = chosen.where(or_(AuditEntry.account_id == account_id, AuditEntry.subject_id == account_id))
    if kind:
        chosen = chosen.where(AuditEntry.kind == kind)
    if before is not None:
        chosen = chosen.where(AuditEntry.id < min(before, LARGEST_ID))
    with services.read() as database:
        return tuple(
            Entry(
                row.AuditEntry.id,
                row.AuditEntry.at,
                row.AuditEntry.kind,
                row.name or "",
                row.email or "",
                row.to or "",
                row.to_email or "",
                row.AuditEntry.origin,
                row.AuditEntry.details,
            )
            for row in database.execute(chosen)
        )

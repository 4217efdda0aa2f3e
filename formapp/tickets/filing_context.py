"""What the database must say before a ticket is stored: who sends it, for which project, and if it came before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, exists, func, or_, select, text

from formapp.errors import ProjectClosed, SubmissionReused, UnknownProject
from formapp.hours import closures
from formapp.models import Account, Membership, Project, Ticket, reference_of
from formapp.policies import IS_STORED
from formapp.tickets import follow_up
from formapp.tickets.ticket_input import TicketInput

# A form without an id of its own (a static page without script) sent again within this time is the same.
SAME_FORM = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class FiledTicket:
    """What the sender needs to know of a stored ticket; instants are aware UTC."""

    id: int
    opened_at: datetime
    response_due_at: datetime | None
    resolution_due_at: datetime | None

    @property
    def reference(self) -> str:
        """The reference that people see."""
        return reference_of(self.id)


@dataclass(frozen=True, slots=True)
class FilingContext:
    """What the database says of a filing: who sends, for which project, and a ticket that this form has filed.

    ``sent_within_hour`` is how many tickets the person has sent in the last hour, for any project; ``has_closures``
    says that closures count for this ticket, ``policy_is_stored`` that one was filed under this policy before.
    """

    account_id: int
    email: str
    name: str
    language: str | None
    project_id: int
    project_name: str
    sent_within_hour: int
    has_closures: bool
    policy_is_stored: bool
    earlier: FiledTicket | None
    follows_id: int | None = None


_SENT_SINCE = (
    select(func.count())
    .where(Ticket.account_id == bindparam("account_id"), Ticket.opened_at > bindparam("an_hour_ago"))
    .scalar_subquery()
)
_IS_SAME_FORM = (Ticket.account_id == bindparam("account_id")) & or_(
    Ticket.submission == bindparam("submission"),
    # Without an id, or with a new one: going back may fetch the page anew and keep only what was typed.
    (Ticket.digest == bindparam("digest")) & (Ticket.opened_at > bindparam("just_before")),
)
# One question; what it finds to be there, which is rare, is read by a second one.
_CONTEXT = (
    select(
        Account.email,
        Account.name,
        Account.language,
        Project.id,
        Project.name.label("project"),
        Project.is_active,
        _SENT_SINCE.label("sent"),
        closures.ANY_KNOWN.label("has_closures"),
        IS_STORED.label("policy_is_stored"),
        exists().where(_IS_SAME_FORM).label("was_filed"),
    )
    .join(Membership, Membership.account_id == Account.id)
    .join(Project, Project.id == Membership.project_id)
    .where(Account.id == bindparam("account_id"), Account.disabled_at.is_(None), Project.key == bindparam("project"))
)
_EARLIER = (
    select(
        Ticket.id,
        Ticket.opened_at,
        Ticket.response_due_at,
        Ticket.resolution_due_at,
        Ticket.submission,
        Ticket.digest,
    )
    .where(_IS_SAME_FORM)
    .order_by(Ticket.id)
)


def load_context(
    connection: Connection, policy_version: str, account_id: int, sent: TicketInput, digest: str, now: datetime
) -> FilingContext:
    """What a filing must know. Raises UnknownProject, ProjectClosed, SubmissionReused."""
    if connection.dialect.name == "postgresql":
        # Two workers mustn't both find nothing; SQLite has one writer at a time anyway.
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(digest[:15], 16)})
    known = {
        **_known_of_form(account_id, sent.submission, digest, now),
        "project": sent.project,
        "an_hour_ago": now - timedelta(hours=1),
        "policy_version": policy_version,
        "set_at": now,
        "since": now,
    }
    sender = connection.execute(_CONTEXT, known).one_or_none()
    if sender is None:
        raise UnknownProject
    if not sender.is_active:
        raise ProjectClosed
    earlier = filed_before(connection, account_id, sent.submission, digest, now) if sender.was_filed else None
    return FilingContext(
        account_id,
        sender.email,
        sender.name,
        sender.language,
        sender.id,
        sender.project,
        sender.sent,
        sender.has_closures,
        sender.policy_is_stored,
        earlier,
        follow_up.followed_number(connection, account_id, sent.follows) if sent.follows else None,
    )


def filed_before(
    connection: Connection, account_id: int, submission: str, digest: str, now: datetime
) -> FiledTicket | None:
    """The ticket that this form has filed already. Raises SubmissionReused where its text was another."""
    found = connection.execute(_EARLIER, _known_of_form(account_id, submission, digest, now)).all()
    used = next((row for row in found if row.submission == submission), None)
    if used is not None and used.digest != digest:
        raise SubmissionReused(reference_of(used.id))
    same = used or next(iter(found), None)
    return FiledTicket(*same[:4]) if same is not None else None


def _known_of_form(account_id: int, submission: str, digest: str, now: datetime) -> dict[str, Any]:
    """What tells whether a form was filed before."""
    return {"account_id": account_id, "submission": submission, "digest": digest, "just_before": now - SAME_FORM}

"""Closed time is a pause of the answer's deadline; messages are shown as typed; files of people signed out are counted.

For tickets that were closed and reopened by an earlier release before anybody answered them, the deadline of the
answer moves by as much as counted of that time, and a warning that came before the new one is taken back. Messages
that were rendered otherwise are rendered anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime
from supportpolicy import Closure, Pause, Policy

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NO_DEADLINE = datetime(9999, 12, 31, tzinfo=UTC)
TICKETS = sa.table(
    "tickets",
    sa.column("id", sa.Integer),
    sa.column("priority", sa.String),
    sa.column("policy_version", sa.String),
    sa.column("state", sa.String),
    sa.column("opened_at", UtcDateTime),
    sa.column("answered_at", UtcDateTime),
    sa.column("response_due_at", UtcDateTime),
    sa.column("resolution_due_at", UtcDateTime),
    sa.column("queue_at", UtcDateTime),
    sa.column("notice_at", UtcDateTime),
)
EVENTS = sa.table(
    "events",
    sa.column("ticket_id", sa.Integer),
    sa.column("sequence", sa.Integer),
    sa.column("kind", sa.String),
    sa.column("at", UtcDateTime),
    sa.column("details", sa.JSON),
)
CLOSURES = sa.table(
    "closures",
    sa.column("starts_at", UtcDateTime),
    sa.column("ends_at", UtcDateTime),
    sa.column("note", sa.String),
    sa.column("created_at", UtcDateTime),
    sa.column("cancelled_at", UtcDateTime),
)
POLICIES = sa.table("policies", sa.column("version", sa.String), sa.column("canonical", sa.Text))
NOTICES = sa.table(
    "clock_notices", sa.column("ticket_id", sa.Integer), sa.column("target", sa.String), sa.column("at", UtcDateTime)
)


def upgrade() -> None:
    op.create_table(
        "anonymous_files",
        sa.Column("key", sa.String(64), nullable=False, comment="Its key in the file store"),
        sa.Column("size", sa.Integer(), nullable=False, comment="Size in bytes"),
        sa.Column("staged_at", UtcDateTime(), nullable=False, comment="When it came"),
        sa.PrimaryKeyConstraint("key", name="pk_anonymous_files"),
    )
    op.create_index("ix_anonymous_files_staged_at", "anonymous_files", ["staged_at"])
    database = op.get_bind()
    # The worker renders them anew: earlier releases left out signs that were typed.
    database.execute(sa.update(sa.table("messages", sa.column("html", sa.Text))).values(html=None))
    reopened = sa.select(EVENTS.c.ticket_id).where(EVENTS.c.kind == "reopened")
    rows = database.execute(sa.select(EVENTS).where(EVENTS.c.ticket_id.in_(reopened)).order_by(EVENTS.c.sequence))
    histories: dict[int, list[Any]] = defaultdict(list)
    for event in rows:
        histories[event.ticket_id].append(event)
    tickets = database.execute(sa.select(TICKETS).where(TICKETS.c.id.in_(reopened), TICKETS.c.state != "closed"))
    for ticket in tickets.all():
        history = histories[ticket.id]
        closed = _closed_before_answer(history, ticket.answered_at)
        if closed and ticket.response_due_at is not None:
            _move(database, ticket, _deadline(database, ticket, history, closed), closed[-1][1] or ticket.opened_at)


def _closed_before_answer(history: Sequence[Any], answered_at: datetime | None) -> list[Pause]:
    found: list[Pause] = []
    since: datetime | None = None
    for event in history:
        change = event.details.get("state")
        if not change:
            continue
        if since is not None and (answered_at is None or since < answered_at):
            found.append((since, event.at))
        since = event.at if change[1] == "closed" else None
    return found


def _deadline(
    database: sa.Connection,
    ticket: Any,  # noqa: ANN401 - a row
    history: Sequence[Any],
    closed: Sequence[Pause],
) -> datetime | None:
    set_at = ticket.opened_at
    for event in history:
        if event.kind == "priority-changed" and event.details["priority"][0] != event.details["priority"][1]:
            set_at = event.at
    counted = database.execute(
        sa.select(CLOSURES.c.starts_at, CLOSURES.c.ends_at, CLOSURES.c.note).where(
            CLOSURES.c.ends_at > ticket.opened_at,
            CLOSURES.c.created_at <= set_at,
            sa.or_(CLOSURES.c.cancelled_at.is_(None), CLOSURES.c.cancelled_at > set_at),
        )
    )
    closures = [Closure(start, end, note) for start, end, note in counted]
    stored = sa.select(POLICIES.c.canonical).where(POLICIES.c.version == ticket.policy_version)
    policy = Policy.from_canonical(database.execute(stored).scalar_one())
    found = policy.deadlines(ticket.priority, ticket.opened_at, closures=closures, response_pauses=closed)
    return found.response_due


def _move(database: sa.Connection, ticket: Any, due: datetime | None, reopened_at: datetime) -> None:  # noqa: ANN401
    values: dict[str, Any] = {"response_due_at": due}
    if ticket.answered_at is None:
        resolution = ticket.resolution_due_at if ticket.state == "open" else None
        values["queue_at"] = min((one for one in (due, resolution) if one is not None), default=NO_DEADLINE)
        # The clock looks at it in its next round, and says anew what there is to say.
        values["notice_at"] = reopened_at
        early = NOTICES.c.at < due if due is not None else sa.true()
        database.execute(
            sa.delete(NOTICES).where(NOTICES.c.ticket_id == ticket.id, NOTICES.c.target == "response", early)
        )
    database.execute(sa.update(TICKETS).where(TICKETS.c.id == ticket.id).values(values))


def downgrade() -> None:
    """The deadlines stay as they are: an earlier release never looks at them again."""
    op.drop_table("anonymous_files")

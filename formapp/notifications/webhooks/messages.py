"""What a webhook says, and its way into the outbox: public facts alone, those of the customer's own page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from formapp.database.upsert import insert_for
from formapp.models import OutboxMessage, Project, Ticket, WebhookEndpoint, reference_of

CHANNEL = "webhook"
# The type under which an event of a ticket is published; those that aren't here, such as notes, never are.
_TOLD = {
    "opened": "ticket.created",
    "created": "ticket.created",
    "replied": "ticket.replied",
    "priority-changed": "ticket.priority_changed",
    "due-soon": "ticket.due_soon",
    "missed": "ticket.missed",
    "closed": "ticket.closed",
}
EVENT_TYPES = tuple(dict.fromkeys(_TOLD.values()))


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What a receiver learns of a ticket. Each field is public; whatever isn't here is never sent.

    ``project`` is the project's key, ``base_url`` the desk's address; instants are aware.
    """

    ticket_id: int
    project_id: int
    project: str
    subject: str
    priority: str
    state: str
    opened_at: datetime
    response_due_at: datetime | None
    resolution_due_at: datetime | None
    closed_at: datetime | None
    base_url: str


def facts_of(ticket: Ticket, project: Project, base_url: str) -> TicketFacts:
    """The public facts of a ticket as it stands now."""
    return TicketFacts(
        ticket_id=ticket.id,
        project_id=ticket.project_id,
        project=project.key,
        subject=ticket.subject,
        priority=ticket.priority,
        state=ticket.state,
        opened_at=ticket.opened_at,
        response_due_at=ticket.response_due_at,
        resolution_due_at=ticket.resolution_due_at,
        closed_at=ticket.closed_at,
        base_url=base_url,
    )


def enqueue(
    database: Session,
    kind: str,
    facts: TicketFacts,
    now: datetime,
    *,
    sequence: int,
    by: str | None = None,
    target: str | None = None,
    previous_priority: str | None = None,
) -> int:
    """Write one message for each endpoint that subscribes to this, inside the caller's transaction.

    Returns how many endpoints that are; an event of a kind that no webhook publishes is passed over.
    ``sequence`` is the event's number within its ticket: the message ids are made of it, so that
    telling one event twice writes nothing twice. ``facts`` are those after the event, ``now`` is when
    it happened, ``by`` who did it ("customer" or "support"); ``target`` ("response" or "resolution") goes
    with due-soon and missed, ``previous_priority`` with priority-changed.
    """
    event = _TOLD.get(kind)
    if event is None:
        return 0
    subscribed = _subscribed(database, event, facts.project_id)
    if not subscribed:
        return 0
    extra = {"by": by, "target": target, "previous_priority": previous_priority}
    body = message_body(event, now, _public(facts) | {name: value for name, value in extra.items() if value})
    rows = [
        {
            "channel": CHANNEL,
            "kind": event,
            "ticket_id": facts.ticket_id,
            "recipient": recipient_of(endpoint),
            "payload": body,
            "message_id": f"msg_{reference_of(facts.ticket_id)}_{sequence}_{endpoint}",
            "created_at": now,
            "next_attempt_at": max(now, paused_until or now),
        }
        for endpoint, paused_until in subscribed
    ]
    database.execute(insert_for(database, OutboxMessage).on_conflict_do_nothing(), rows)
    return len(rows)


def enqueue_announced(
    database: Session, announcement: OutboxMessage, ticket: Ticket, project: Project, base_url: str
) -> int:
    """Write the messages of a published event, with the facts as they were then; for how many endpoints.

    The ticket may have gone on since; what the announcement doesn't say of it never changes.
    """
    said = announcement.payload
    facts = replace(
        facts_of(ticket, project, base_url),
        priority=said["priority"],
        state=said["state"],
        response_due_at=_parsed(said["response_due"]),
        resolution_due_at=_parsed(said["resolution_due"]),
        closed_at=announcement.created_at if said["state"] == "closed" else None,
    )
    by = "support" if said["by_staff"] else "customer"
    return enqueue(
        database,
        announcement.kind,
        facts,
        announcement.created_at,
        sequence=said["event"],
        by=by if said["by"] is not None else None,
        target=said.get("target"),
        previous_priority=said.get("priority_before", [None])[0],
    )


def _parsed(instant: str | None) -> datetime | None:
    return datetime.fromisoformat(instant) if instant else None


def _subscribed(database: Session, event: str, project_id: int) -> list[tuple[int, datetime | None]]:
    """The endpoints that subscribe to this event in this project, each with its pause."""
    rows = database.execute(
        select(WebhookEndpoint.id, WebhookEndpoint.events, WebhookEndpoint.paused_until)
        .where(
            WebhookEndpoint.disabled_at.is_(None),
            or_(WebhookEndpoint.project_id.is_(None), WebhookEndpoint.project_id == project_id),
        )
        .order_by(WebhookEndpoint.id)
    )
    return [(row.id, row.paused_until) for row in rows if not row.events or event in row.events]


def message_body(event: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """The body of every message: its type, when it happened, and the facts."""
    return {"type": event, "timestamp": _instant(at), "data": data}


def recipient_of(endpoint_id: int) -> str:
    """How an outbox row names an endpoint; by number, as the order is kept for each endpoint, not each address."""
    return f"endpoint-{endpoint_id}"


def endpoint_id_of(recipient: str) -> int:
    """The endpoint that an outbox row names."""
    return int(recipient.removeprefix("endpoint-"))


def _public(facts: TicketFacts) -> dict[str, Any]:
    reference = reference_of(facts.ticket_id)
    return {
        "reference": reference,
        "url": f"{facts.base_url}/support/tickets/{reference}",
        "project": facts.project,
        "subject": facts.subject,
        "priority": facts.priority,
        "state": facts.state,
        "opened_at": _instant(facts.opened_at),
        "response_due_at": _instant(facts.response_due_at),
        "resolution_due_at": _instant(facts.resolution_due_at),
        "closed_at": _instant(facts.closed_at),
    }


def _instant(at: datetime | None) -> str | None:
    """An instant as receivers read it: ISO 8601 in UTC, ending in Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None

"""Fan-out: an event of a ticket becomes one message for each recipient.

An action writes one outbox row, however many recipients there are. The worker turns the row into one
message for each recipient, in one transaction with marking it done; the messages' ids are made of
the ticket, the event and the recipient, so that a repeat writes none twice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from formapp.models import Message, OutboxMessage, Project, Ticket, reference_of
from formapp.notifications import outbox, webhooks
from formapp.notifications.outbox import SENT, NewMessage, Outcome
from formapp.notifications.recipients import recipients
from formapp.services import Services

CHANNEL = "announcement"
# What only the fan-out needs to know; no mail says it.
_OF_THE_DESK = frozenset({"assignee", "mentioned"})


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """An event to publish: its kind and number, who did it, and plain facts as JSON."""

    kind: str
    ticket_id: int
    sequence: int
    actor_id: int | None
    by_staff: bool
    facts: dict[str, Any]


def ticket_payload(ticket: Ticket, project_name: str) -> dict[str, Any]:
    """What every message about a ticket may say of it; nothing that only staff know."""
    return {
        "reference": ticket.reference,
        "subject": ticket.subject,
        "project": project_name,
        "priority": ticket.priority,
        "policy_version": ticket.policy_version,
        "state": ticket.state,
        "answered": ticket.answered_at is not None,
        "response_due": ticket.response_due_at.isoformat() if ticket.response_due_at else None,
        "resolution_due": ticket.resolution_due_at.isoformat() if ticket.resolution_due_at else None,
    }


def event_message(services: Services, event: TicketEvent) -> NewMessage:
    """The outbox row that tells of what happened; it is written in the transaction of what event."""
    reference = reference_of(event.ticket_id)
    return NewMessage(
        channel=CHANNEL,
        kind=event.kind,
        recipient="",
        facts={"by": event.actor_id, "by_staff": event.by_staff, "event": event.sequence, **event.facts},
        message_id=f"<{reference}.{event.sequence}.{CHANNEL}@{outbox.mail_host(services.settings.base_url)}>",
        ticket_id=event.ticket_id,
    )


def publish(services: Services, database: Session, event: TicketEvent, now: datetime) -> None:
    """Write the row of one event, inside the caller's transaction.

    It names the newest message of the ticket, so that mails of it tell of nothing that came later.
    """
    message = event_message(services, event)
    newest = database.scalar(select(func.max(Message.id)).where(Message.ticket_id == event.ticket_id))
    outbox.enqueue(database, [replace(message, facts={**message.facts, "newest": newest})], now)


def fan_out(services: Services, event_message: OutboxMessage, now: datetime) -> Outcome:
    """Write the messages of one event; those that are there already stay as they are."""
    if event_message.ticket_id is None:
        return Outcome(sent=False, error="The announcement names no ticket", permanent=True)
    with services.write.begin() as database:
        # Of a person who was erased meanwhile the row is gone, and nothing is told of what it said.
        announcement = database.get(OutboxMessage, event_message.id)
        if announcement is None:
            return SENT
        ticket = database.get_one(Ticket, event_message.ticket_id)
        rows = _mails(services, database, ticket, announcement)
        outbox.enqueue(database, rows, now, unless_there=True)
        project = database.get_one(Project, ticket.project_id)
        webhooks.enqueue_announced(database, announcement, ticket, project, services.settings.base_url)
    return SENT


def _mails(services: Services, database: Session, ticket: Ticket, announcement: OutboxMessage) -> list[NewMessage]:
    host = outbox.mail_host(services.settings.base_url)
    thread = outbox.thread_id(ticket.reference, host)
    said = {name: value for name, value in announcement.payload.items() if name not in _OF_THE_DESK}
    mails = []
    for one in recipients(database, ticket, announcement):
        person = one.account
        message_id = f"<{ticket.reference}.{said['event']}.{one.kind}.{person.id}@{host}>"
        facts = {
            **said,
            "thread": thread,
            "why": one.reason,
            "account": person.id,
            **outbox.in_language_of(person.language),
        }
        mails.append(NewMessage("mail", one.kind, person.email, facts, message_id, ticket.id))
    return mails

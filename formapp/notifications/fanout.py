"""Fan-out: an event of a ticket becomes one message for each recipient.

An action writes one outbox row, however many recipients there are. The worker turns the row into one
message for each recipient, in one transaction with marking it done; the messages' ids are made of
the ticket, the event and the recipient, so that a repeat writes none twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from formapp.models import Account, Membership, Message, OutboxMessage, Project, Ticket, Watcher, reference_of
from formapp.notifications import outbox, webhooks
from formapp.notifications.outbox import SENT, NewMessage, Outcome
from formapp.services import Services

CHANNEL = "announcement"
# Which mail tells customers of an event, and which tells staff; "" where none does.
TO_CUSTOMERS = {
    "replied": "replied",
    "closed": "closed",
    "reopened": "reopened",
    "priority-changed": "priority-changed",
}
TO_STAFF = {"opened": "staff-new", "replied": "staff-reply", "due-soon": "staff-due-soon", "missed": "staff-missed"}
# To everybody at the desk, even where the ticket is assigned.
FOR_ALL_STAFF = frozenset({"opened", "missed"})


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
    """Write the row of one event, inside the caller's transaction."""
    outbox.enqueue(database, [event_message(services, event)], now)


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


def _mails(services: Services, database: Session, ticket: Ticket, event_message: OutboxMessage) -> list[NewMessage]:
    by_staff, by = event_message.payload["by_staff"], event_message.payload["by"]
    # The mail with the reply says already that the ticket is closed with it.
    said = event_message.payload.get("with_reply", False)
    host = outbox.mail_host(services.settings.base_url)
    mails = []
    for kind, people in (
        (TO_CUSTOMERS.get(event_message.kind, "") if by_staff and not said else "", _customers(database, ticket)),
        ("" if by_staff else TO_STAFF.get(event_message.kind, ""), _staff(database, ticket, event_message.kind)),
    ):
        for person in people:
            if not kind or person.id == by:
                continue
            event = event_message.payload["event"]
            message_id = f"<{ticket.reference}.{event}.{kind}.{person.id}@{host}>"
            thread = outbox.thread_id(ticket.reference, host)
            facts = {**event_message.payload, "thread": thread, **outbox.in_language_of(person.language)}
            mails.append(NewMessage("mail", kind, person.email, facts, message_id, ticket.id))
    return mails


def _customers(database: Session, ticket: Ticket) -> list[Account]:
    """Who sent the ticket or a duplicate of it, is in copy, or has written on it, and is in its project still."""
    duplicate = aliased(Ticket)
    here = or_(duplicate.id == ticket.id, duplicate.merged_into_id == ticket.id)
    reporters = select(duplicate.account_id).where(here)
    watchers = select(Watcher.account_id).join(duplicate, duplicate.id == Watcher.ticket_id).where(here)
    writers = select(Message.account_id).where(Message.ticket_id == ticket.id, ~Message.by_staff)
    found = database.scalars(
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.project_id == ticket.project_id,
            Account.disabled_at.is_(None),
            or_(Account.id.in_(reporters), Account.id.in_(watchers), Account.id.in_(writers)),
        )
        .order_by(Account.id)
    )
    return list(found)


def _staff(database: Session, ticket: Ticket, kind: str) -> list[Account]:
    """The assignee; all staff where the ticket is unassigned, or all are to know."""
    working = select(Account).where(Account.is_staff, Account.disabled_at.is_(None)).order_by(Account.id)
    if kind not in FOR_ALL_STAFF and ticket.assignee_id is not None:
        assignees = list(database.scalars(working.where(Account.id == ticket.assignee_id)))
        if assignees:
            return assignees
    return list(database.scalars(working))

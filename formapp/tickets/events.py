"""Every action on a ticket leaves an event, in the transaction of the action."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import Session

from formapp.models import Event

_INSERT = insert(Event)


def record(
    database: Session, ticket_id: int, kind: str, account_id: int | None, at: datetime, details: dict[str, Any]
) -> int:
    """Write the ticket's next event and return its sequence; the caller holds the ticket's transaction."""
    last = database.scalar(select(func.max(Event.sequence)).where(Event.ticket_id == ticket_id)) or 0
    return _insert(database.connection(), ticket_id, last + 1, kind, account_id, at, details)


def record_first(
    connection: Connection, ticket_id: int, kind: str, account_id: int, at: datetime, details: dict[str, Any]
) -> int:
    """Write the first event of a ticket that this transaction has just made, and return its sequence."""
    return _insert(connection, ticket_id, 1, kind, account_id, at, details)


def complete(database: Session, ticket_id: int, sequence: int, details: dict[str, Any]) -> None:
    """Add to the details of an event that this very transaction has written."""
    event = database.scalars(select(Event).where(Event.ticket_id == ticket_id, Event.sequence == sequence)).one()
    event.details = {**event.details, **details}


def _insert(
    connection: Connection,
    ticket_id: int,
    sequence: int,
    kind: str,
    account_id: int | None,
    at: datetime,
    details: dict[str, Any],
) -> int:
    values = {
        "ticket_id": ticket_id,
        "sequence": sequence,
        "kind": kind,
        "account_id": account_id,
        "at": at,
        "details": details,
    }
    connection.execute(_INSERT, values)
    return sequence

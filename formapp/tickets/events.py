"""Every act on a ticket leaves an event, in the transaction of the action."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import Session

from formapp.database.engine import table_of
from formapp.database.prepared import Prepared
from formapp.models import Event

_INSERT = Prepared(insert(table_of(Event)), tuple)


def record(
    database: Session, ticket_id: int, kind: str, account_id: int | None, at: datetime, details: dict[str, Any]
) -> int:
    """Write the ticket's next event and return its sequence; the caller holds the ticket's transaction."""
    last = select(func.coalesce(func.max(Event.sequence), 0)).where(Event.ticket_id == ticket_id)
    sequence = int(database.scalar(last) or 0) + 1
    _insert(database.connection(), ticket_id, sequence, kind, account_id, at, details)
    return sequence


def record_first(
    connection: Connection, ticket_id: int, kind: str, account_id: int, at: datetime, details: dict[str, Any]
) -> None:
    """Write the first event of a ticket that this transaction has just made."""
    _insert(connection, ticket_id, 1, kind, account_id, at, details)


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
) -> None:
    values = {
        "ticket_id": ticket_id,
        "sequence": sequence,
        "kind": kind,
        "account_id": account_id,
        "at": at,
        "details": details,
    }
    _INSERT.run(connection, values)

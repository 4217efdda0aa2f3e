"""Texts of others that may hold a person's name, address or quoted lines: these are taken out, some rows at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, Text, and_, cast, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from formapp.database.engine import Base
from formapp.models import (
    Attachment,
    Event,
    Message,
    OutboxMessage,
    PageFeedback,
    SavedReply,
    SavedView,
    SolvedAnswer,
    StoredClosure,
    Ticket,
    WebhookAttempt,
)
from formapp.operations.person.redaction import Redaction
from formapp.operations.person.rows import Person
from formapp.services import Services
from formapp.tickets import search_index

BATCH = 100
# Where others may have written the name or the address.
_WRITTEN: tuple[InstrumentedAttribute[Any], ...] = (
    Ticket.subject,
    Ticket.description,
    Ticket.url,
    Ticket.form_answers,
    Message.body,
    Message.html,
    Event.details,
    OutboxMessage.payload,
    OutboxMessage.last_error,
    Attachment.name,
    Attachment.scan_detail,
    WebhookAttempt.error,
    StoredClosure.note,
    PageFeedback.because,
    SavedView.name,
    SavedView.search,
    SavedReply.name,
    SavedReply.body,
    SolvedAnswer.because,
)


def free_texts_of_others(services: Services, person: Person, redaction: Redaction, involved: tuple[int, ...]) -> None:
    """Take name, address and quoted lines out of all rows that hold them, some in each transaction."""
    for column in _WRITTEN:
        key = column.class_.__mapper__.primary_key[0]
        where = _may_hold(column, redaction, involved, person)
        with services.read() as database:
            numbers = list(database.scalars(select(key).where(where).order_by(key)))
        for start in range(0, len(numbers), BATCH):
            with services.write.begin() as database:
                chosen = select(column.class_).where(key.in_(numbers[start : start + BATCH])).with_for_update()
                freed = [row for row in database.scalars(chosen) if _free(row, column.key, redaction)]
                database.flush()
                search_index.index_tickets(database.connection(), _tickets_of(freed))


def _tickets_of(rows: Sequence[Base]) -> list[int]:
    """The tickets that search finds by these rows."""
    own = {row.id for row in rows if isinstance(row, Ticket)}
    return sorted(own | {row.ticket_id for row in rows if isinstance(row, Message | Attachment)})


def _may_hold(
    column: InstrumentedAttribute[Any], redaction: Redaction, involved: tuple[int, ...], person: Person
) -> ColumnElement[bool]:
    text = cast(column, Text) if isinstance(column.type, JSON) else column
    named = or_(*(text.icontains(name, autoescape=True) for name in redaction.searched()))
    if column.class_ in (Message, OutboxMessage, Event):
        took_part = select(Message.ticket_id).where(Message.account_id == person.number)
        named = or_(named, column.class_.ticket_id.in_(took_part), column.class_.ticket_id.in_(involved))
    return and_(column.is_not(None), named)


def _free(row: Base, name: str, redaction: Redaction) -> bool:
    """Take name, address and quoted lines out of a row; whether there were any."""
    before = getattr(row, name)
    after = redaction.of_json(before)
    if after == before:
        return False
    setattr(row, name, after)
    if isinstance(row, Message):
        # Made anew from the text that is left.
        row.html = None
    return True

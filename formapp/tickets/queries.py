"""Reading tickets: those of a person, one by its reference, its events and its policy."""

from __future__ import annotations

import re

from sqlalchemy import literal, select, tuple_
from sqlalchemy.orm import joinedload

from formapp.database.engine import UtcDateTime
from formapp.errors import NotFound
from formapp.models import FIRST_REFERENCE, REFERENCE_PREFIX, Account, Event, Membership, Ticket
from formapp.services import Services

_REFERENCE = re.compile(rf"{REFERENCE_PREFIX}([1-9][0-9]{{3,8}})")


def tickets_of(
    services: Services,
    account_id: int,
    *,
    waiting: bool | None = None,
    before: Ticket | None = None,
    most: int = 50,
) -> tuple[Ticket, ...]:
    """The newest tickets of all projects that a person is in, whoever sent them; of those ``before`` another.

    ``waiting`` leaves those that wait for the customer, or all others.
    """
    chosen = (
        select(Ticket)
        .join(Membership, Membership.project_id == Ticket.project_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Account.id == account_id, Account.disabled_at.is_(None))
        .options(joinedload(Ticket.project), joinedload(Ticket.reporter))
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(most)
    )
    if waiting is not None:
        chosen = chosen.where(Ticket.state == "waiting" if waiting else Ticket.state != "waiting")
    if before is not None:
        key = tuple_(literal(before.opened_at, UtcDateTime), literal(before.id))
        chosen = chosen.where(tuple_(Ticket.opened_at, Ticket.id) < key)
    with services.read() as database:
        return tuple(database.scalars(chosen))


def number_of(reference: str) -> int:
    """The number in a reference like SUP-1042. Raises NotFound for everything else, other digits included."""
    match = _REFERENCE.fullmatch(reference) if reference.isascii() else None
    if match is None:
        raise NotFound
    return int(match[1]) - FIRST_REFERENCE


def ticket_for(services: Services, account_id: int, reference: str) -> Ticket:
    """The ticket of this reference, if the person is in its project. Raises NotFound, whatever the reason."""
    number = number_of(reference)
    with services.read() as database:
        ticket = database.scalar(
            select(Ticket)
            .join(Membership, Membership.project_id == Ticket.project_id)
            .join(Account, Account.id == Membership.account_id)
            .where(Ticket.id == number, Account.id == account_id, Account.disabled_at.is_(None))
            .options(joinedload(Ticket.project), joinedload(Ticket.reporter))
        )
    if ticket is None:
        raise NotFound
    return ticket


def events_of(services: Services, ticket_id: int) -> tuple[Event, ...]:
    """A ticket's events in order."""
    with services.read() as database:
        return tuple(database.scalars(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.sequence)))

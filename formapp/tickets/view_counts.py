"""How many tickets a view of the queue holds: cheap however many there are, because nobody counts beyond 99.

Counting ends at a hundred, and looks at some thousand tickets at the most: those of the one index that narrows the
view most. Where that isn't enough to tell, the count says "at least".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session

from formapp.actors import require_staff
from formapp.models import Ticket, TicketTag
from formapp.services import Services
from formapp.tickets.search import Filters, conditions_of

MOST_COUNTED = 99
MOST_LOOKED_AT = 2_000


class ViewCount(NamedTuple):
    """So many tickets, or at least so many."""

    number: int
    exact: bool


def count_views(services: Services, views: Iterable[Filters], viewer_id: int, now: datetime) -> list[ViewCount | None]:
    """The number of tickets of each view, for staff; None for one that looks for words. Raises NotPermitted."""
    with services.read() as database:
        require_staff(database, viewer_id)
        return [None if view.text else _count(database, view, viewer_id, now) for view in views]


def _count(database: Session, filters: Filters, viewer_id: int, now: datetime) -> ViewCount:
    narrowed = _narrowed(filters)
    if narrowed == filters:
        number = _rows(database, select(Ticket.id).where(*conditions_of(filters, viewer_id, now)), MOST_COUNTED + 1)
        return ViewCount(min(number, MOST_COUNTED), number <= MOST_COUNTED)
    if filters.tags:
        near = select(TicketTag.ticket_id).where(TicketTag.tag == filters.tags[0])
    else:
        near = select(Ticket.id).where(*conditions_of(narrowed, viewer_id, now))
    some = near.limit(MOST_LOOKED_AT).subquery()
    # Each of these is looked at, and no others.
    there = exists().where(Ticket.id == some.c[0], *conditions_of(filters, viewer_id, now)).correlate(some)
    number = _rows(database, select(some.c[0]).where(there), MOST_COUNTED + 1)
    exact = number <= MOST_COUNTED and _rows(database, near, MOST_LOOKED_AT) < MOST_LOOKED_AT
    return ViewCount(min(number, MOST_COUNTED), exact)


def _rows(database: Session, statement: Select[Any], most: int) -> int:
    """How many rows there are, up to so many."""
    return database.scalar(select(func.count()).select_from(statement.limit(most).subquery())) or 0


def _narrowed(filters: Filters) -> Filters:
    """The part of a view that one index can tell."""
    first = next((name for name in ("assignee", "project", "priority") if getattr(filters, name)), None)
    others: dict[str, Any] = {name: "" for name in ("assignee", "project", "priority") if name != first}
    return replace(filters, tags=(), **others)

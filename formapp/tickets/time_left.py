"""How much time is left until a ticket's next target.

Targets in open time count open time, so that "2 h left" on a Friday evening means Monday morning. How much a
target was missed by is plain time, without that in which the ticket was closed: that is how long the customer has
waited beyond it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import select

from formapp.hours import closures
from formapp.models import Event, Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets.sla import CHANGES_OF_STATE, closed_since, open_targets
from supportpolicy import Closure, Policy, warning_time

Urgency = Literal["missed", "soon", "later", "none"]


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """The next target ("response", "resolution", or "" for none), the time until then, and how urgent it is.

    ``time`` is None without a target and negative after it was missed; ``open_time`` says that it counts
    open time only. ``state`` is the ticket's.
    """

    target: str
    state: str
    urgency: Urgency
    time: timedelta | None = None
    open_time: bool = False


def times_left(services: Services, tickets: Sequence[Ticket], now: datetime) -> Mapping[int, TimeLeft]:
    """The time left for each ticket, by the ticket's number."""
    missed = [ticket.id for ticket in tickets if any(target.due <= now for target in open_targets(ticket))]
    with services.read() as database:
        closed = closures.closures_known_at(database.connection(), now, now)
        changes = database.scalars(
            select(Event)
            .where(Event.ticket_id.in_(missed), Event.kind.in_(CHANGES_OF_STATE))
            .order_by(Event.ticket_id, Event.sequence)
        ).all()
    histories: dict[int, list[Event]] = defaultdict(list)
    for event in changes:
        histories[event.ticket_id].append(event)
    return {
        ticket.id: time_left(policy_of(services, ticket.policy_version), ticket, closed, histories[ticket.id], now)
        for ticket in tickets
    }


def time_left(
    policy: Policy, ticket: Ticket, closed: Sequence[Closure], history: Sequence[Event], now: datetime
) -> TimeLeft:
    """The time left for one ticket; ``closed`` are the closures announced by now, ``history`` the ticket's events."""
    target = min(open_targets(ticket), key=lambda found: found.due, default=None)
    if target is None:
        return TimeLeft("", ticket.state, "none")
    if target.due <= now:
        waited = now - target.due - closed_since(history, target.due, now)
        return TimeLeft(target.target, ticket.state, "missed", -waited)
    priority = policy.priority(ticket.priority)
    promised = priority.response if target.target == "response" else priority.resolution
    elapsed = promised.kind == "elapsed"
    left = target.due - now if elapsed else policy.open_between(now, target.due, closed)
    urgency: Urgency = "soon" if left <= warning_time(promised, policy.calendar) else "later"
    return TimeLeft(target.target, ticket.state, urgency, left, open_time=not elapsed)

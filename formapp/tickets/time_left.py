"""How much time is left until a ticket's next target.

Targets in open time count open time, so that "2 h left" on a Friday evening means Monday morning. How much a
target was missed by is plain time: that is how long the customer has waited beyond it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from formapp.hours import closures
from formapp.models import Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets.sla import open_targets
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
    with services.read() as database:
        closed = closures.closures_known_at(database.connection(), now, now)
    return {ticket.id: time_left(policy_of(services, ticket.policy_version), ticket, closed, now) for ticket in tickets}


def time_left(policy: Policy, ticket: Ticket, closed: Sequence[Closure], now: datetime) -> TimeLeft:
    """The time left for one ticket; ``closed`` are the closures announced by now."""
    target = min(open_targets(ticket), key=lambda found: found.due, default=None)
    if target is None:
        return TimeLeft("", ticket.state, "none")
    if target.due <= now:
        return TimeLeft(target.target, ticket.state, "missed", target.due - now)
    priority = policy.priority(ticket.priority)
    promised = priority.response if target.target == "response" else priority.resolution
    elapsed = promised.kind == "elapsed"
    left = target.due - now if elapsed else policy.open_between(now, target.due, closed)
    urgency: Urgency = "soon" if left <= warning_time(promised, policy.calendar) else "later"
    return TimeLeft(target.target, ticket.state, urgency, left, open_time=not elapsed)

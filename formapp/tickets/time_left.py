"""How much time is left for a ticket's next promise, in words.

Promises of open time count open time, so that "2 h left" on a Friday evening means Monday morning. What was
missed is told in plain time: that is how long the customer has been waiting beyond the promise.
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
from formapp.tickets.sla import OpenTarget, open_targets
from supportpolicy import Closure, Policy, warning_time

Urgency = Literal["missed", "soon", "later", "none"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimeLeft:
    """What is promised next ("response", "resolution", or "" for nothing), how long until then, how urgent it is.

    ``open_time`` says that the words count open time only.
    """

    target: str
    words: str
    urgency: Urgency
    open_time: bool = False


def times_left(services: Services, tickets: Sequence[Ticket], now: datetime) -> Mapping[int, TimeLeft]:
    """The time left for each ticket, by the ticket's number."""
    with services.read() as database:
        closed = closures.closures_known_at(database, now, now)
    return {ticket.id: time_left(policy_of(services, ticket.policy_version), ticket, closed, now) for ticket in tickets}


def time_left(policy: Policy, ticket: Ticket, closed: Sequence[Closure], now: datetime) -> TimeLeft:
    """The time left for one ticket; ``closed`` are the closures announced by now."""
    if ticket.state == "closed":
        return TimeLeft("", "Closed", "none")
    promise = min(open_targets(ticket), key=lambda found: found.due, default=None)
    if promise is None:
        words = "Waiting for the customer" if ticket.state == "waiting" else "No fixed time"
        return TimeLeft("", words, "none")
    if promise.due <= now:
        return TimeLeft(promise.target, f"Missed by {length(now - promise.due)}", "missed")
    return _running(policy, ticket, promise, closed, now)


def _running(policy: Policy, ticket: Ticket, promise: OpenTarget, closed: Sequence[Closure], now: datetime) -> TimeLeft:
    priority = policy.priority(ticket.priority)
    promised = priority.response if promise.target == "response" else priority.resolution
    elapsed = promised.kind == "elapsed"
    left = promise.due - now if elapsed else policy.open_between(now, promise.due, closed)
    urgency: Urgency = "soon" if left <= warning_time(promised, policy.calendar) else "later"
    return TimeLeft(promise.target, f"{length(left)} left", urgency, open_time=not elapsed)


def length(time: timedelta) -> str:
    """A length of time in words, to the minute, or to the hour from a day on: "1 h 20 min", "3 days 2 h"."""
    minutes = int(time.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        words = [f"{days} day{'s' if days > 1 else ''}", f"{hours} h" if hours else ""]
    else:
        words = [f"{hours} h" if hours else "", f"{rest} min" if rest else ""]
    return " ".join(word for word in words if word) or "less than a minute"

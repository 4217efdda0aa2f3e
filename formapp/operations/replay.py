"""What a new policy would have made of the tickets that are stored: their priorities, and the promises kept and missed.

Nothing is written. What people typed is not even read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from formapp.models import Event, StoredClosure, Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import sla
from supportpolicy import Closure, NeverOpen, Pause, Policy, Target, UnknownAnswer

AT_ONCE = 1000
_COLUMNS = (
    Ticket.id,
    Ticket.priority,
    Ticket.recommended,
    Ticket.answers,
    Ticket.policy_version,
    Ticket.state,
    Ticket.opened_at,
    Ticket.answered_at,
    Ticket.closed_at,
    Ticket.events_pruned,
)


@dataclass(slots=True)
class Replayed:
    """What was found, in numbers. Priorities are by their names in the policy that each is of.

    ``moves`` counts tickets by the priority that they have and the one they would get; ``missed`` and ``kept`` count
    promises by priority and target: those kept that would have been missed, and those missed that would have been kept.
    """

    tickets: int = 0
    judged: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    missed: Counter[tuple[str, Target]] = field(default_factory=Counter)
    kept: Counter[tuple[str, Target]] = field(default_factory=Counter)
    without_answers: int = 0
    chosen_otherwise: int = 0
    not_answerable: int = 0
    gone_priorities: int = 0
    not_judged: int = 0


@dataclass(frozen=True, slots=True)
class _Clock:
    """What ran for a ticket: when its promises ended or where they stand, the pauses, the closures that counted."""

    opened_at: datetime
    ends: Mapping[Target, datetime]
    pauses: Sequence[Pause]
    response_pauses: Sequence[Pause]
    closures: Sequence[Closure]


def replay(services: Services, new: Policy, now: datetime) -> Replayed:
    """Measure every ticket by the policy it was promised under, and by this one; merged duplicates don't count."""
    found = Replayed()
    recommended: dict[tuple[tuple[str, str], ...], str] = {}
    with services.read() as database:
        closures = database.scalars(select(StoredClosure).order_by(StoredClosure.starts_at)).all()
        for ticket, history in _tickets(database):
            found.tickets += 1
            own = policy_of(services, ticket.policy_version)
            becomes = _priority(ticket, new, recommended, found)
            if becomes is None:
                found.gone_priorities += 1
                continue
            if becomes != ticket.priority:
                found.moves[own.priority(ticket.priority).label, new.priority(becomes).label] += 1
            if ticket.events_pruned:
                found.not_judged += 1
                continue
            _compare(found, ticket, _clock(ticket, history, closures, now), own, new, becomes)
    return found


def _tickets(database: Session) -> Iterator[tuple[Row[Any], Sequence[Event]]]:
    """Every ticket that is no duplicate with its events that a clock heeds, in order; some at a time."""
    last = 0
    while True:
        after = select(*_COLUMNS).where(Ticket.id > last, Ticket.merged_into_id.is_(None)).order_by(Ticket.id)
        rows = database.execute(after.limit(AT_ONCE)).all()
        if not rows:
            return
        wanted = (
            select(Event.ticket_id, Event.kind, Event.at, Event.details)
            .where(
                Event.ticket_id.between(rows[0].id, rows[-1].id),
                Event.kind.in_((*sla.CHANGES_OF_STATE, "priority-changed")),
            )
            .order_by(Event.ticket_id, Event.sequence)
        )
        events = {number: list(some) for number, some in groupby(database.execute(wanted), lambda row: row.ticket_id)}
        for row in rows:
            # A row has what the clock reads of an event.
            yield row, events.get(row.id, [])  # type: ignore[misc]
        last = rows[-1].id


def _priority(
    ticket: Row[Any], new: Policy, recommended: dict[tuple[tuple[str, str], ...], str], found: Replayed
) -> str | None:
    """The priority that a ticket would get; None where its own is gone and nothing says another."""
    stays: str | None = ticket.priority if any(one.id == ticket.priority for one in new.priorities) else None
    if not ticket.answers:
        found.without_answers += 1
        return stays
    if ticket.priority != ticket.recommended:
        found.chosen_otherwise += 1
        return stays
    answers = tuple(ticket.answers.items())
    if answers not in recommended:
        try:
            recommended[answers] = new.recommend(ticket.answers).priority
        except UnknownAnswer:
            recommended[answers] = ""
    if recommended[answers]:
        return recommended[answers]
    found.not_answerable += 1
    return stays


def _clock(ticket: Row[Any], history: Sequence[Event], closures: Sequence[StoredClosure], now: datetime) -> _Clock:
    pauses = sla.pauses_in(history)
    open_pause = pauses[-1] if pauses and pauses[-1][1] is None else None
    done = now if open_pause is None else open_pause[0]
    set_at = sla.targets_set_at(history, ticket.opened_at)
    return _Clock(
        ticket.opened_at,
        {"response": ticket.answered_at or ticket.closed_at or now, "resolution": ticket.closed_at or done},
        pauses if open_pause is None else pauses[:-1],
        sla.closed_before_answer(history, ticket.answered_at),
        [
            Closure(one.starts_at, one.ends_at, one.note)
            for one in closures
            if one.ends_at > ticket.opened_at
            and one.created_at <= set_at
            and (one.cancelled_at is None or one.cancelled_at > set_at)
        ],
    )


def _compare(found: Replayed, ticket: Row[Any], clock: _Clock, own: Policy, new: Policy, becomes: str) -> None:
    try:
        before, after = _missed(own, ticket.priority, clock), _missed(new, becomes, clock)
    except NeverOpen:
        found.not_judged += 1
        return
    found.judged += 1
    label = new.priority(becomes).label
    for target in sla.TARGETS:
        if after[target] and not before[target]:
            found.missed[label, target] += 1
        elif before[target] and not after[target]:
            found.kept[label, target] += 1


def _missed(policy: Policy, priority: str, clock: _Clock) -> dict[Target, bool]:
    """For each target whether it ended, or stands now, later than promised."""
    due = policy.deadlines(priority, clock.opened_at, clock.pauses, clock.closures, clock.response_pauses)
    dates: dict[Target, datetime | None] = {"response": due.response_due, "resolution": due.resolution_due}
    return {target: date is not None and clock.ends[target] > date for target, date in dates.items()}

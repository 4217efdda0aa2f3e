"""The clock that runs against a ticket's targets.

Targets are computed from the policy and the closures that counted when they were set, and from the
ticket's own events: a changed priority sets new targets, waiting for the customer is a pause of the resolution,
and while a ticket is closed both clocks stand still. A later policy or closure changes none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp import failed_work
from formapp.hours import closures
from formapp.models import NO_DEADLINE, ClockNotice, Event, Project, Ticket
from formapp.notifications import fanout
from formapp.notifications.fanout import TicketEvent
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import events
from formapp.translation import gettext_noop
from supportpolicy import Closure, Deadlines, Pause, Policy, Target

TARGETS: tuple[Target, Target] = ("response", "resolution")
WORK = "notices"
"""What the clock's work is called where it fails."""
PAUSED_STATES = {"waiting": gettext_noop("Waiting for your answer"), "closed": gettext_noop("The ticket was closed")}
"""States in which the resolution clock is paused, and the words that say why, which presenters translate."""
CHANGES_OF_STATE = ("replied", "closed", "reopened", "merged")
"""The events that may change a ticket's state."""


@dataclass(frozen=True, slots=True)
class TicketTargets:
    """A ticket's targets: its policy, the closures that count, and the deadlines that follow.

    ``reopened`` says that the ticket was closed for a while before it was answered.
    """

    policy: Policy
    closures: tuple[Closure, ...]
    deadlines: Deadlines
    reopened: bool


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """A target that is still to be met, and when it is due (aware UTC)."""

    target: Target
    due: datetime


def load_targets(services: Services, database: Session, ticket: Ticket) -> TicketTargets:
    """Compute a ticket's targets again, from what counted when they were set."""
    policy = policy_of(services, ticket.policy_version)
    history = database.scalars(select(Event).where(Event.ticket_id == ticket.id).order_by(Event.sequence)).all()
    set_at = targets_set_at(history, ticket.opened_at)
    counted = closures.closures_known_at(database.connection(), set_at, ticket.opened_at)
    pauses, closed = pauses_in(history), closed_before_answer(history, ticket.answered_at)
    deadlines = policy.deadlines(ticket.priority, ticket.opened_at, pauses, counted, closed)
    return TicketTargets(policy, counted, deadlines, bool(closed))


def targets_set_at(history: Sequence[Event], opened_at: datetime) -> datetime:
    """When the present targets were set: at filing, or when the priority last changed."""
    corrected = [event for event in history if event.kind == "priority-changed"]
    changed = [event.at for event in corrected if event.details["priority"][0] != event.details["priority"][1]]
    return changed[-1] if changed else opened_at


def pauses_in(history: Sequence[Event]) -> tuple[Pause, ...]:
    """When the resolution clock was paused and why, replayed from a ticket's events."""
    pauses: list[Pause] = []
    since: tuple[datetime, str] | None = None
    for event in history:
        change = event.details.get("state")
        if not change:
            continue
        if since is not None:
            pauses.append((since[0], event.at, since[1]))
        words = PAUSED_STATES.get(change[1])
        since = (event.at, words) if words else None
    if since is not None:
        pauses.append((since[0], None, since[1]))
    return tuple(pauses)


def closed_before_answer(history: Sequence[Event], answered_at: datetime | None) -> tuple[Pause, ...]:
    """When the ticket was closed and reopened before its first answer: the response clock's pauses.

    The present one isn't among them: a closed ticket keeps its date, and gets a later one when it is reopened.
    """
    return tuple(
        pause
        for pause in pauses_in(history)
        if pause[2:] == (PAUSED_STATES["closed"],)
        and pause[1] is not None
        and (answered_at is None or pause[0] < answered_at)
    )


def closed_since(history: Sequence[Event], instant: datetime, now: datetime) -> timedelta:
    """For how much of the time from an instant until now the ticket was closed."""
    stretches = (
        (max(pause[0], instant), min(pause[1] or now, now))
        for pause in pauses_in(history)
        if pause[2:] == (PAUSED_STATES["closed"],)
    )
    return sum((end - start for start, end in stretches if start < end), timedelta())


def open_targets(ticket: Ticket) -> Iterator[OpenTarget]:
    """The targets still to be met: the response until staff answered, the resolution while we work on it."""
    if ticket.state == "closed":
        return
    if ticket.answered_at is None and ticket.response_due_at is not None:
        yield OpenTarget("response", ticket.response_due_at)
    if ticket.state == "open" and ticket.resolution_due_at is not None:
        yield OpenTarget("resolution", ticket.resolution_due_at)


def recompute(services: Services, database: Session, ticket: Ticket, *, recompute_response: bool = False) -> None:
    """Store what an action changed: deadlines, the place in the queue, and when to look again.

    The response deadline is rewritten only with ``recompute_response``, when the priority has changed, and for a
    ticket that was closed for a while.
    """
    targets = load_targets(services, database, ticket)
    if recompute_response or targets.reopened:
        ticket.response_due_at = targets.deadlines.response_due
    if ticket.state != "closed":
        ticket.resolution_due_at = targets.deadlines.resolution_due
    left = list(open_targets(ticket))
    if ticket.state == "closed" and ticket.closed_at is not None:
        ticket.queue_at = ticket.closed_at
    else:
        ticket.queue_at = min((open_target.due for open_target in left), default=NO_DEADLINE)
    ticket.notice_at = _next_notice(left, targets.deadlines, _noticed(database, ticket.id))


def _noticed(database: Session, ticket_id: int) -> frozenset[tuple[str, str]]:
    rows = database.execute(select(ClockNotice.target, ClockNotice.kind).where(ClockNotice.ticket_id == ticket_id))
    return frozenset((target, kind) for target, kind in rows)


def _next_notice(
    left: Sequence[OpenTarget], deadlines: Deadlines, noticed: frozenset[tuple[str, str]]
) -> datetime | None:
    times = []
    for open_target in left:
        if (open_target.target, "missed") in noticed:
            continue
        warning = None if (open_target.target, "due-soon") in noticed else deadlines.warn_at(open_target.target)
        times.append(open_target.due if warning is None else min(warning, open_target.due))
    return min(times, default=None)


def record_notices(services: Services, database: Session, ticket: Ticket, now: datetime) -> None:
    """Record what the clock has to say of a ticket by now, each thing once; the caller holds the ticket.

    Called by the worker, and by every action before it changes anything: an answer that comes late, but
    before the worker looked, has missed all the same.
    """
    if ticket.notice_at is None or ticket.notice_at > now:
        return
    targets = load_targets(services, database, ticket)
    noticed = set(_noticed(database, ticket.id))
    left = list(open_targets(ticket))
    for open_target in left:
        kind = _what_to_say(targets, open_target, now)
        if kind and not {(open_target.target, kind), (open_target.target, "missed")} & noticed:
            _record(services, database, ticket, open_target, kind, now)
            noticed.add((open_target.target, kind))
    ticket.notice_at = _next_notice(left, targets.deadlines, frozenset(noticed))
    if ticket.notice_at is not None and ticket.notice_at <= now:
        # Nobody is at the desk to be warned; look again when it opens.
        ticket.notice_at = min(targets.policy.opening(now, targets.closures).until or now, _first_due(left, now))


def _first_due(left: Sequence[OpenTarget], now: datetime) -> datetime:
    return min((open_target.due for open_target in left if open_target.due > now), default=NO_DEADLINE)


def _what_to_say(targets: TicketTargets, open_target: OpenTarget, now: datetime) -> str:
    if now >= open_target.due:
        return "missed"
    warning = targets.deadlines.warn_at(open_target.target)
    if warning is None or now < warning:
        return ""
    promise = targets.deadlines.promise(open_target.target)
    closed = promise.kind != "elapsed" and not targets.policy.opening(now, targets.closures).open
    return "" if closed else "due-soon"


def _record(
    services: Services, database: Session, ticket: Ticket, open_target: OpenTarget, kind: str, now: datetime
) -> None:
    database.add(ClockNotice(ticket_id=ticket.id, target=open_target.target, kind=kind, at=now))
    details = {"target": open_target.target, "due": open_target.due.isoformat()}
    sequence = events.record(database, ticket.id, kind, None, now, details)
    project = database.get_one(Project, ticket.project_id)
    facts = {**fanout.ticket_payload(ticket, project.name), **details}
    fanout.publish(services, database, TicketEvent(kind, ticket.id, sequence, None, False, facts), now)


def record_due_notices(services: Services, clock: Callable[[], datetime], most: int = 500) -> int:
    """Look at the tickets whose time has come, each in a transaction of its own; how many were looked at.

    A ticket that can't be looked at is put off, after some tries given up, and holds up no other.
    """
    now = clock()
    due = select(Ticket.id).where(Ticket.notice_at <= now, ~failed_work.waits(WORK, Ticket.id, now))
    with services.read() as database:
        numbers = database.scalars(due.order_by(Ticket.notice_at).limit(most)).all()
    for number in numbers:
        try:
            with services.write.begin() as database:
                # Another worker may be at it, or have been: the row is locked, then judged anew.
                ticket = database.scalar(select(Ticket).where(Ticket.id == number).with_for_update(skip_locked=True))
                if ticket is not None:
                    record_notices(services, database, ticket, clock())
                    failed_work.forget(database, WORK, number)
        except Exception as error:  # noqa: BLE001 - one ticket's trouble is no other's
            # A database that is away takes this no more; then the lane waits for it.
            failed_work.put_off(services, WORK, number, number, error, clock())
    return len(numbers)

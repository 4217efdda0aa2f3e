"""Checks of what the database holds: no half ticket, no promise without its policy, no message forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from formapp.models import Account, Event, Message, OutboxMessage, RetentionMark, StoredPolicy, Ticket, reference_of
from formapp.notifications import fanout, outbox
from formapp.operations import given_up, lane_rounds, retention
from formapp.operations.doctor.database import one_line
from formapp.operations.doctor.findings import Finding, first_of
from formapp.services import Services
from supportpolicy import Policy

HALF = "Write to its sender and ask for it again, or restore a backup that holds it whole."
WORKER = "See that a worker runs: formapp worker, or formapp serve without --no-worker."
# A worker takes up again what a dead one held; nobody doing so for this long means that none runs.
NO_WORKER_AFTER = timedelta(hours=1)
_MOST = 50


def tickets_whole(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each ticket has its first event, and the two rows of the outbox that it was filed with."""
    first = exists().where(Event.ticket_id == Ticket.id, Event.sequence == 1, Event.kind == "opened")
    yield from _told(
        services, "tickets", select(Ticket.id).where(~first), "The ticket has no first event: it is only half there."
    )
    for channel, kind, what in (
        ("mail", "received", "The ticket has no confirmation in the outbox: its sender was never told."),
        (fanout.CHANNEL, "opened", "The ticket has no announcement in the outbox: the desk was never told."),
    ):
        lost = select(Ticket.id).where(~_has_row(channel, kind), *_not_pruned(services))
        yield from _told(services, "tickets", lost, what)


def _not_pruned(services: Services) -> Iterator[ColumnElement[bool]]:
    """Which tickets have all that was ever sent about them: nothing was pruned, and nobody was erased."""
    yield ~exists().where(Account.id == Ticket.account_id, Account.erased_at.is_not(None))
    with services.read() as database:
        mark = database.get(RetentionMark, retention.OUTBOX)
    if mark is not None:
        yield Ticket.opened_at >= mark.ended_before


def _has_row(channel: str, kind: str) -> ColumnElement[bool]:
    return exists().where(
        OutboxMessage.ticket_id == Ticket.id, OutboxMessage.channel == channel, OutboxMessage.kind == kind
    )


def events_in_order(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each ticket's events are numbered from 1 without a gap, but for those that were pruned."""
    first, last, count = func.min(Event.sequence), func.max(Event.sequence), func.count()
    gaps = (
        select(Event.ticket_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .group_by(Event.ticket_id, Ticket.events_pruned)
        .having(or_(first != 1, last != count + Ticket.events_pruned))
    )
    yield from _told(services, "events", gaps, "The ticket's events aren't numbered from 1 without a gap.")


def messages_recorded(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each reply and note has its event, and each such event its text."""
    for kind, event in (("reply", "replied"), ("note", "noted")):
        written = select(func.count()).where(Message.ticket_id == Ticket.id, Message.kind == kind).scalar_subquery()
        acted = select(func.count()).where(Event.ticket_id == Ticket.id, Event.kind == event).scalar_subquery()
        # Almost every ticket has neither; asking for those that do keeps a large desk quick.
        some = or_(
            Ticket.id.in_(select(Message.ticket_id).where(Message.kind == kind)),
            Ticket.id.in_(select(Event.ticket_id).where(Event.kind == event)),
        )
        what = f"The ticket has another number of texts ({kind}) than of events ({event})."
        yield from _told(services, "messages", select(Ticket.id).where(some, written != acted), what)


def _told(services: Services, check: str, tickets: Select[int], what: str) -> Iterator[Finding]:
    with services.read() as database:
        numbers = database.scalars(tickets.limit(_MOST)).all()
    yield from first_of(Finding(check, reference_of(number), what, HALF) for number in sorted(numbers))


def policies_kept(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each policy that something was promised under can be rebuilt and is what it was."""
    with services.read() as database:
        used = set(database.scalars(select(Ticket.policy_version).distinct()))
        kept = {row.version: row.canonical for row in database.scalars(select(StoredPolicy))}
    for version in sorted(used | set(kept)):
        trouble = _trouble_with(kept[version], version) if version in kept else "It isn't stored."
        if trouble:
            do = "Restore the row of the table policies from a backup."
            yield Finding("policies", version, f"The policy can't be rebuilt. {trouble}", do)


def _trouble_with(canonical: str, version: str) -> str:
    try:
        rebuilt = Policy.from_canonical(canonical)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return f"Reading it fails: {type(error).__name__}."
    return "" if rebuilt.version == version else "What is stored belongs to another version."


def leases_run_out(services: Services, now: datetime) -> Iterator[Finding]:
    """No message is held by a worker that isn't there any more, and none waits for a worker that isn't there."""
    stuck = or_(
        and_(OutboxMessage.lease.is_not(None), OutboxMessage.leased_until.is_(None)),
        OutboxMessage.leased_until > now + 2 * outbox.LEASE,
        and_(OutboxMessage.lease.is_not(None), OutboxMessage.leased_until < now - NO_WORKER_AFTER),
    )
    for row in _rows(services, stuck):
        until = f"until {row.leased_until:%Y-%m-%d %H:%M} UTC" if row.leased_until else "without an end"
        what = f"A worker holds the message {until} and has neither sent nor given it up."
        yield Finding("leases", _where(row), what, WORKER)
    late = and_(
        OutboxMessage.state == "due",
        OutboxMessage.lease.is_(None),
        OutboxMessage.next_attempt_at < now - NO_WORKER_AFTER,
    )
    with services.read() as database:
        waiting, oldest = database.execute(
            select(func.count(), func.min(OutboxMessage.next_attempt_at)).where(late)
        ).one()
    if waiting:
        what = f"{_messages(waiting)} due since {oldest:%Y-%m-%d %H:%M} UTC, and nobody sends."
        yield Finding("leases", "outbox", what, WORKER, "warning")


def worker_works(services: Services, now: datetime) -> Iterator[Finding]:
    """Each of the worker's lanes has lately finished a round, if one ever has."""
    for lane, age in lane_rounds.stale_lanes(services, now).items():
        minutes = int(age.total_seconds() // 60)
        yield Finding("worker", f"lane {lane}", f"It has finished no round for {minutes} minutes.", WORKER)


def nothing_given_up(services: Services, _now: datetime) -> Iterator[Finding]:
    """No message and no other work was given up; a message is a warning, as it may be the recipient's doing."""
    yield from first_of(
        Finding(
            "given up",
            _where(row),
            f"The message to {row.recipient or 'the desk'} was given up: {one_line(row.last_error)}.",
            f"Mend the reason, then send it once more: formapp outbox replay {row.id}.",
            "warning",
        )
        for row in outbox.dead_messages(services)
    )
    yield from first_of(
        Finding(
            "given up",
            work.reference,
            f"{work.what}: given up, failing since {work.first_failed_at:%Y-%m-%d %H:%M} UTC. {work.reason}.",
            "Mend the reason, then press Try again on the staff's page Outgoing.",
            "warning",
        )
        for work in given_up.given_up(services)
    )


def _rows(services: Services, chosen: ColumnElement[bool]) -> list[Any]:
    with services.read() as database:
        return list(database.scalars(select(OutboxMessage).where(chosen).order_by(OutboxMessage.id).limit(_MOST)))


def _where(row: OutboxMessage) -> str:
    about = f" about {reference_of(row.ticket_id)}" if row.ticket_id is not None else ""
    return f"outbox {row.id}, {row.channel} {row.kind}{about}"


def _messages(count: int) -> str:
    return "1 message is" if count == 1 else f"{count} messages are"

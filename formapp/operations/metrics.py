"""The desk in figures, read from the database: what to watch and to be woken by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from formapp.models import Attachment, OutboxMessage, Ticket
from formapp.operations import given_up, lane_rounds
from formapp.services import Services


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts, and ages in seconds (0 where there is nothing to be old).

    ``tickets`` are those that aren't closed, by state and priority; ``overdue`` by what was promised;
    ``outbox`` by channel and state, with what is still to be sent ("due") and what was given up ("given_up");
    ``attachments`` those that the worker has still to look at, by state of the scan: "failed" is tried again;
    ``given_up`` how much of the worker's other work was given up, by its kind;
    ``lanes`` how long ago each lane of the worker finished a round.
    """

    tickets: Mapping[tuple[str, ...], int]
    oldest_open: float
    overdue: Mapping[str, int]
    outbox: Mapping[tuple[str, ...], int]
    outbox_age: float
    attachments: Mapping[tuple[str, ...], int]
    given_up: Mapping[tuple[str, ...], int]
    lanes: Mapping[tuple[str, ...], float]


def figures_of(services: Services, now: datetime) -> Figures:
    """The figures as of ``now``; short queries, each answered by an index."""
    with services.read() as database:
        tickets = database.execute(
            select(Ticket.state, Ticket.priority, func.count())
            .where(Ticket.state.in_(("open", "waiting")))
            .group_by(Ticket.state, Ticket.priority)
        ).all()
        oldest = database.scalar(select(func.min(Ticket.opened_at)).where(Ticket.state == "open"))
        late = Ticket.state.in_(("open", "waiting")), Ticket.queue_at <= now
        response = database.scalar(
            select(func.count()).where(*late, Ticket.answered_at.is_(None), Ticket.response_due_at <= now)
        )
        resolution = database.scalar(
            select(func.count()).where(*late, Ticket.state == "open", Ticket.resolution_due_at <= now)
        )
        outbox = database.execute(
            select(OutboxMessage.channel, OutboxMessage.state, func.count())
            .where(or_(OutboxMessage.state == "due", OutboxMessage.state == "dead"))
            .group_by(OutboxMessage.channel, OutboxMessage.state)
        ).all()
        waiting = database.scalar(select(func.min(OutboxMessage.created_at)).where(OutboxMessage.state == "due"))
        attachments = database.execute(
            select(Attachment.scan, func.count()).where(Attachment.work_at.is_not(None)).group_by(Attachment.scan)
        ).all()
    return Figures(
        tickets={(state, priority): count for state, priority, count in tickets},
        oldest_open=_age(oldest, now),
        overdue={"response": response or 0, "resolution": resolution or 0},
        outbox={(channel, "given_up" if state == "dead" else state): count for channel, state, count in outbox},
        outbox_age=_age(waiting, now),
        attachments={(scan,): count for scan, count in attachments},
        given_up={(kind,): count for kind, count in given_up.counts(services).items()},
        lanes={(lane,): _age(at, now) for lane, at in lane_rounds.last_rounds(services).items()},
    )


def _age(since: datetime | None, now: datetime) -> float:
    return max((now - since).total_seconds(), 0.0) if since is not None else 0.0

"""Messages on their way: written in the transaction of what they tell about, sent by a worker.

A row holds the facts of one message to one recipient. At least once: a worker takes a row on a
lease, sends it, then marks it; a worker that dies in between leaves a lease that runs out, and the
repeat carries the same Message-ID. A row that can't be sent holds up only later rows of its ticket
to the same recipient, and those only until it is dead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import and_, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from formapp.db import table_of
from formapp.models import OutboxMessage
from formapp.services import Services

LEASE = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=7)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
_chance = SystemRandom()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try to send ended. ``permanent`` errors are dead at once; ``retry_after`` is the other side's wish."""

    sent: bool
    error: str = ""
    permanent: bool = False
    retry_after: timedelta | None = None
    kept: bool = False


SENT = Outcome(sent=True)
KEPT = Outcome(sent=True, kept=True)
Send = Callable[[OutboxMessage], Outcome]


def mail_host(base_url: str) -> str:
    """The right side of our Message-IDs: the desk's own host."""
    return urlsplit(base_url).hostname or "localhost"


def enqueue_mail(
    database: Session,
    kind: str,
    recipient: str,
    facts: dict[str, Any],
    message_id: str,
    now: datetime,
    ticket_id: int | None = None,
) -> None:
    """Write one mail to one recipient, inside the caller's transaction; ``facts`` is plain JSON."""
    values = {
        "channel": "mail",
        "kind": kind,
        "ticket_id": ticket_id,
        "recipient": recipient,
        "payload": facts,
        "message_id": message_id,
        "created_at": now,
        "next_attempt_at": now,
    }
    database.execute(insert(table_of(OutboxMessage)), values)


def lease_next(services: Services, now: datetime) -> OutboxMessage | None:
    """Take the next message that is due on a lease; None while nothing is."""
    earlier = aliased(OutboxMessage)
    held_up = exists().where(
        and_(
            earlier.ticket_id == OutboxMessage.ticket_id,
            earlier.recipient == OutboxMessage.recipient,
            earlier.state == "due",
            earlier.id < OutboxMessage.id,
        )
    )
    with services.write.begin() as database:
        free = OutboxMessage.leased_until.is_(None) | (OutboxMessage.leased_until <= now)
        chosen = (
            select(OutboxMessage.id)
            .where(OutboxMessage.state == "due", OutboxMessage.next_attempt_at <= now, free, ~held_up)
            .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        number = database.scalar(chosen)
        if number is None:
            return None
        message = database.get_one(OutboxMessage, number)
        message.lease = secrets.token_hex(8)
        message.leased_until = now + LEASE
        message.attempts += 1
    return message


def finish(services: Services, message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    """Note how a leased message fared; a lease that ran out meanwhile changes nothing."""
    state, pause = "due", timedelta()
    if outcome.sent:
        state = "kept" if outcome.kept else "sent"
    elif outcome.permanent or now - message.created_at >= GIVE_UP_AFTER:
        state = "dead"
    else:
        pause = outcome.retry_after or next_pause(message.attempts)
    with services.write.begin() as database:
        database.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id == message.id, OutboxMessage.lease == message.lease)
            .values(
                state=state,
                lease=None,
                leased_until=None,
                next_attempt_at=now + pause,
                finished_at=None if state == "due" else now,
                last_error=outcome.error,
            )
        )


def next_pause(attempts: int) -> timedelta:
    """How long to wait after so many tries: doubled each time up to six hours, spread by a quarter."""
    full: timedelta = min(FIRST_PAUSE * int(2 ** min(attempts - 1, 20)), LONGEST_PAUSE)
    return full * _chance.uniform(0.75, 1.25)


def send_due(services: Services, send: Send, clock: Callable[[], datetime], most: int = 100) -> int:
    """Send what is due, at the most so many, and return how many were tried."""
    for tried in range(most):
        message = lease_next(services, clock())
        if message is None:
            return tried
        try:
            outcome = send(message)
        except Exception as error:  # noqa: BLE001 - one message's failure must hold up no other
            outcome = Outcome(sent=False, error=f"{type(error).__name__}: {error}")
        finish(services, message, outcome, clock())
    return most


def latest_mails(services: Services, most: int = 100) -> tuple[OutboxMessage, ...]:
    """The newest mails, for the development inbox."""
    with services.read() as database:
        newest = select(OutboxMessage).where(OutboxMessage.channel == "mail").order_by(OutboxMessage.id.desc())
        return tuple(database.scalars(newest.limit(most)))


def mail_numbered(services: Services, number: int) -> OutboxMessage | None:
    """One mail, for the development inbox."""
    with services.read() as database:
        return database.get(OutboxMessage, number)

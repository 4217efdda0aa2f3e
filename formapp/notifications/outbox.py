"""Messages on their way: written in the transaction of the event that they report, sent by a worker.

A row holds the facts of one message to one recipient. At least once: a worker takes a row on a
lease, sends it, then marks it; a worker that dies in between leaves a lease that runs out, and the
repeat carries the same Message-ID. A row that can't be sent holds up only later rows of its ticket
to the same recipient, and those only until it is dead.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, and_, exists, insert, literal, select, update
from sqlalchemy.orm import Session, aliased, defer

from formapp import audit
from formapp.actors import Actor, require_staff
from formapp.backoff import pause_after
from formapp.database.retry import tried_again
from formapp.database.upsert import insert_for
from formapp.errors import NotFound, UseCaseError
from formapp.logs import failure_place
from formapp.models import LARGEST_ID, OutboxMessage, reference_of
from formapp.services import Services
from formapp.translation import gettext as _

LEASE = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=7)
_LONGEST_ERROR = 2000
SECRET_FACTS = frozenset({"link"})
"""Facts that let whoever reads them in: they leave the row once its message is sent."""
_INSERT = insert(OutboxMessage)
# Written into the statement, not bound: SQLite uses a partial index only where it sees the value.
_IS_DEAD = OutboxMessage.state == literal("dead", literal_execute=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try to send ended. ``permanent`` errors are dead at once; ``retry_after`` is the other side's wish."""

    sent: bool
    error: str = ""
    permanent: bool = False
    retry_after: timedelta | None = None
    captured: bool = False


SENT = Outcome(sent=True)
CAPTURED = Outcome(sent=True, captured=True)
Send = Callable[[OutboxMessage], Outcome]


def mail_host(base_url: str) -> str:
    """The right side of our Message-IDs: the desk's own host."""
    return urlsplit(base_url).hostname or "localhost"


def thread_id(reference: str, host: str) -> str:
    """The Message-ID that begins a ticket's thread; every later mail about it answers that one."""
    return f"<{reference}.1.received@{host}>"


def in_language_of(language: str | None) -> dict[str, str]:
    """The fact that says which language a mail speaks; none where that isn't known, and it speaks English."""
    return {"language": language} if language else {}


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to write; ``facts`` is plain JSON, ``message_id`` what its repeats are known by."""

    channel: str
    kind: str
    recipient: str
    facts: dict[str, Any]
    message_id: str
    ticket_id: int | None = None


def enqueue(
    database: Connection | Session, messages: Sequence[NewMessage], now: datetime, *, unless_there: bool = False
) -> None:
    """Write messages, each to one recipient, inside the caller's transaction.

    With ``unless_there`` one whose ``message_id`` is known already is left as it is.
    """
    if not messages:
        return
    values = [
        {
            "channel": message.channel,
            "kind": message.kind,
            "ticket_id": message.ticket_id,
            "recipient": message.recipient,
            "payload": message.facts,
            "message_id": message.message_id,
            "created_at": now,
            "next_attempt_at": now,
        }
        for message in messages
    ]
    connection = database if isinstance(database, Connection) else database.connection()
    statement = insert_for(connection, OutboxMessage).on_conflict_do_nothing() if unless_there else _INSERT
    connection.execute(statement, values)


def enqueue_mail(
    database: Session,
    kind: str,
    recipient: str,
    facts: dict[str, Any],
    message_id: str,
    now: datetime,
    ticket_id: int | None = None,
) -> None:
    """Write one mail to one recipient, inside the caller's transaction."""
    enqueue(database, [NewMessage("mail", kind, recipient, facts, message_id, ticket_id)], now)


def lease_next(services: Services, now: datetime, only: ColumnElement[bool] | None = None) -> OutboxMessage | None:
    """Take the next message that is due on a lease, of those that ``only`` leaves; None while nothing is.

    One whose row can't be read any more, as after damage, is given up, and the next one taken.
    """
    earlier = aliased(OutboxMessage)
    held_up = exists().where(
        and_(
            earlier.ticket_id == OutboxMessage.ticket_id,
            earlier.recipient == OutboxMessage.recipient,
            earlier.state == "due",
            earlier.id < OutboxMessage.id,
        )
    )
    free = OutboxMessage.leased_until.is_(None) | (OutboxMessage.leased_until <= now)
    chosen = (
        select(OutboxMessage.id)
        .where(OutboxMessage.state == "due", OutboxMessage.next_attempt_at <= now, free, ~held_up)
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if only is not None:
        chosen = chosen.where(only)
    while True:
        with services.write.begin() as database:
            number = database.scalar(chosen)
            if number is None:
                return None
            try:
                message = database.get_one(OutboxMessage, number)
            except ValueError as error:
                database.execute(
                    update(OutboxMessage)
                    .where(OutboxMessage.id == number)
                    .values(state="dead", finished_at=now, last_error=f"Its row can't be read ({failure_place(error)})")
                )
                continue
            message.lease = secrets.token_hex(8)
            message.leased_until = now + LEASE
            message.attempts += 1
            return message


def finish(services: Services, message: OutboxMessage, outcome: Outcome, now: datetime) -> None:
    """Note how a leased message fared; a lease that ran out meanwhile changes nothing."""
    state, pause = "due", timedelta()
    if outcome.sent:
        state = "kept" if outcome.captured else "sent"
    elif outcome.permanent or now - message.created_at >= GIVE_UP_AFTER:
        state = "dead"
    else:
        pause = outcome.retry_after or pause_after(message.attempts)
    changed: dict[str, Any] = {}
    if state == "sent" and SECRET_FACTS & message.payload.keys():
        changed["payload"] = {name: value for name, value in message.payload.items() if name not in SECRET_FACTS}
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
                last_error=_storable(outcome.error),
                **changed,
            )
        )


def _storable(error: str) -> str:
    """What went wrong, as both databases store it: a server's words may hold anything."""
    return error.encode("utf-8", "replace").decode().replace("\0", "")[:_LONGEST_ERROR]


def send_due(
    services: Services,
    send: Send,
    clock: Callable[[], datetime],
    most: int = 100,
    only: ColumnElement[bool] | None = None,
) -> int:
    """Send what is due, at the most so many, and return how many were tried."""
    for tried in range(most):
        message = lease_next(services, clock(), only)
        if message is None:
            return tried
        send_leased(services, message, send, clock)
    return most


def send_leased(services: Services, message: OutboxMessage, send: Send, clock: Callable[[], datetime]) -> None:
    """Send one message that was taken on a lease, and note how it fared."""
    try:
        outcome = send(message)
    except Exception as error:  # noqa: BLE001 - one message's failure must hold up no other
        outcome = Outcome(sent=False, error=failure_place(error))
    finish(services, message, outcome, clock())


def latest_mails(services: Services, most: int = 100) -> tuple[OutboxMessage, ...]:
    """The newest mails, for the development inbox."""
    with services.read() as database:
        newest = select(OutboxMessage).where(OutboxMessage.channel == "mail").order_by(OutboxMessage.id.desc())
        return tuple(database.scalars(newest.limit(most)))


def mail_numbered(services: Services, number: int) -> OutboxMessage | None:
    """One mail, for the development inbox."""
    with services.read() as database:
        return database.get(OutboxMessage, number)


def dead_messages(services: Services, *, before: int | None = None, most: int = 50) -> tuple[OutboxMessage, ...]:
    """The messages that were given up, newest first; the next page begins ``before`` the last one's number."""
    # Without the payload: a row may be here because that can't be read.
    chosen = select(OutboxMessage).where(_IS_DEAD).options(defer(OutboxMessage.payload, raiseload=True))
    if before is not None:
        chosen = chosen.where(OutboxMessage.id < min(before, LARGEST_ID))
    with services.read() as database:
        return tuple(database.scalars(chosen.order_by(OutboxMessage.id.desc()).limit(most)))


def message_numbered(services: Services, number: int) -> OutboxMessage:
    """One message of any channel. Raises NotFound."""
    with services.read() as database:
        return _message(database, number)


@tried_again
def replay(services: Services, actor: Actor, number: int, now: datetime, *, by: audit.Origin | None = None) -> None:
    """Send a message again, for staff, that was given up, with the id that it had: a recipient that has it can tell.

    One that is more than a week old is tried once. Raises NotFound, NotPermitted, and UseCaseError for one that was
    not given up.
    """
    with services.write.begin() as database:
        require_staff(database, actor)
        message = _message(database, number, for_update=True)
        if message.state != "dead":
            raise UseCaseError(_("This message was not given up: it was sent, or is on its way"))
        make_due(message, now)
        record_replay(database, message, by, now)


def record_replay(database: Session, message: OutboxMessage, by: audit.Origin | None, now: datetime) -> None:
    """Write into the audit log that a message is sent again, inside the caller's transaction."""
    about = {"ticket": reference_of(message.ticket_id)} if message.ticket_id is not None else {}
    details: dict[str, str | int | bool] = {"number": message.id, "channel": message.channel, "kind": message.kind}
    audit.record(database, "message-sent-again", by or audit.command_line(), now, details={**details, **about})


def make_due(message: OutboxMessage, now: datetime) -> None:
    """Let the next worker take a message as if it had never been tried, inside the caller's transaction."""
    message.state, message.attempts, message.finished_at = "due", 0, None
    message.next_attempt_at = now
    message.lease = message.leased_until = None


def _message(database: Session, number: int, *, for_update: bool = False) -> OutboxMessage:
    found = None
    if 0 < number <= LARGEST_ID:
        without_payload = [defer(OutboxMessage.payload)]
        found = database.get(OutboxMessage, number, options=without_payload, with_for_update=for_update)
    if found is None:
        raise NotFound(f"There is no message {number}")
    return found

"""What the worker could not do of a row: put off with growing pauses, and after some tries given up.

What was given up is tried again only when somebody asks for it. Mails, webhooks and events have all this
in their outbox.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session

from formapp.backoff import pause_after
from formapp.database.upsert import insert_for
from formapp.errors import UseCaseError
from formapp.logs import failure_place, log
from formapp.models import FailedWork
from formapp.services import Services

MOST_TRIES = 10
"""How often work is tried before it is given up: about four hours, by the pauses between."""
# The first that fits; a TimeoutError is an OSError, too.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "It took too long"),
    (ChildProcessError, "Its process was ended from outside, as by a system that has no memory left"),
    (FileNotFoundError, "A file that it needs is missing"),
    (OSError, "The system refused a file or a process that it needs"),
    (MemoryError, "There was not enough memory"),
    (DBAPIError, "The database refused it"),
    (SQLAlchemyError, "A row that it needs is missing or can't be read"),
    (UseCaseError, "A rule of the desk forbids it"),
)
UNFORESEEN = "The program met what it doesn't know; tell whoever runs the desk"


def reason_of(error: BaseException) -> str:
    """Why work failed, in plain words, and for whoever runs the desk the place; never what somebody typed."""
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), UNFORESEEN)
    return f"{words} ({failure_place(error)})"


def waits(kind: str, item: InstrumentedAttribute[int], now: datetime) -> ColumnElement[bool]:
    """The condition that the work on a row was put off to a later time, or given up."""
    not_now = FailedWork.given_up_at.is_not(None) | (FailedWork.retry_at > now)
    return exists().where(FailedWork.kind == kind, FailedWork.item == item, not_now)


def put_off(services: Services, kind: str, item: int, ticket_id: int, error: BaseException, now: datetime) -> None:
    """Note that work on a row failed; after ``MOST_TRIES`` in a row it is given up."""
    with services.write.begin() as database:
        before = database.scalar(select(FailedWork.attempts).where(FailedWork.kind == kind, FailedWork.item == item))
        attempts = (before or 0) + 1
        given_up = attempts >= MOST_TRIES
        changing = {
            "attempts": attempts,
            "retry_at": now + pause_after(attempts),
            "given_up_at": now if given_up else None,
            "reason": reason_of(error),
        }
        _write(database, kind, item, ticket_id, now, changing)
    log.error(
        "work given up" if given_up else "work put off",
        work=kind,
        item=item,
        ticket=ticket_id,
        attempts=attempts,
        error=failure_place(error),
    )


def give_up(database: Session, kind: str, item: int, ticket_id: int, attempts: int, reason: str, now: datetime) -> None:
    """Note that work on a row is given up, inside the caller's transaction."""
    changing = {"attempts": attempts, "retry_at": now, "given_up_at": now, "reason": reason}
    _write(database, kind, item, ticket_id, now, changing)
    log.error("work given up", work=kind, item=item, ticket=ticket_id, attempts=attempts)


def _write(database: Session, kind: str, item: int, ticket_id: int, now: datetime, changing: dict[str, object]) -> None:
    statement = insert_for(database, FailedWork).values(
        kind=kind, item=item, ticket_id=ticket_id, first_failed_at=now, **changing
    )
    database.execute(statement.on_conflict_do_update(index_elements=[FailedWork.kind, FailedWork.item], set_=changing))


def forget(database: Session, kind: str, item: int) -> None:
    """The work on a row is done: what failed before counts no more."""
    database.execute(delete(FailedWork).where(FailedWork.kind == kind, FailedWork.item == item))

"""Removing what was kept long enough: a batch at a time, each in a transaction of its own.

Nothing that is still owed goes: no message on its way, nothing of a ticket that isn't closed, no event
that the clock counts by. Rows go before their files; a file that stays behind is swept by the worker.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from formapp import audit
from formapp.accounts import sessions
from formapp.attachments import service as attachments
from formapp.database.engine import Base
from formapp.database.upsert import insert_for
from formapp.logs import failure_place, log
from formapp.models import (
    Attachment,
    AuditEntry,
    BulkAction,
    ClockNotice,
    CopyInvitation,
    Draft,
    Event,
    IncomingMail,
    Message,
    NamedPage,
    OutboxMessage,
    PageFeedback,
    RetentionMark,
    SearchText,
    SignedInSession,
    SignInLink,
    SolvedAnswer,
    Ticket,
    TicketRead,
    TicketTag,
    Watcher,
    WebhookAttempt,
)
from formapp.services import Services
from formapp.tickets import bulk, copy_invitations

BATCH = 200
"""So many rows at the most in one transaction: a person who sends a ticket doesn't wait for more."""
TICKETS_AT_ONCE = 10
MOST_BATCHES = 50
"""So many of each kind in one round: a lane whose round takes minutes would be called stuck."""
PAUSE_SECONDS = 0.05
OUTBOX = "outbox"
_WITH_MESSAGES = (SearchText, TicketTag, NamedPage, OutboxMessage, ClockNotice, Attachment, Message, Event)
_OF_PERSONS = (TicketRead, Watcher, CopyInvitation, SolvedAnswer)
PRUNED_EVENTS = ("assigned", "tagged", "untagged", "page-named", "absorbed", "due-soon", "missed")
"""Events that neither the clock counts by nor a message of the conversation stands for."""


def prune_some(services: Services, now: datetime, pause: Callable[[], None] = lambda: time.sleep(PAUSE_SECONDS)) -> int:
    """Remove what is over, some batches of each kind; how many rows that were: at 0 nothing is left.

    What can't be removed now is logged, and left.
    """
    total = 0
    for what, prune in PRUNERS.items():
        removed = 0
        try:
            for _ in range(MOST_BATCHES):
                done = prune(services, now)
                removed += done
                if not done:
                    break
                # Others write meanwhile.
                pause()
        except Exception as error:  # noqa: BLE001 - what one kind meets keeps no other
            log.error("not pruned", what=what, error=failure_place(error))
        if removed:
            log.info("pruned", what=what, rows=removed)
        total += removed
    return total


def prune_outbox(services: Services, now: datetime) -> int:
    """Messages that were sent, shown or given up, with the log of their deliveries. One on its way stays."""
    keep = services.settings.keep.outbox
    if keep is None:
        return 0
    over = and_(
        OutboxMessage.state != "due",
        func.coalesce(OutboxMessage.finished_at, OutboxMessage.created_at) < now - keep,
    )
    with services.write.begin() as database:
        numbers = _numbers(database, OutboxMessage.id, over)
        if numbers:
            database.execute(delete(WebhookAttempt).where(WebhookAttempt.outbox_id.in_(numbers)))
            database.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(numbers)))
            _mark(database, OUTBOX, now - keep)
        return len(numbers)


def prune_mails(services: Services, now: datetime) -> int:
    """Received mail that was processed. What is held, or waits for its sender, stays."""
    owed = IncomingMail.state.in_(("new", "held", "asked"))
    return _prune_rows(services, IncomingMail.id, services.settings.keep.mail, IncomingMail.processed_at, now, ~owed)


def prune_attempts(services: Services, now: datetime) -> int:
    """The log of deliveries, but for messages that are still tried."""
    keep = services.settings.keep.attempts
    due = exists().where(OutboxMessage.id == WebhookAttempt.outbox_id, OutboxMessage.state == "due")
    return _prune_rows(services, WebhookAttempt.id, keep, WebhookAttempt.attempted_at, now, ~due)


def prune_sessions(services: Services, now: datetime) -> int:
    """Sessions that let nobody in any more."""
    before = now - services.settings.keep.sessions
    over = or_(
        SignedInSession.created_at < before - sessions.LIFETIME, SignedInSession.seen_at < before - sessions.IDLE
    )
    return _delete_batch(services, SignedInSession.token_hash, over)


def prune_links(services: Services, now: datetime) -> int:
    """Sign-in links that let nobody in any more."""
    keep = services.settings.keep.sessions
    return _prune_rows(services, SignInLink.token_hash, keep, SignInLink.expires_at, now)


def prune_drafts(services: Services, now: datetime) -> int:
    """Forms whose sender didn't come back."""
    return _delete_batch(services, Draft.token_hash, Draft.expires_at < now)


def prune_copy_invitations(services: Services, now: datetime) -> int:
    """Addresses that were asked into copy and didn't answer. One that mail doesn't reach is kept for a while."""
    unreached = CopyInvitation.unreached_at.is_not(None) & (
        CopyInvitation.unreached_at > now - copy_invitations.UNREACHED_FOR
    )
    with services.write.begin() as database:
        over = select(CopyInvitation.ticket_id, CopyInvitation.email).where(
            CopyInvitation.expires_at <= now, ~unreached
        )
        found = database.execute(over.order_by(CopyInvitation.expires_at).limit(BATCH)).all()
        for ticket_id, email in found:
            database.execute(
                delete(CopyInvitation).where(CopyInvitation.ticket_id == ticket_id, CopyInvitation.email == email)
            )
        return len(found)


def prune_bulk_actions(services: Services, now: datetime) -> int:
    """Actions on many tickets that nobody can undo any more; what they did stands in each ticket's history."""
    return _delete_batch(services, BulkAction.id, BulkAction.at < now - bulk.UNDO_WITHIN)


def prune_feedback(services: Services, now: datetime) -> int:
    """What readers said of the guide's pages, by the day on which they did."""
    keep = services.settings.keep.feedback
    if keep is None:
        return 0
    last = (now - keep).astimezone(services.policy.calendar.zone).date()
    return _delete_batch(services, PageFeedback.id, PageFeedback.day < last)


def prune_events(services: Services, now: datetime) -> int:
    """What the history of a closed ticket tells beyond its clock and its conversation."""
    keep = services.settings.keep.events
    if keep is None:
        return 0
    later = aliased(Event)
    wanted = (
        select(Event.id, Event.ticket_id)
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(
            Ticket.state == "closed",
            Ticket.closed_at < now - keep,
            Event.kind.in_(PRUNED_EVENTS),
            Event.details["state"].as_string().is_(None),
            # The newest stays, because the next one's number follows from it.
            exists().where(later.ticket_id == Event.ticket_id, later.sequence > Event.sequence),
        )
        .order_by(Event.ticket_id, Event.id)
        .limit(BATCH)
    )
    with services.write.begin() as database:
        # A ticket that is being reopened at this moment is locked by that, and judged anew afterwards.
        found = database.execute(wanted.with_for_update(of=Ticket)).all()
        of_ticket: dict[int, list[int]] = {}
        for number, ticket_id in found:
            of_ticket.setdefault(ticket_id, []).append(number)
        for ticket_id, numbers in of_ticket.items():
            database.execute(delete(Event).where(Event.id.in_(numbers)))
            database.execute(
                update(Ticket)
                .where(Ticket.id == ticket_id)
                .values(events_pruned=Ticket.events_pruned + len(numbers))
                .execution_options(synchronize_session=False)
            )
        return len(found)


def prune_tickets(services: Services, now: datetime) -> int:
    """Closed tickets with all that hangs on them, each together with the duplicates that were merged into it."""
    keep = services.settings.keep.tickets
    if keep is None:
        return 0
    with services.write.begin() as database:
        numbers = _tickets_over(database, now - keep)
        keys = _delete_tickets(database, numbers) if numbers else ()
    for key in keys:
        _remove_file(services, key)
    return len(numbers)


def _tickets_over(database: Session, before: datetime) -> list[int]:
    """The numbers of some tickets that may go: whole groups of a ticket and its duplicates, locked."""
    duplicate = aliased(Ticket)
    duplicates = select(duplicate.id).where(duplicate.merged_into_id == Ticket.id)
    owed = exists().where(
        OutboxMessage.state == "due",
        or_(OutboxMessage.ticket_id == Ticket.id, OutboxMessage.ticket_id.in_(duplicates.scalar_subquery())),
    )
    # Duplicates are closed with the ticket that they were merged into, or before it was closed.
    younger = exists().where(duplicate.merged_into_id == Ticket.id, duplicate.closed_at >= before)
    roots = database.scalars(
        select(Ticket.id)
        .where(Ticket.state == "closed", Ticket.closed_at < before, Ticket.merged_into_id.is_(None), ~owed, ~younger)
        .order_by(Ticket.id)
        .limit(TICKETS_AT_ONCE)
        .with_for_update()
    ).all()
    # The newest reference must never be given away again, and a database may give the highest number anew.
    newest = database.scalar(select(func.max(Ticket.id)))
    groups: list[int] = []
    for root in roots:
        locked = select(Ticket.id).where(Ticket.merged_into_id == root).order_by(Ticket.id).with_for_update()
        group = [root, *database.scalars(locked)]
        if newest not in group:
            groups += group
    return groups


def _delete_tickets(database: Session, numbers: Sequence[int]) -> Sequence[str]:
    """Delete tickets with all that hangs on them; the keys of their files."""
    keys = database.scalars(select(Attachment.key).where(Attachment.ticket_id.in_(numbers))).all()
    of_tickets = select(OutboxMessage.id).where(OutboxMessage.ticket_id.in_(numbers))
    database.execute(delete(WebhookAttempt).where(WebhookAttempt.outbox_id.in_(of_tickets)))
    for model in (*_WITH_MESSAGES, *_OF_PERSONS):
        database.execute(delete(model).where(_ticket_of(model).in_(numbers)))
    database.execute(delete(Ticket).where(Ticket.id.in_(numbers)))
    return keys


def _ticket_of(model: type[Base]) -> ColumnElement[int]:
    column: ColumnElement[int] = Base.metadata.tables[model.__tablename__].c.ticket_id
    return column


def _remove_file(services: Services, key: str) -> None:
    """Remove a file whose row is gone. One that can't be removed now is swept with those that nobody sent."""
    try:
        attachments.discard_staged(services, key)
    except OSError as error:
        log.warning("file not removed", reason=failure_place(error))


def prune_audit(services: Services, now: datetime) -> int:
    """Old lines of the audit log, which says so itself. The database lets no younger ones go."""
    keep = services.settings.keep.audit
    if keep is None:
        return 0
    with services.write.begin() as database:
        numbers = _numbers(database, AuditEntry.id, AuditEntry.at < now - keep)
        if numbers:
            audit.record(database, "audit-pruned", audit.Origin(None, "worker"), now, details={"lines": len(numbers)})
            database.flush()
            database.execute(delete(AuditEntry).where(AuditEntry.id.in_(numbers)))
        return len(numbers)


def _prune_rows(
    services: Services,
    key: InstrumentedAttribute[int] | InstrumentedAttribute[str],
    keep: timedelta | None,
    ended: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    now: datetime,
    *conditions: ColumnElement[bool],
) -> int:
    return 0 if keep is None else _delete_batch(services, key, ended < now - keep, *conditions)


def _delete_batch(
    services: Services,
    key: InstrumentedAttribute[int] | InstrumentedAttribute[str],
    *conditions: ColumnElement[bool],
) -> int:
    """Delete some rows in one transaction; how many."""
    with services.write.begin() as database:
        found = _numbers(database, key, *conditions)
        if found:
            database.execute(delete(key.class_).where(key.in_(found)))
        return len(found)


def _numbers(
    database: Session, key: InstrumentedAttribute[int] | InstrumentedAttribute[str], *conditions: ColumnElement[bool]
) -> list[int | str]:
    return list(database.scalars(select(key).where(*conditions).order_by(key).limit(BATCH)))


def _mark(database: Session, kind: str, before: datetime) -> None:
    """Note up to when rows of a kind may be gone; a mark never goes back, whatever the setting says later."""
    mark = database.get(RetentionMark, kind)
    if mark is None:
        database.execute(
            insert_for(database, RetentionMark).values(kind=kind, ended_before=before).on_conflict_do_nothing()
        )
    elif mark.ended_before < before:
        mark.ended_before = before


PRUNERS: Mapping[str, Callable[[Services, datetime], int]] = {
    "outbox": prune_outbox,
    "mail": prune_mails,
    "attempts": prune_attempts,
    "sessions": prune_sessions,
    "sign-in links": prune_links,
    "drafts": prune_drafts,
    "copy invitations": prune_copy_invitations,
    "bulk actions": prune_bulk_actions,
    "feedback": prune_feedback,
    "events": prune_events,
    "tickets": prune_tickets,
    "audit log": prune_audit,
}

"""What becomes of a received mail: a reply on its ticket, a form to complete, or a question to the desk.

Each mail gets an outcome that staff see, and none is ever dropped. The sender must be a person who may write on
that ticket. A From can be forged: staff are believed by an address that the desk gave to them alone, and a
customer's mail that nothing proves is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from formapp.actors import is_in_copy_by_address
from formapp.backoff import pause_after
from formapp.errors import NotFound
from formapp.incoming_mail import filing, notices, outcomes, ticket_matching
from formapp.incoming_mail.outcomes import MailOutcome
from formapp.incoming_mail.parsing import ParsedMail, Unreadable
from formapp.incoming_mail.reading import ReadMail, read_mail
from formapp.logs import failure_place, log
from formapp.models import Account, IncomingMail, Membership, OutboxMessage, Watcher
from formapp.services import Services
from formapp.tickets import copy_invitations, drafts, follow_up

LEASE = timedelta(minutes=5)
MOST_TRIES = 10


def process_next(services: Services, clock: Callable[[], datetime]) -> int:
    """Process the oldest mail that waits; 1, or 0 where none does. One that fails is tried again, at last held."""
    now = clock()
    with services.write.begin() as database:
        unprocessed = select(IncomingMail.id).where(IncomingMail.state == "new", IncomingMail.retry_at <= now)
        oldest = unprocessed.order_by(IncomingMail.id).limit(1).with_for_update(skip_locked=True)
        number = database.scalar(oldest)
        if number is None:
            return 0
        mail = database.get_one(IncomingMail, number)
        mail.attempts += 1
        mail.retry_at = now + LEASE
    try:
        process(services, number, now)
    except Exception as error:  # noqa: BLE001 - one mail's trouble is no other's
        log.warning("mail not processed", mail=number, attempts=mail.attempts, error=failure_place(error))
        passing = isinstance(error, OSError | DBAPIError) and mail.attempts < MOST_TRIES
        with services.write.begin() as database:
            row = database.get_one(IncomingMail, number)
            row.retry_at = clock() + pause_after(mail.attempts)
            if not passing:
                _note(row, MailOutcome("held", "failed"), clock(), None)
                notices.tell_of_held(services, database, row, clock())
    return 1


def process(
    services: Services, number: int, now: datetime, *, accepted_by: int | None = None, project_key: str = ""
) -> MailOutcome:
    """Process one mail and note what it became; the same mail twice writes one reply.

    ``accepted_by`` is who at the desk says that its sender is whom it names, ``project_key`` the project that was
    chosen with it. Raises NotFound for a mail that is gone, and what database and file store raise: then nothing is
    noted.
    """
    with services.read() as database:
        mail = database.get(IncomingMail, number)
    if mail is None or mail.raw is None:
        raise NotFound
    content: ReadMail | None = None
    try:
        content = read_mail(mail.raw)
        outcome = _outcome_of(services, mail, content, now, accepted=accepted_by is not None, project_key=project_key)
    except Unreadable:
        outcome = MailOutcome("held", "unreadable")
    with services.write.begin() as database:
        row = database.get_one(IncomingMail, number)
        if content is not None:
            row.sender, row.subject = content.parsed.sender, content.parsed.subject
            if content.parsed.bounce is not None:
                copy_invitations.note_unreached(database, content.parsed.bounce.recipients, now)
        _note(row, outcome, now, accepted_by)
        if outcome.state == "held" and accepted_by is None:
            notices.tell_of_held(services, database, row, now)
    log.info("mail processed", mail=number, state=outcome.state, reason=outcome.reason)
    return outcome


def hold_what_was_not_sent(services: Services, now: datetime) -> int:
    """Hold mails whose form hasn't been sent within a day, so that somebody looks; how many that were."""
    over = IncomingMail.state == "asked", IncomingMail.processed_at < now - timedelta(days=1)
    with services.read() as database:
        asked = database.execute(select(IncomingMail.id, IncomingMail.draft_hash).where(*over).limit(100)).all()
    changed = 0
    for number, draft_hash in asked:
        state, reason = ("held", "not-sent") if drafts.is_there(services, draft_hash or "") else ("added", "sent")
        try:
            with services.write.begin() as database:
                still = update(IncomingMail).where(IncomingMail.id == number, IncomingMail.state == "asked")
                database.execute(still.values(state=state, reason=reason))
            changed += 1
        except DBAPIError as error:
            log.warning("mail not held", mail=number, error=failure_place(error))
    return changed


def _note(row: IncomingMail, outcome: MailOutcome, now: datetime, accepted_by: int | None) -> None:
    row.state, row.reason = outcome.state, outcome.reason
    row.account_id, row.ticket_id = outcome.account_id, outcome.ticket_id
    row.message_id, row.confirmed = outcome.message_id, outcome.confirmed
    row.draft_hash = outcome.draft_hash
    row.processed_at, row.decided_by_id = now, accepted_by
    if outcome.answered:
        row.answered_at = now


def _outcome_of(
    services: Services, mail: IncomingMail, content: ReadMail, now: datetime, *, accepted: bool, project_key: str
) -> MailOutcome:
    parsed = content.parsed
    of_guest = mail.door == "form"
    with services.read() as database:
        if parsed.bounce is not None:
            return _of_bounce(database, parsed)
        ours = ticket_matching.is_ours(database, services.settings, parsed.message_id)
        ticket = None if of_guest else ticket_matching.ticket_of(database, services.settings, parsed)
        person = database.scalar(select(Account).where(Account.email == parsed.sender)) if parsed.sender else None
        member = (
            person is not None
            and ticket is not None
            and database.get(Membership, (person.id, ticket.project_id)) is not None
        )
        in_copy = person is not None and ticket is not None and is_in_copy_by_address(database, person.id, ticket.id)
        known_from_copy = person is not None and _is_known_from_copy_alone(database, person.id)
    signed = ticket_matching.is_signed(services.settings, parsed)
    known = MailOutcome(
        "held",
        account_id=person.id if person else None,
        ticket_id=ticket.id if ticket else None,
        confirmed=accepted or signed or of_guest or ticket_matching.is_authenticated(services.settings, parsed),
    )
    if not accepted and (parsed.automatic or ours):
        return replace(known, state="ignored", reason="our-own" if ours else "automatic")
    if person is None or person.disabled_at is not None:
        reason = "disabled" if person else "unknown-sender" if parsed.sender else "no-sender"
        reason = "guest" if of_guest and person is None else reason
        return replace(known, reason=reason)
    if person.is_staff and not signed and not accepted:
        return replace(known, reason="staff-not-confirmed" if ticket else "staff-without-ticket")
    if ticket is None:
        if person.is_staff:
            return replace(known, reason="staff-without-ticket")
        if of_guest:
            return outcomes.file_ticket(services, mail, content, person, known, now, project_key)
        if known_from_copy:
            return replace(known, reason="no-project")
        return filing.file_new(services, mail, content, person, known, now, accepted=accepted, project_key=project_key)
    from_copy = in_copy and not member and not person.is_staff
    if from_copy and not known.confirmed:
        # Nobody else of the project knows the person, so an address that anybody can write says too little.
        return replace(known, reason="copy-not-confirmed")
    if not (person.is_staff or member or from_copy):
        return replace(known, reason="not-permitted")
    if not person.is_staff:
        with services.read() as database:
            over = follow_up.is_over(services, database, ticket, now)
        if over and from_copy:
            return replace(known, reason="not-permitted")
        if over:
            return filing.file_follow_up(services, mail, content, person, ticket, known, now)
    return outcomes.add_reply(services, mail, content, person, ticket, known, now, from_copy=from_copy)


def _is_known_from_copy_alone(database: Session, account_id: int) -> bool:
    """Whether a person has an account only because of being, or having been, in copy by an address."""
    member = select(Membership.project_id).where(Membership.account_id == account_id)
    by_address = select(Watcher.ticket_id).where(Watcher.account_id == account_id, Watcher.by_address.is_(True))
    return database.scalar(by_address.limit(1)) is not None and database.scalar(member.limit(1)) is None


def _of_bounce(database: Session, parsed: ParsedMail) -> MailOutcome:
    bounce = parsed.bounce
    assert bounce is not None  # noqa: S101 - the caller has looked
    unreached = database.scalar(select(Account.id).where(Account.email.in_(bounce.recipients)).limit(1))
    ticket = database.scalar(
        select(OutboxMessage.ticket_id).where(OutboxMessage.message_id == bounce.message_id).limit(1)
    )
    return MailOutcome("bounce", "undelivered", account_id=unreached, ticket_id=ticket)

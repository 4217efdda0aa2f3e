"""Erasing a person: name, address, typed texts and files go; counts, times, priorities and promises stay.

First the texts of others are freed of the person's name, address and quoted lines, some rows at a time;
then all that is the person's own goes in one transaction, with its line in the audit log and in the list
of erasures. Done again it finds nothing, and whoever was stopped in between does it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from formapp import audit
from formapp.attachments import service as attachments
from formapp.errors import NotFound
from formapp.logs import failure_place, log
from formapp.models import (
    Account,
    AddressChange,
    Attachment,
    BulkAction,
    CopyInvitation,
    Draft,
    Event,
    FailedWork,
    FormerDetails,
    IncomingMail,
    Membership,
    Message,
    OutboxMessage,
    Project,
    SavedReply,
    SavedView,
    SignedInSession,
    SignInLink,
    SolvedAnswer,
    Ticket,
    TicketRead,
    TicketTag,
    Watcher,
    WebhookAttempt,
)
from formapp.notifications import fanout
from formapp.notifications.fanout import TicketEvent
from formapp.operations.person import erasures
from formapp.operations.person.redaction import Redaction
from formapp.operations.person.rows import Person, person_of, rows_about
from formapp.operations.person.texts_of_others import BATCH, free_texts_of_others
from formapp.services import Services
from formapp.tickets import events, search_index, sla

NAME = "Erased person"
SUBJECT = "Erased"
NO_DIGEST = "0" * 64
# What an event may still say: words of the policy and the desk, numbers and instants.
KEPT_DETAILS = frozenset(
    {"state", "priority", "rule", "due", "target", "answers", "because", "into", "reference", "first_answer"}
    | {"assignee", "erased"}
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. ``tickets`` are the numbers of the person's own, ``others`` of tickets where others' texts remain.

    ``overwritten`` says whether the database's freed pages are overwritten, too.
    """

    tickets: tuple[int, ...]
    others: tuple[int, ...]
    messages: int
    files: int
    closed: int
    overwritten: bool


def erase_person(
    services: Services, email: str, by: audit.Origin, now: datetime, *, conversations: bool = False
) -> Erased:
    """Erase all that is stored about an address; the address can be used anew. Raises NotFound where nothing is.

    With ``conversations`` what others wrote on the person's own tickets goes as well, else it stays without
    name, address and quoted lines. What somebody wrote for the desk stays, signed "Erased person".
    """
    with services.read() as database:
        person = person_of(database, email)
        there = any(
            database.scalar(select(func.count()).select_from(model).where(about))
            for model, about in rows_about(database, person).items()
        )
        redaction = _redaction(database, person)
        involved = _involved(database, person)
    if not there:
        # It may be the second try, because the first couldn't do this.
        _overwrite_freed_pages(services)
        raise NotFound(f"Nothing is stored about {email}")
    free_texts_of_others(services, person, redaction, involved)
    with services.write.begin() as database:
        sentence = f"Erased on {_day(services, now)} at the person's request."
        own = list(database.scalars(select(Ticket.id).where(Ticket.account_id == person.number).order_by(Ticket.id)))
        indexed = _indexed(database, person, own)
        keys = _delete_files(database, person, own, conversations=conversations)
        keys += _delete_drafts(database, person)
        _delete_messages_out(database, person)
        _delete_mails_in(database, person, {*own, *involved})
        closed = _erase_tickets(services, database, own, sentence, now)
        messages = _erase_messages(database, person, own, sentence, conversations=conversations)
        database.execute(delete(TicketTag).where(TicketTag.ticket_id.in_(own)))
        _erase_events(database, person, own)
        _erase_account(database, person, now)
        details = {"tickets": len(own), "messages": messages, "files": len(keys), "conversations": conversations}
        audit.record(database, "person-erased", by, now, subject_id=person.number or None, details=details)
        database.flush()
        for start in range(0, len(indexed), BATCH):
            search_index.index_tickets(database.connection(), indexed[start : start + BATCH])
        # On the list before it is so: a list that misses one would let a restored backup bring it back.
        for address in (person.email, *_addresses_of_before(database, person)):
            erasures.note(services, address, now, conversations=conversations)
    _remove_files(services, keys)
    others = tuple(number for number in involved if conversations is False or number not in own)
    return Erased(tuple(own), others, messages, len(keys), closed, _overwrite_freed_pages(services))


def _addresses_of_before(database: Session, person: Person) -> list[str]:
    """The addresses that the person had and nobody has now: an older backup knows the person by one of these."""
    had = {before.email for before in person.former} - {person.email}
    taken = set(database.scalars(select(Account.email).where(Account.email.in_(had))))
    return sorted(had - taken)


def erase_again(services: Services, by: audit.Origin, now: datetime) -> int:
    """Erase whom the list names and an older backup has brought back; how many that were."""
    listed = {erasure.address_hash: erasure for erasure in erasures.noted(services)}
    if not listed:
        return 0
    with services.read() as database:
        accounts = database.scalars(select(Account).where(Account.erased_at.is_(None))).all()
    done = 0
    for account in accounts:
        erasure = listed.get(erasures.address_hash(services, account.email))
        # Whoever has come back since has an account that is younger.
        if erasure is not None and account.created_at <= erasure.at:
            erase_person(services, account.email, by, now, conversations=erasure.conversations)
            done += 1
    return done


def _day(services: Services, now: datetime) -> str:
    day = now.astimezone(services.policy.calendar.zone)
    return f"{day.day} {day:%B %Y}"


def _redaction(database: Session, person: Person) -> Redaction:
    """What to look for in the texts of others."""
    names = [person.email]
    texts: list[str] = []
    if person.account is not None:
        names.append(person.account.name)
        names += [word for before in person.former for word in (before.name, before.email)]
        for row in database.execute(
            select(Ticket.subject, Ticket.description, Ticket.url).where(Ticket.account_id == person.number)
        ):
            texts += row
        answers = select(Ticket.form_answers).where(Ticket.account_id == person.number, Ticket.form != "")
        # Not what is chosen among the policy's words, nor a date: anybody may write these.
        texts += [one["value"] for given in database.scalars(answers) for one in given if one["kind"].endswith("text")]
        written = select(Message.body).where(Message.account_id == person.number, ~Message.by_staff)
        texts += database.scalars(written)
    return Redaction.of(names, texts)


def _involved(database: Session, person: Person) -> tuple[int, ...]:
    """The tickets on which others have written beside the person."""
    here = or_(
        Ticket.account_id == person.number,
        Ticket.id.in_(select(Message.ticket_id).where(Message.account_id == person.number)),
    )
    wrote = select(Message.ticket_id).where(Message.account_id != person.number)
    return tuple(database.scalars(select(Ticket.id).where(here, Ticket.id.in_(wrote)).order_by(Ticket.id)))


def _indexed(database: Session, person: Person, own: list[int]) -> list[int]:
    """The tickets with words of the person's, locked: the own ones, and where the person wrote or sent files."""
    wrote = select(Message.ticket_id).where(Message.account_id == person.number)
    sent = select(Attachment.ticket_id).where(Attachment.account_id == person.number)
    numbers = sorted({*own, *database.scalars(wrote), *database.scalars(sent)})
    return [ticket.id for ticket in _locked(database, numbers)]


def _delete_files(database: Session, person: Person, own: list[int], *, conversations: bool) -> list[str]:
    """Delete the rows of the person's files, and return the files' keys. Files that were sent for the desk stay."""
    for_desk = select(Message.id).where(Message.by_staff)
    gone = and_(
        Attachment.account_id == person.number,
        or_(Attachment.message_id.is_(None), Attachment.message_id.not_in(for_desk)),
    )
    if conversations:
        gone = or_(gone, Attachment.ticket_id.in_(own))
    failed = select(Attachment.id).where(gone)
    database.execute(delete(FailedWork).where(FailedWork.kind == "preview", FailedWork.item.in_(failed)))
    return list(database.scalars(delete(Attachment).where(gone).returning(Attachment.key)))


def _delete_drafts(database: Session, person: Person) -> list[str]:
    """Delete saved forms, and return the keys of the files that wait with them."""
    found = database.scalars(select(Draft).where(rows_about(database, person)[Draft])).all()
    keys = [key for draft in found for key in str(draft.fields.get("files", "")).split()]
    for draft in found:
        database.delete(draft)
    return keys


def _delete_messages_out(database: Session, person: Person) -> None:
    """Delete what was or would be sent to the person or about the person's tickets, with the log of its deliveries."""
    gone = select(OutboxMessage.id).where(rows_about(database, person)[OutboxMessage])
    database.execute(delete(WebhookAttempt).where(WebhookAttempt.outbox_id.in_(gone)))
    database.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(gone)).execution_options(**_UNSYNCHRONISED))


_UNSYNCHRONISED: dict[str, Any] = {"synchronize_session": False}


def _erase_tickets(services: Services, database: Session, own: list[int], sentence: str, now: datetime) -> int:
    """Overwrite what was typed, and close what is open: nobody could work on it. How many were closed."""
    closed = 0
    for ticket in _locked(database, own):
        ticket.subject, ticket.description = SUBJECT, sentence
        ticket.url = ticket.page = ticket.language = ""
        ticket.written_from, ticket.pages_shown = {}, {}
        ticket.form_answers = []
        ticket.submission, ticket.digest = f"erased:{ticket.id}", NO_DIGEST
        # Told of only now, so that nothing that is told holds a word of it.
        sla.record_notices(services, database, ticket, now)
        if ticket.state != "closed":
            _close(services, database, ticket, now)
            closed += 1
    database.flush()
    return closed


def _locked(database: Session, numbers: list[int]) -> Iterator[Ticket]:
    yield from database.scalars(select(Ticket).where(Ticket.id.in_(numbers)).order_by(Ticket.id).with_for_update())


def _close(services: Services, database: Session, ticket: Ticket, now: datetime) -> None:
    """Close a ticket by the desk itself. Other systems are told, without a word of the person."""
    before, ticket.state, ticket.closed_at = ticket.state, "closed", now
    sequence = events.record(database, ticket.id, "closed", None, now, {"state": [before, "closed"], "erased": True})
    sla.recompute(services, database, ticket)
    project = database.get_one(Project, ticket.project_id)
    facts = {**fanout.ticket_payload(ticket, project.name), "by_name": ""}
    fanout.publish(services, database, TicketEvent("closed", ticket.id, sequence, None, False, facts), now)


def _erase_messages(database: Session, person: Person, own: list[int], sentence: str, *, conversations: bool) -> int:
    """Overwrite what the person wrote, and what others wrote on the person's tickets where that is wanted."""
    gone = and_(Message.account_id == person.number, ~Message.by_staff)
    if conversations:
        gone = or_(gone, Message.ticket_id.in_(own))
    numbers = list(database.scalars(select(Message.id).where(gone).order_by(Message.id)))
    for number in numbers:
        database.execute(
            update(Message)
            .where(Message.id == number)
            .values(body=sentence, html=None, submission=f"erased:{number}")
            .execution_options(**_UNSYNCHRONISED)
        )
    return len(numbers)


def _erase_events(database: Session, person: Person, own: list[int]) -> None:
    """Leave of the events what the clock and the figures need."""
    about = or_(Event.account_id == person.number, Event.ticket_id.in_(own))
    for event in database.scalars(select(Event).where(about)):
        kept = {name: value for name, value in event.details.items() if name in KEPT_DETAILS}
        if kept != event.details:
            event.details = kept


def _delete_mails_in(database: Session, person: Person, tickets: set[int]) -> None:
    """Delete what the person sent by mail. What others sent on the same tickets may quote it: only its fate stays."""
    database.execute(delete(IncomingMail).where(rows_about(database, person)[IncomingMail]))
    quoting = update(IncomingMail).where(IncomingMail.ticket_id.in_(tickets))
    database.execute(quoting.values(raw=None, subject=""))


def _erase_account(database: Session, person: Person, now: datetime) -> None:
    # What the person asked of others, too: it says who wants them in copy.
    database.execute(delete(CopyInvitation).where(rows_about(database, person)[CopyInvitation]))
    in_tickets = (TicketRead, Watcher, SolvedAnswer)
    at_the_desk = (SavedView, SavedReply, BulkAction)
    for model in (SignedInSession, SignInLink, Membership, AddressChange, FormerDetails, *in_tickets, *at_the_desk):
        database.execute(delete(model).where(model.account_id == person.number))
    if person.account is None:
        return
    account = database.get_one(Account, person.number)
    account.name, account.email = NAME, f"erased-{account.id}@erased.invalid"
    account.language = None
    account.disabled_at, account.erased_at = account.disabled_at or now, now


def _remove_files(services: Services, keys: list[str]) -> None:
    """Remove files whose rows are gone. One that can't be removed now is swept with those that nobody sent."""
    for key in keys:
        try:
            attachments.discard_staged(services, key)
        except OSError as error:
            log.warning("file not removed", reason=failure_place(error))


def _overwrite_freed_pages(services: Services) -> bool:
    """Write SQLite's file anew without what was deleted; whether that could be done while others use it.

    ``secure_delete`` would do it at each change and miss what was deleted before it was on. PostgreSQL has
    VACUUM FULL for that, which holds everybody up: the operator's to choose.
    """
    if services.database.engine.dialect.name != "sqlite":
        return False
    with services.database.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None  # noqa: S101 - checked out above
        try:
            # The search index only marks words that are taken out of it, until it is merged.
            raw.execute("INSERT INTO search_index (search_index) VALUES ('optimize')")
            raw.execute("VACUUM")
            busy = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        except services.database.engine.dialect.loaded_dbapi.OperationalError as error:
            log.warning("freed pages not overwritten", reason=failure_place(error))
            return False
    return not busy

"""Tickets: filing one, and reading one's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload

from formapp import attachments, closures, events, outbox
from formapp.announcements import Happened, announcement
from formapp.db import table_of
from formapp.errors import (
    NotFound,
    ProjectClosed,
    SubmissionReused,
    TextRefused,
    UnknownPriority,
    UnknownProject,
)
from formapp.models import (
    FIRST_REFERENCE,
    NO_DEADLINE,
    REFERENCE_PREFIX,
    Account,
    Event,
    Membership,
    Project,
    StoredPolicy,
    Ticket,
    reference_of,
)
from formapp.outbox import NewMessage
from formapp.services import Services
from formapp.text import is_blank, normalise, normalise_line
from supportpolicy import Policy, Recommendation, UnknownAnswer

# A form without an id of its own (a static page without script) sent again within this time is the same.
SAME_FORM = timedelta(minutes=10)
_REFERENCE = re.compile(rf"{REFERENCE_PREFIX}([1-9][0-9]{{3,8}})")
_SUBMISSION_LENGTH = 100
# A version never changes, so a rebuilt policy stays; there are as many as the guide had releases.
_older: dict[str, Policy] = {}


@dataclass(frozen=True, slots=True)
class TicketInput:
    """What a person sends. ``answers`` are the chooser's, ``submission`` the form's id (empty: none).

    ``files`` are the tokens of kept files.
    """

    project: str
    subject: str
    url: str
    description: str
    priority: str
    answers: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    page: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FiledTicket:
    """What the sender needs to know of a stored ticket; instants are aware UTC."""

    id: int
    opened_at: datetime
    response_due_at: datetime | None
    resolution_due_at: datetime | None

    @property
    def reference(self) -> str:
        """The reference that people see."""
        return reference_of(self.id)


@dataclass(frozen=True, slots=True)
class Filed:
    """A stored ticket; ``duplicate`` says that this very form had filed it before."""

    ticket: FiledTicket
    duplicate: bool


@dataclass(frozen=True, slots=True)
class _Evidence:
    """The chooser's answers that the policy knows, and what they recommend."""

    answers: dict[str, str]
    dropped: dict[str, str]
    recommended: str
    rule: str


def create_ticket(services: Services, account_id: int, sent: TicketInput, now: datetime) -> Filed:
    """Store a ticket with its promise, its files, its first event and the mail that confirms it: all or nothing.

    The same form sent again gives the same ticket. Raises a Refused with its field: UnknownProject,
    ProjectClosed, UnknownPriority, TextRefused, FilesGone, TooManyFiles, FilesTooLarge, or
    SubmissionReused where the form's id has already filed another text or other files. Raises OSError
    where files are sent and their store can't be read.
    """
    clean = _cleaned(sent)
    if clean.priority not in {priority.id for priority in services.policy.priorities}:
        raise UnknownPriority
    evidence = weigh(services.policy, clean.answers)
    digest = _digest(services, clean)
    try:
        with services.write.begin() as database:
            person = _sender(database, account_id, clean.project)
            earlier = _earlier(database, account_id, clean.submission, digest, now)
            if earlier is not None:
                return Filed(earlier, duplicate=True)
            ticket = _store(services, database, person, clean, evidence, digest, now)
            attachments.attach(
                services, database, clean.files, ticket_id=ticket.id, message_id=None, account_id=account_id, now=now
            )
    except IntegrityError:
        # Another worker stored the same form between our look and our insert; its ticket is the answer.
        with services.read() as database:
            earlier = _earlier(database, account_id, clean.submission, digest, now)
        if earlier is None:
            raise
        return Filed(earlier, duplicate=True)
    attachments.mark_sent(services, clean.files)
    return Filed(ticket, duplicate=False)


def weigh(policy: Policy, answers: Mapping[str, str]) -> _Evidence:
    """The answers as evidence: those of an older page that the policy no longer has are set aside."""
    known = {question.id: {option.id for option in question.options} for question in policy.questions}
    kept = {name: option for name, option in answers.items() if option in known.get(name, ())}
    dropped = {name[:100]: option[:100] for name, option in answers.items() if name not in kept}
    try:
        result = policy.recommend(kept)
    except UnknownAnswer:  # pragma: no cover - only known answers are left
        result = Recommendation("", "", "", ())
    return _Evidence(kept, dict(list(dropped.items())[:20]), result.priority, result.rule)


def _cleaned(sent: TicketInput) -> TicketInput:
    """The input as it is stored. Raises TextRefused naming the field."""
    clean: dict[str, Any] = {}
    for name in ("project", "subject", "url", "description", "priority", "submission", "page"):
        try:
            typed = getattr(sent, name)
            clean[name] = normalise(typed) if name == "description" else normalise_line(typed)
        except TextRefused as refused:
            raise TextRefused(refused.sentence, name) from None
    for name, sentence in (("subject", "Enter a subject"), ("description", "Enter a description")):
        if is_blank(clean[name]):
            raise TextRefused(sentence, name)
    clean["submission"] = clean["submission"][:_SUBMISSION_LENGTH]
    return TicketInput(**clean, answers=dict(sent.answers), files=tuple(dict.fromkeys(sent.files)))


def _digest(services: Services, sent: TicketInput) -> str:
    """What the typed text and the files' names and contents are known by: the same files may come anew."""
    typed: list[Any] = [sent.project, sent.subject, sent.url, sent.description, sent.priority]
    if sent.files:
        typed.append(attachments.content_of(services, sent.files))
    return sha256(json.dumps(typed).encode()).hexdigest()


def _sender(database: Session, account_id: int, key: str) -> tuple[Account, Project]:
    row = database.execute(
        select(Account, Project)
        .join(Membership, Membership.account_id == Account.id)
        .join(Project, Project.id == Membership.project_id)
        .where(Account.id == account_id, Account.disabled_at.is_(None), Project.key == key)
    ).one_or_none()
    if row is None:
        raise UnknownProject
    account, project = row
    if not project.is_active:
        raise ProjectClosed
    return account, project


def _earlier(database: Session, account_id: int, submission: str, digest: str, now: datetime) -> FiledTicket | None:
    """The ticket that this form has filed already. Raises SubmissionReused where its text was another."""
    columns = (Ticket.id, Ticket.opened_at, Ticket.response_due_at, Ticket.resolution_due_at, Ticket.digest)
    if submission:
        found = database.execute(
            select(*columns).where(Ticket.account_id == account_id, Ticket.submission == submission)
        ).one_or_none()
        if found is not None and found.digest != digest:
            raise SubmissionReused(reference_of(found.id))
        if found is not None:
            return FiledTicket(*found[:4])
    # Without an id, or with a new one: going back may fetch the page anew and keep only what was typed.
    # Two workers of PostgreSQL mustn't both find nothing; SQLite has one writer at a time anyway.
    if database.get_bind().dialect.name == "postgresql":
        database.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(digest[:15], 16)})
    found = database.execute(
        select(*columns)
        .where(Ticket.account_id == account_id, Ticket.digest == digest, Ticket.opened_at > now - SAME_FORM)
        .order_by(Ticket.id)
        .limit(1)
    ).one_or_none()
    return FiledTicket(*found[:4]) if found is not None else None


def _store(
    services: Services,
    database: Session,
    sender: tuple[Account, Project],
    sent: TicketInput,
    evidence: _Evidence,
    digest: str,
    now: datetime,
) -> FiledTicket:
    account, project = sender
    policy = services.policy
    due = policy.deadlines(sent.priority, now, closures=closures.known_at(database, now, now))
    _keep_policy(database, policy, now)
    values = {
        "project_id": project.id,
        "account_id": account.id,
        "subject": sent.subject,
        "url": sent.url,
        "description": sent.description,
        "priority": sent.priority,
        "recommended": evidence.recommended,
        "answers": evidence.answers,
        "rule": evidence.rule,
        "policy_version": policy.version,
        "page": sent.page[:2000],
        "state": "open",
        "opened_at": now,
        "response_due_at": due.response_due,
        "resolution_due_at": due.resolution_due,
        "notice_at": min(filter(None, (due.warn_at("response"), due.warn_at("resolution"))), default=None),
        "queue_at": due.response_due or due.resolution_due or NO_DEADLINE,
        "submission": sent.submission or f"same:{digest[:24]}:{now.timestamp():.0f}",
        "digest": digest,
    }
    ticket_id = int(database.execute(insert(table_of(Ticket)).returning(Ticket.id), values).scalar_one())
    details = {"priority": sent.priority}
    if evidence.dropped:
        details["answers no longer known"] = json.dumps(evidence.dropped)
    events.record_first(database, ticket_id, "opened", account.id, now, details)
    reference = reference_of(ticket_id)
    facts = {
        "reference": reference,
        "subject": sent.subject,
        "description": sent.description,
        "project": project.name,
        "priority": sent.priority,
        "policy_version": policy.version,
        "state": "open",
        "response_due": due.response_due.isoformat() if due.response_due else None,
        "resolution_due": due.resolution_due.isoformat() if due.resolution_due else None,
        "by_name": account.name,
    }
    host = outbox.mail_host(services.settings.base_url)
    received = NewMessage("mail", "received", account.email, facts, outbox.thread_of(reference, host), ticket_id)
    opened = Happened("opened", ticket_id, 1, account.id, by_staff=False, facts=facts)
    outbox.enqueue(database, [received, announcement(services, opened)], now)
    return FiledTicket(ticket_id, now, due.response_due, due.resolution_due)


def _keep_policy(database: Session, policy: Policy, now: datetime) -> None:
    """Keep the whole policy that a promise is given under, the first time it is used."""
    if database.scalar(select(StoredPolicy.version).where(StoredPolicy.version == policy.version)) is None:
        postgresql = database.get_bind().dialect.name == "postgresql"
        statement = (insert_postgresql if postgresql else insert_sqlite)(StoredPolicy).on_conflict_do_nothing()
        values = {"version": policy.version, "canonical": policy.canonical, "first_used_at": now}
        database.execute(statement, values)


def tickets_of(services: Services, account_id: int, most: int = 200) -> tuple[Ticket, ...]:
    """The newest tickets of all projects that a person is in, whoever sent them."""
    with services.read() as database:
        found = database.scalars(
            select(Ticket)
            .join(Membership, Membership.project_id == Ticket.project_id)
            .where(Membership.account_id == account_id)
            .options(joinedload(Ticket.project), joinedload(Ticket.reporter))
            .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
            .limit(most)
        )
        return tuple(found)


def number_of(reference: str) -> int:
    """The number in a reference like SUP-1042. Raises NotFound for everything else, other digits included."""
    match = _REFERENCE.fullmatch(reference) if reference.isascii() else None
    if match is None:
        raise NotFound
    return int(match[1]) - FIRST_REFERENCE


def ticket_for(services: Services, account_id: int, reference: str) -> Ticket:
    """The ticket of this reference, if the person is in its project. Raises NotFound, whatever the reason."""
    number = number_of(reference)
    with services.read() as database:
        ticket = database.scalar(
            select(Ticket)
            .join(Membership, Membership.project_id == Ticket.project_id)
            .where(Ticket.id == number, Membership.account_id == account_id)
            .options(joinedload(Ticket.project), joinedload(Ticket.reporter))
        )
    if ticket is None:
        raise NotFound
    return ticket


def events_of(services: Services, ticket_id: int) -> tuple[Event, ...]:
    """A ticket's events in order."""
    with services.read() as database:
        return tuple(database.scalars(select(Event).where(Event.ticket_id == ticket_id).order_by(Event.sequence)))


def policy_of(services: Services, version: str) -> Policy:
    """The policy that a promise was given under, rebuilt where it is no longer the present one."""
    if version == services.policy.version:
        return services.policy
    if version not in _older:
        with services.read() as database:
            _older[version] = Policy.from_canonical(database.get_one(StoredPolicy, version).canonical)
    return _older[version]

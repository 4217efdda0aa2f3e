"""Filing a ticket: everything that a posted form becomes, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, bindparam, exists, func, insert, or_, select, text
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from formapp.attachments import service as attachments
from formapp.database.engine import UtcDateTime, table_of
from formapp.database.prepared import Prepared
from formapp.errors import (
    ProjectClosed,
    SubmissionReused,
    TextRefused,
    TooManyTickets,
    UnknownPriority,
    UnknownProject,
)
from formapp.hours import closures
from formapp.models import (
    NO_DEADLINE,
    Account,
    Membership,
    Project,
    StoredClosure,
    StoredPolicy,
    Ticket,
    reference_of,
)
from formapp.notifications import outbox
from formapp.notifications.fanout import TicketEvent, event_message
from formapp.notifications.outbox import NewMessage
from formapp.services import Services
from formapp.text import is_blank, normalise, normalise_line
from formapp.tickets import events
from supportpolicy import Policy, Recommendation

# A form without an id of its own (a static page without script) sent again within this time is the same.
SAME_FORM = timedelta(minutes=10)
_SUBMISSION_LENGTH = 100


class _Earlier(NamedTuple):
    """A ticket that this form may have filed already."""

    id: int
    opened_at: datetime
    response_due_at: datetime | None
    resolution_due_at: datetime | None
    digest: str
    submission: str


class _Asked(NamedTuple):
    """What a filing must know: who sends, for which project, what counts for it, and a ticket it may have made."""

    email: str
    name: str
    project_id: int
    project: str
    is_active: bool
    within_the_hour: int
    policy_is_kept: bool
    closures_ahead: bool
    earlier: _Earlier | None


def _asked(*columns: Any) -> _Asked:  # noqa: ANN401 - a row
    known, earlier = columns[:8], columns[8:]
    return _Asked._make((*known, _Earlier(*earlier) if earlier[0] is not None else None))


_earlier = aliased(Ticket)
# One question for all. A row for each ticket that the form may have filed before, or one without.
_QUESTION = Prepared(
    select(
        Account.email,
        Account.name,
        Project.id,
        Project.name.label("project"),
        Project.is_active,
        select(func.count())
        .where(Ticket.account_id == Account.id, Ticket.opened_at > bindparam("hour_ago", type_=UtcDateTime))
        .correlate(Account)
        .scalar_subquery()
        .label("within_the_hour"),
        exists().where(StoredPolicy.version == bindparam("policy")).label("policy_is_kept"),
        exists().where(StoredClosure.ends_at > bindparam("now", type_=UtcDateTime)).label("closures_ahead"),
        _earlier.id,
        _earlier.opened_at,
        _earlier.response_due_at,
        _earlier.resolution_due_at,
        _earlier.digest,
        _earlier.submission,
    )
    .join(Membership, Membership.account_id == Account.id)
    .join(Project, Project.id == Membership.project_id)
    .outerjoin(
        _earlier,
        and_(
            _earlier.account_id == Account.id,
            or_(
                _earlier.submission == bindparam("submission"),
                and_(
                    _earlier.digest == bindparam("digest"), _earlier.opened_at > bindparam("since", type_=UtcDateTime)
                ),
            ),
        ),
    )
    .where(Account.id == bindparam("account"), Account.disabled_at.is_(None), Project.key == bindparam("project"))
    .order_by(_earlier.id),
    _asked,
)
_INSERT = Prepared(insert(table_of(Ticket)).returning(table_of(Ticket).c.id), int)
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(:key)")


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


@dataclass(frozen=True, slots=True)
class _Filing:
    """A ticket on its way into the database: who sends what, and the digest it is known by."""

    account_id: int
    sent: TicketInput
    evidence: _Evidence
    digest: str


def create_ticket(
    services: Services, account_id: int, sent: TicketInput, now: datetime, *, most_an_hour: int | None = None
) -> Filed:
    """Store a ticket with its promise, its files, its first event and the mail that confirms it: all or nothing.

    The same form sent again gives the same ticket. Raises a Refused with its field: UnknownProject,
    ProjectClosed, UnknownPriority, TextRefused, FilesGone, TooManyFiles, FilesTooLarge, TooManyTickets
    beyond ``most_an_hour`` of this person, or SubmissionReused where the form's id has already filed
    another text or other files. Raises OSError where files are sent and their store can't be read.
    """
    clean = _cleaned(sent)
    if clean.priority not in {priority.id for priority in services.policy.priorities}:
        raise UnknownPriority
    filing = _Filing(account_id, clean, evaluate_answers(services.policy, clean.answers), _digest(services, clean))
    try:
        filed = services.write.together(lambda connection: _file_once(services, connection, filing, now, most_an_hour))
    except IntegrityError:
        # Another worker stored the same form between our look and our insert; its ticket is the answer.
        with services.read() as database:
            earlier = _filed_before(filing, _ask(database.connection(), services.policy, filing, now))
        if earlier is None:
            raise
        return Filed(earlier, duplicate=True)
    if not filed.duplicate:
        attachments.mark_attached(services, clean.files)
    return filed


def _file_once(
    services: Services, connection: Connection, filing: _Filing, now: datetime, most_an_hour: int | None
) -> Filed:
    """The ticket that this form has filed before, or a new one; changes nothing but the database."""
    rows = _ask(connection, services.policy, filing, now)
    earlier = _filed_before(filing, rows)
    if earlier is not None:
        return Filed(earlier, duplicate=True)
    known = rows[0]
    if most_an_hour is not None and known.within_the_hour >= most_an_hour:
        raise TooManyTickets
    if not known.policy_is_kept:
        keep_policy(connection, services.policy, now)
    ticket = _store(services, connection, filing, known, now)
    _attach(services, connection, filing, ticket)
    return Filed(ticket, duplicate=False)


def _attach(services: Services, connection: Connection, filing: _Filing, ticket: FiledTicket) -> None:
    """Attach the files that the form carries, in the connection's transaction."""
    if not filing.sent.files:
        return
    with Session(connection) as database:
        attachments.attach(
            services,
            database,
            filing.sent.files,
            ticket_id=ticket.id,
            message_id=None,
            account_id=filing.account_id,
            now=ticket.opened_at,
        )
        # Ends the session's part alone.
        database.commit()


def evaluate_answers(policy: Policy, answers: Mapping[str, str]) -> _Evidence:
    """The answers as evidence: those of an older page that the policy no longer has are set aside."""
    known = {question.id: {option.id for option in question.options} for question in policy.questions}
    kept = {name: option for name, option in answers.items() if option in known.get(name, ())}
    dropped = {name[:100]: option[:100] for name, option in answers.items() if name not in kept}
    result = _recommended(policy, tuple(kept.items()))
    return _Evidence(kept, dict(list(dropped.items())[:20]), result.priority, result.rule)


@lru_cache(maxsize=1024)
def _recommended(policy: Policy, answers: tuple[tuple[str, str], ...]) -> Recommendation:
    """What the policy makes of known answers: there are few, and to walk its table costs as much as a statement."""
    return policy.recommend(dict(answers))


def _cleaned(sent: TicketInput) -> TicketInput:
    """The input as it is stored. Raises TextRefused naming the field."""
    clean: dict[str, Any] = {}
    for name in ("project", "subject", "url", "description", "priority", "submission", "page"):
        try:
            typed = getattr(sent, name)
            clean[name] = normalise(typed) if name == "description" else normalise_line(typed)
        except TextRefused as refused:
            raise TextRefused(refused.message, name) from None
    for name, sentence in (("subject", "Enter a subject"), ("description", "Enter a description")):
        if is_blank(clean[name]):
            raise TextRefused(sentence, name)
    clean["submission"] = clean["submission"][:_SUBMISSION_LENGTH]
    return TicketInput(**clean, answers=dict(sent.answers), files=tuple(dict.fromkeys(sent.files)))


def _digest(services: Services, sent: TicketInput) -> str:
    """What the typed text and the files' names and contents are known by: the same files may come anew."""
    typed: list[Any] = [sent.project, sent.subject, sent.url, sent.description, sent.priority]
    if sent.files:
        typed.append(attachments.staged_contents(services, sent.files))
    return sha256(json.dumps(typed).encode()).hexdigest()


def _ask(connection: Connection, policy: Policy, filing: _Filing, now: datetime) -> list[_Asked]:
    """Who sends, for which project, and what this form may have filed. Raises UnknownProject, ProjectClosed."""
    # Two workers of PostgreSQL mustn't both find nothing; SQLite has one writer at a time anyway.
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME, {"key": int(filing.digest[:15], 16)})
    asked = {
        "account": filing.account_id,
        "project": filing.sent.project,
        "policy": policy.version,
        "now": now,
        "hour_ago": now - timedelta(hours=1),
        "submission": filing.sent.submission,
        "digest": filing.digest,
        "since": now - SAME_FORM,
    }
    found = _QUESTION.run(connection, asked)
    if not found:
        raise UnknownProject
    if not found[0].is_active:
        raise ProjectClosed
    return found


def _filed_before(filing: _Filing, rows: list[_Asked]) -> FiledTicket | None:
    """The ticket that this form has filed already. Raises SubmissionReused where its text was another."""
    found = [row.earlier for row in rows if row.earlier is not None]
    used = next((ticket for ticket in found if ticket.submission == filing.sent.submission), None)
    if used is not None and used.digest != filing.digest:
        raise SubmissionReused(reference_of(used.id))
    # Without an id, or with a new one: going back may fetch the page anew and keep only what was typed.
    same = used or next((ticket for ticket in found if ticket.digest == filing.digest), None)
    return FiledTicket(*same[:4]) if same is not None else None


def _store(services: Services, connection: Connection, filing: _Filing, known: _Asked, now: datetime) -> FiledTicket:
    policy, sent, evidence = services.policy, filing.sent, filing.evidence
    closed = closures.closures_known_at(connection, now, now) if known.closures_ahead else ()
    due = policy.deadlines(sent.priority, now, closures=closed)
    values = {
        "project_id": known.project_id,
        "account_id": filing.account_id,
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
        "submission": sent.submission or f"same:{filing.digest[:24]}:{now.timestamp():.0f}",
        "digest": filing.digest,
    }
    (ticket_id,) = _INSERT.run(connection, values)
    details = {"priority": sent.priority}
    if evidence.dropped:
        details["answers no longer known"] = json.dumps(evidence.dropped)
    events.record_first(connection, ticket_id, "opened", filing.account_id, now, details)
    reference = reference_of(ticket_id)
    facts = {
        "reference": reference,
        "subject": sent.subject,
        "description": sent.description,
        "project": known.project,
        "priority": sent.priority,
        "policy_version": policy.version,
        "state": "open",
        "response_due": due.response_due.isoformat() if due.response_due else None,
        "resolution_due": due.resolution_due.isoformat() if due.resolution_due else None,
        "by_name": known.name,
    }
    host = outbox.mail_host(services.settings.base_url)
    received = NewMessage("mail", "received", known.email, facts, outbox.thread_id(reference, host), ticket_id)
    opened = TicketEvent("opened", ticket_id, 1, filing.account_id, by_staff=False, facts=facts)
    outbox.enqueue(connection, [received, event_message(services, opened)], now)
    return FiledTicket(ticket_id, now, due.response_due, due.resolution_due)


def keep_policy(connection: Connection, policy: Policy, now: datetime) -> None:
    """Keep the whole policy that a promise is given under, the first time it is used."""
    postgresql = connection.dialect.name == "postgresql"
    statement = (insert_postgresql if postgresql else insert_sqlite)(StoredPolicy).on_conflict_do_nothing()
    values = {"version": policy.version, "canonical": policy.canonical, "first_used_at": now}
    connection.execute(statement, values)

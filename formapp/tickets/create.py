"""Creating a ticket: everything that a sent form becomes, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp.actors import acting_account
from formapp.attachments import service as attachments
from formapp.database.retry import tried_again
from formapp.errors import NotPermitted, TooManyTickets, UnknownPriority
from formapp.form_fields import GivenAnswer, as_text
from formapp.hours import closures
from formapp.models import NO_DEADLINE, Account, Ticket, reference_of
from formapp.notifications import fanout, outbox
from formapp.notifications.fanout import TicketEvent
from formapp.notifications.outbox import NewMessage
from formapp.policies import store_policy
from formapp.services import Services
from formapp.tickets import events, form_answers, search_index
from formapp.tickets.filing_context import FiledTicket, FilingContext, filed_before, load_context
from formapp.tickets.registrations import known_registrations
from formapp.tickets.ticket_input import TicketInput, clean_input
from supportpolicy import Policy

MOST_TOLD = 2_000
"""The answers of a form stand in mails up to so many characters; beyond, on the ticket's page alone."""


@dataclass(frozen=True, slots=True)
class Filed:
    """A stored ticket; ``duplicate`` says that this very form had filed it before."""

    ticket: FiledTicket
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """The chooser's answers that the policy knows, those it doesn't, and what the known ones recommend.

    ``given`` are the answers to the fields of the policy's own form.
    """

    answers: dict[str, str]
    dropped: dict[str, str]
    recommended: str
    rule: str
    given: tuple[GivenAnswer, ...] = ()


_INSERT = insert(Ticket).returning(Ticket.id)


@tried_again
def create_ticket(
    services: Services,
    account_id: int,
    sent: TicketInput,
    now: datetime,
    *,
    most_an_hour: int | None = None,
    filed_by: int | None = None,
) -> Filed:
    """Store a ticket with its promise, its files, its first event and the mail that confirms it: all or nothing.

    ``filed_by`` is who at the desk files it for the person, as after a call. The same form sent again gives the same
    ticket. Raises NotPermitted where that one doesn't work at the desk, and a UseCaseError with its field:
    UnknownProject, ProjectClosed, UnknownPriority, TextRefused, FilesGone, TooManyFiles, FilesTooLarge, TooManyTickets
    beyond ``most_an_hour`` of this person, or SubmissionReused where the form's id has already filed
    another text or other files. Raises OSError where files are sent and their store can't be read.
    """
    sent, given = form_answers.answered(services.policy, sent, now)
    clean = clean_input(services.policy.form, sent)
    if clean.priority not in {priority.id for priority in services.policy.priorities}:
        raise UnknownPriority
    digest = _digest(services, clean, given)
    evidence = replace(evaluate_answers(services.policy, clean.answers), given=given)
    try:
        filed = _file_once(services, account_id, clean, digest, evidence, now, most_an_hour, filed_by)
    except IntegrityError:
        # Another worker stored the same form between our look and our insert; its ticket is the answer.
        with services.read() as database:
            earlier = filed_before(database.connection(), account_id, clean.submission, digest, now)
        if earlier is None:
            raise
        return Filed(earlier, duplicate=True)
    if not filed.duplicate:
        attachments.mark_attached(services, clean.files)
    return filed


def _file_once(
    services: Services,
    account_id: int,
    sent: TicketInput,
    digest: str,
    evidence: Evidence,
    now: datetime,
    most_an_hour: int | None,
    filed_by: int | None,
) -> Filed:
    """The ticket that this form has filed before, or a new one, in one transaction."""
    with services.write.begin() as database:
        connection = database.connection()
        filer = acting_account(database, filed_by) if filed_by is not None else None
        if filer is not None and not filer.is_staff:
            raise NotPermitted
        if filer is not None:
            # What staff fill in is in their language.
            sent = replace(sent, language="")
        context = load_context(connection, services.policy.version, account_id, sent, digest, now)
        if context.earlier is not None:
            return Filed(context.earlier, duplicate=True)
        if most_an_hour is not None and context.sent_within_hour >= most_an_hour:
            raise TooManyTickets
        if not context.policy_is_stored:
            store_policy(connection, services.policy, now)
        ticket = _store(services, database, context, sent, digest, evidence, now, filer)
        return Filed(ticket, duplicate=False)


def evaluate_answers(policy: Policy, answers: Mapping[str, str]) -> Evidence:
    """The answers as evidence: those of an older page that the policy no longer has are set aside."""
    valid = {name: option for name, option in answers.items() if policy.has_answer(name, option)}
    dropped = {name[:100]: option[:100] for name, option in answers.items() if name not in valid}
    result = policy.recommend(valid)
    return Evidence(valid, dict(list(dropped.items())[:20]), result.priority, result.rule)


def _language_of_sender(connection: Connection, context: FilingContext, filed_in: str) -> str:
    """The language of the sender's mails; whoever hasn't chosen one speaks from now on that of this form."""
    if context.language is None and filed_in:
        connection.execute(update(Account).where(Account.id == context.account_id).values(language=filed_in))
    return context.language or filed_in


def _digest(services: Services, sent: TicketInput, given: tuple[GivenAnswer, ...]) -> str:
    """What the typed text and the files' names and contents are known by: the same files may come anew."""
    typed: list[Any] = [sent.project, sent.subject, sent.url, sent.description, sent.priority]
    if sent.form:
        typed.append([sent.form, *((one.field, one.value) for one in given)])
    if sent.files:
        typed.append(attachments.staged_contents(services, sent.files))
    return sha256(json.dumps(typed).encode()).hexdigest()


def _store(
    services: Services,
    database: Session,
    context: FilingContext,
    sent: TicketInput,
    digest: str,
    evidence: Evidence,
    now: datetime,
    filer: Account | None,
) -> FiledTicket:
    """Write the ticket with its deadlines, its files, its words, its first event and what tells of it."""
    policy, connection = services.policy, database.connection()
    closed = closures.closures_known_at(connection, now, now) if context.has_closures else ()
    due = policy.deadlines(sent.priority, now, closures=closed)
    values = {
        "project_id": context.project_id,
        "account_id": context.account_id,
        "subject": sent.subject,
        "url": sent.url,
        "description": sent.description,
        "priority": sent.priority,
        "recommended": evidence.recommended,
        "answers": evidence.answers,
        "rule": evidence.rule,
        "policy_version": policy.version,
        "page": sent.page,
        "written_from": sent.written_from,
        "pages_shown": sent.pages_shown,
        "language": sent.language,
        "state": "open",
        "opened_at": now,
        "response_due_at": due.response_due,
        "resolution_due_at": due.resolution_due,
        "notice_at": min(filter(None, (due.warn_at("response"), due.warn_at("resolution"))), default=None),
        "queue_at": due.response_due or due.resolution_due or NO_DEADLINE,
        "submission": sent.submission or f"same:{digest[:24]}:{now.timestamp():.0f}",
        "digest": digest,
        "follows_id": context.follows_id,
        "form": sent.form,
        "form_answers": [one.stored() for one in evidence.given],
        "registrations": known_registrations(connection, policy, context.project_id, evidence.answers, now),
    }
    number = connection.execute(_INSERT, values).scalar_one()
    filed = FiledTicket(number, now, due.response_due, due.resolution_due)
    files = attachments.attach(
        services, database, sent.files, ticket_id=number, message_id=None, account_id=context.account_id, now=now
    )
    search_index.add_ticket(
        connection,
        number,
        project_id=context.project_id,
        account_id=context.account_id,
        subject=sent.subject,
        url=sent.url,
        description=sent.description,
        answers=[one.stored() for one in evidence.given],
        files=[file.name for file in files],
    )
    sequence = _record_opened(connection, filed, context, sent, evidence, filer)
    _tell(services, connection, filed, context, _with_answers(sent, evidence), filer, sequence)
    return filed


def _with_answers(sent: TicketInput, evidence: Evidence) -> TicketInput:
    """The input as mails and other systems are told of it: short answers stand before the description."""
    told = as_text([one.stored() for one in evidence.given])
    if not told or len(told) > MOST_TOLD or sent.description.startswith(told):
        return sent
    return replace(sent, description=f"{told}\n\n{sent.description}")


def _record_opened(
    connection: Connection,
    filed: FiledTicket,
    context: FilingContext,
    sent: TicketInput,
    evidence: Evidence,
    filer: Account | None,
) -> int:
    """Write the ticket's first event; its number."""
    details: dict[str, Any] = {"priority": sent.priority}
    if filer is not None:
        details["for"] = context.account_id
    if sent.by_mail:
        details["by_mail"] = True
    if evidence.dropped:
        details["answers no longer known"] = json.dumps(evidence.dropped)
    by = filer.id if filer is not None else context.account_id
    return events.record_first(connection, filed.id, "opened", by, filed.opened_at, details)


def _tell(
    services: Services,
    connection: Connection,
    filed: FiledTicket,
    context: FilingContext,
    sent: TicketInput,
    filer: Account | None,
    sequence: int,
) -> None:
    """Write the mail that confirms the ticket to its sender, and the event for everybody else."""
    response_due, resolution_due = filed.response_due_at, filed.resolution_due_at
    payload = {
        "reference": filed.reference,
        "subject": sent.subject,
        "description": sent.description,
        "project": context.project_name,
        "priority": sent.priority,
        "policy_version": services.policy.version,
        "state": "open",
        "response_due": response_due.isoformat() if response_due else None,
        "resolution_due": resolution_due.isoformat() if resolution_due else None,
        "by_name": filer.name if filer is not None else context.name,
    }
    told = {
        "filed_by": filer.name if filer is not None else "",
        "follows": reference_of(context.follows_id) if context.follows_id else "",
        "by_mail": sent.by_mail,
    }
    facts = {**payload, **told, **outbox.in_language_of(_language_of_sender(connection, context, sent.language))}
    thread = outbox.thread_id(filed.reference, outbox.mail_host(services.settings.base_url))
    received = NewMessage("mail", "received", context.email, facts, thread, filed.id)
    by = filer.id if filer is not None else context.account_id
    opened = TicketEvent("opened", filed.id, sequence, by, by_staff=filer is not None, facts=payload)
    outbox.enqueue(connection, [received, fanout.event_message(services, opened)], filed.opened_at)

"""What becomes of a received mail: a reply on its ticket, a form to complete, or a question to the desk.

Each mail gets an outcome that staff see, and none is ever dropped. The sender must be a person who may write on
that ticket. A From can be forged: staff are believed by an address that the desk gave to them alone, and a
customer's mail that nothing proves is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from formapp.accounts import magic_links
from formapp.accounts.projects import active_projects_of
from formapp.backoff import pause_after
from formapp.errors import NotFound, TooManyMessages, UseCaseError
from formapp.incoming_mail import belonging, guests, notices
from formapp.incoming_mail.files import stage_files
from formapp.incoming_mail.parsing import ParsedMail, Unreadable
from formapp.incoming_mail.reading import ReadMail, read_mail
from formapp.logs import failure_place, log
from formapp.models import Account, IncomingMail, Membership, Message, OutboxMessage, Ticket, reference_of
from formapp.notifications import outbox
from formapp.services import Services
from formapp.text import is_blank
from formapp.tickets import create, drafts, replies
from formapp.tickets.create import TicketInput
from formapp.tickets.replies import BODY_LENGTH, MessageInput
from formapp.tokens import hash_token
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE, in_language

LEASE = timedelta(minutes=5)
MOST_TRIES = 10
MOST_AN_HOUR = 60
"""So many mails of one person are taken as replies within an hour; what is more is held."""
ANSWER_PAUSE = timedelta(hours=1)
"""A sender gets one automatic answer in this time, so that two programs never answer each other for long."""
FORM_KEPT = timedelta(days=30)
"""How long a form is kept that a mail has filled: mail isn't read within a day."""
FILES_REFUSED = "files-refused"
REASONS = {
    "unreadable": gettext_noop("It can't be taken apart"),
    "too-large": gettext_noop("It is too large to be stored whole; only its headers are here"),
    "failed": gettext_noop("The desk failed to judge it"),
    "guest": gettext_noop("Somebody without an account sent it with the form, and has confirmed the address"),
    "no-sender": gettext_noop("It names no sender, or several"),
    "unknown-sender": gettext_noop("Nobody here has the sender's address"),
    "disabled": gettext_noop("The sender's account is disabled"),
    "not-permitted": gettext_noop("The sender may not write on this ticket"),
    "staff-not-confirmed": gettext_noop(
        "It names a colleague as its sender and wasn't sent to that colleague's own address"
    ),
    "staff-without-ticket": gettext_noop("A colleague sent it and it names no ticket"),
    "not-answerable": gettext_noop("It names no ticket, and its sender can't be asked for the rest"),
    "asked-lately": gettext_noop(
        "It names no ticket, and its sender was asked to complete another one within the hour"
    ),
    "not-sent": gettext_noop("Its sender was asked for project and priority and hasn't sent the ticket"),
    "sent": gettext_noop("Its sender has sent it as a ticket"),
    "nothing-new": gettext_noop(
        "A colleague's answer stands below or within what it quotes, so nothing of it was sent"
    ),
    "too-many": gettext_noop("Its sender has written too often within an hour"),
    "refused": gettext_noop("The ticket can't take it as it is"),
    "automatic": gettext_noop("A program wrote it"),
    "our-own": gettext_noop("The desk itself sent it"),
    "undelivered": gettext_noop("A mail of ours could not be delivered"),
}
"""Why a mail has its state, in words that staff read, in English."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a mail becomes. ``reason`` is a key of ``REASONS``, or empty where the state says all."""

    state: str
    reason: str = ""
    account_id: int | None = None
    ticket_id: int | None = None
    message_id: int | None = None
    confirmed: bool = False
    draft_hash: str | None = None
    answered: bool = False


def judge_next(services: Services, clock: Callable[[], datetime]) -> int:
    """Judge the oldest mail that waits; 1, or 0 where none does. One that fails is tried again, at last held."""
    now = clock()
    with services.write.begin() as database:
        unjudged = select(IncomingMail.id).where(IncomingMail.state == "new", IncomingMail.retry_at <= now)
        oldest = unjudged.order_by(IncomingMail.id).limit(1).with_for_update(skip_locked=True)
        number = database.scalar(oldest)
        if number is None:
            return 0
        mail = database.get_one(IncomingMail, number)
        mail.attempts += 1
        mail.retry_at = now + LEASE
    try:
        judge(services, number, now)
    except Exception as error:  # noqa: BLE001 - one mail's trouble is no other's
        log.warning("mail not judged", mail=number, attempts=mail.attempts, error=failure_place(error))
        passing = isinstance(error, OSError | DBAPIError) and mail.attempts < MOST_TRIES
        with services.write.begin() as database:
            row = database.get_one(IncomingMail, number)
            row.retry_at = clock() + pause_after(mail.attempts)
            if not passing:
                _note(row, Judgement("held", "failed"), clock(), None)
                notices.tell_of_held(services, database, row, clock())
    return 1


def judge(
    services: Services, number: int, now: datetime, *, accepted_by: int | None = None, project_key: str = ""
) -> Judgement:
    """Judge one mail and note what it became; the same mail twice writes one reply.

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
        judgement = _judgement(services, mail, content, now, accepted=accepted_by is not None, project_key=project_key)
    except Unreadable:
        judgement = Judgement("held", "unreadable")
    with services.write.begin() as database:
        row = database.get_one(IncomingMail, number)
        if content is not None:
            row.sender, row.subject = content.parsed.sender, content.parsed.subject
        _note(row, judgement, now, accepted_by)
        if judgement.state == "held" and accepted_by is None:
            notices.tell_of_held(services, database, row, now)
    log.info("mail judged", mail=number, state=judgement.state, reason=judgement.reason)
    return judgement


def hold_what_was_not_sent(services: Services, now: datetime) -> int:
    """Hold mails whose form hasn't been sent within a day, so that somebody looks; how many that were."""
    over = IncomingMail.state == "asked", IncomingMail.judged_at < now - timedelta(days=1)
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


def _note(row: IncomingMail, judgement: Judgement, now: datetime, accepted_by: int | None) -> None:
    row.state, row.reason = judgement.state, judgement.reason
    row.account_id, row.ticket_id = judgement.account_id, judgement.ticket_id
    row.message_id, row.confirmed = judgement.message_id, judgement.confirmed
    row.draft_hash = judgement.draft_hash
    row.judged_at, row.judged_by_id = now, accepted_by
    if judgement.answered:
        row.answered_at = now


def _judgement(
    services: Services, mail: IncomingMail, content: ReadMail, now: datetime, *, accepted: bool, project_key: str
) -> Judgement:
    parsed = content.parsed
    of_guest = mail.door == "form"
    with services.read() as database:
        if parsed.bounce is not None:
            return _of_bounce(database, parsed)
        ours = belonging.is_ours(database, services.settings, parsed.message_id)
        ticket = None if of_guest else belonging.ticket_of(database, services.settings, parsed)
        person = database.scalar(select(Account).where(Account.email == parsed.sender)) if parsed.sender else None
        member = (
            person is not None
            and ticket is not None
            and database.get(Membership, (person.id, ticket.project_id)) is not None
        )
    signed = belonging.is_signed(services.settings, parsed)
    known = Judgement(
        "held",
        account_id=person.id if person else None,
        ticket_id=ticket.id if ticket else None,
        confirmed=accepted or signed or of_guest or belonging.is_authenticated(services.settings, parsed),
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
            return _file(services, mail, content, person, known, now, project_key)
        return _ask(services, mail, content, person, known, now, accepted=accepted)
    if not person.is_staff and not member:
        return replace(known, reason="not-permitted")
    return _add(services, mail, content, person, ticket, known, now)


def _of_bounce(database: Session, parsed: ParsedMail) -> Judgement:
    bounce = parsed.bounce
    assert bounce is not None  # noqa: S101 - the caller has looked
    unreached = database.scalar(select(Account.id).where(Account.email.in_(bounce.recipients)).limit(1))
    ticket = database.scalar(
        select(OutboxMessage.ticket_id).where(OutboxMessage.message_id == bounce.message_id).limit(1)
    )
    return Judgement("bounce", "undelivered", account_id=unreached, ticket_id=ticket)


def _add(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    ticket: Ticket,
    known: Judgement,
    now: datetime,
) -> Judgement:
    """Add it to its ticket; a closed one is open again."""
    parsed = content.parsed
    if person.is_staff and is_blank(content.unquoted) and not parsed.files:
        # What isn't surely new may be what it quotes, and that may hold a note.
        return replace(known, reason="nothing-new")
    # Why a file isn't taken is told to its sender.
    with in_language(person.language if person.language in LANGUAGES else SOURCE_LANGUAGE):
        staged = stage_files(services, parsed.files, now)
        left_out = (*staged.refused, *(_left_out(name) for name in parsed.left_out))
    message = MessageInput(_body(content, for_staff=person.is_staff), f"mail-{mail.digest}", files=staged.tokens)
    try:
        if person.is_staff:
            replies.reply_as_staff(
                services, person.id, ticket.id, message, "waiting", now, reopen=True, most_an_hour=MOST_AN_HOUR
            )
        else:
            replies.reply_as_customer(
                services, person.id, ticket.id, message, now, reopen=True, most_an_hour=MOST_AN_HOUR
            )
    except TooManyMessages:
        return replace(known, reason="too-many")
    except UseCaseError as refused:
        log.info("mail refused by its ticket", mail=mail.id, refusal=type(refused).__name__)
        return replace(known, reason="refused")
    with services.write.begin() as database:
        added = database.scalar(
            select(Message.id).where(Message.account_id == person.id, Message.submission == message.submission)
        )
        answers = bool(left_out) and _may_answer(database, parsed, now)
        if answers:
            _tell_of_files(services, database, mail, person, ticket, left_out, now)
    return replace(known, state="added", message_id=added, answered=answers)


def _ask(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: Judgement,
    now: datetime,
    *,
    accepted: bool,
) -> Judgement:
    """Fill a form with it and send its sender one link to that: project and priority are still to be chosen."""
    parsed = content.parsed
    with services.read() as database:
        if not accepted and not _may_answer(database, parsed, now):
            return replace(known, reason="asked-lately" if parsed.answerable else "not-answerable")
    staged = stage_files(services, parsed.files, now)
    fields = {
        "subject": parsed.subject[: services.policy.form.subject_length],
        "description": content.whole[: services.policy.form.description_length],
        "files": " ".join(staged.tokens),
        "email": person.email,
        # The same mail asked about twice, as after a crash, files one ticket.
        "submission": f"mail-{mail.digest}",
    }
    token = drafts.save_draft(services, person.id, fields, now, keep=FORM_KEPT)
    magic_links.request_link(services, person.email, now, draft_token=token, place="mail")
    return replace(known, state="asked", draft_hash=hash_token(token), answered=True)


def _file(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: Judgement,
    now: datetime,
    project_key: str,
) -> Judgement:
    """File the ticket that somebody unknown had sent, now that staff know who it is."""
    fields = guests.form_fields(mail.raw or b"")
    projects = active_projects_of(services, person.id)
    named = [one.key for one in projects if fields["project"].casefold() in {one.key, one.name.casefold()}]
    key = project_key or (named[0] if named else projects[0].key if projects else "")
    staged = stage_files(services, content.parsed.files, now, clean=False)
    sent = TicketInput(
        project=key,
        subject=content.parsed.subject,
        url=fields["url"],
        description=content.whole,
        priority=fields["priority"],
        answers=dict(parse_qsl(fields["answers"])),
        submission=f"mail-{mail.digest}",
        page=fields["page"],
        files=staged.tokens,
        language=fields["language"],
    )
    try:
        filed = create.create_ticket(services, person.id, sent, now)
    except UseCaseError as refused:
        log.info("ticket of a guest refused", mail=mail.id, refusal=type(refused).__name__)
        return replace(known, reason="refused")
    return replace(known, state="added", ticket_id=filed.ticket.id)


def _body(content: ReadMail, *, for_staff: bool) -> str:
    """The reply's text. Of staff nothing quoted goes out: it may hold what only the desk knows."""
    body = content.unquoted if for_staff else content.new
    if is_blank(body):
        return content.parsed.subject or "(a mail without text)"
    if len(body) > BODY_LENGTH:
        end = "\n\n[The mail goes on; staff can read the rest]"
        return body[: BODY_LENGTH - len(end)] + end
    return body


def _may_answer(database: Session, parsed: ParsedMail, now: datetime) -> bool:
    if not parsed.answerable:
        return False
    lately = select(func.count()).where(
        IncomingMail.sender == parsed.sender, IncomingMail.answered_at > now - ANSWER_PAUSE
    )
    return not database.scalar(lately)


def _left_out(name: str) -> str:
    return _(
        "“%(name)s” is of a kind that only some mail programs can open. Send what is in it as a file or as text",
        name=name,
    )


def _tell_of_files(
    services: Services,
    database: Session,
    mail: IncomingMail,
    person: Account,
    ticket: Ticket,
    refused: tuple[str, ...],
    now: datetime,
) -> None:
    reference = reference_of(ticket.id)
    host = outbox.mail_host(services.settings.base_url)
    facts = {
        "reference": reference,
        "subject": ticket.subject,
        "refused": list(refused),
        "for_staff": person.is_staff,
        "thread": outbox.thread_id(reference, host),
        **outbox.in_language_of(person.language),
    }
    message_id = f"<{reference}.mail-{mail.id}.{FILES_REFUSED}@{host}>"
    written = outbox.NewMessage("mail", FILES_REFUSED, person.email, facts, message_id, ticket.id)
    outbox.enqueue(database, [written], now, unless_there=True)

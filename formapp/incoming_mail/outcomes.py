"""Carrying out what a received mail becomes, and the outcomes that staff read of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from formapp.accounts import magic_links
from formapp.accounts.projects import active_projects_of
from formapp.errors import TooManyMessages, UseCaseError
from formapp.form_fields import own_values
from formapp.incoming_mail import guests
from formapp.incoming_mail.files import MailFiles, stage_files
from formapp.incoming_mail.parsing import ParsedMail
from formapp.incoming_mail.reading import ReadMail
from formapp.logs import log
from formapp.models import Account, IncomingMail, Message, Ticket, reference_of
from formapp.notifications import outbox
from formapp.services import Services
from formapp.text import is_blank
from formapp.tickets import create, drafts, follow_up, replies
from formapp.tickets.replies import BODY_LENGTH, MessageInput
from formapp.tickets.ticket_input import TicketInput
from formapp.tickets.written_from import pages_in, written_from_in
from formapp.tokens import hash_token
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE, in_language

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
    "failed": gettext_noop("The desk failed to process it"),
    "guest": gettext_noop("Somebody without an account sent it with the form, and has confirmed the address"),
    "no-sender": gettext_noop("It names no sender, or several"),
    "unknown-sender": gettext_noop("Nobody here has the sender's address"),
    "disabled": gettext_noop("The sender's account is disabled"),
    "not-permitted": gettext_noop("The sender may not write on this ticket"),
    "no-project": gettext_noop("It names no ticket, and its sender is in no project"),
    "copy-not-confirmed": gettext_noop(
        "Its sender is in copy by address and didn't send it to the address in our mails"
    ),
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
class MailOutcome:
    """What a mail becomes. ``reason`` is a key of ``REASONS``, or empty where the state says all."""

    state: str
    reason: str = ""
    account_id: int | None = None
    ticket_id: int | None = None
    message_id: int | None = None
    confirmed: bool = False
    draft_hash: str | None = None
    answered: bool = False


def add_reply(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    ticket: Ticket,
    known: MailOutcome,
    now: datetime,
    *,
    from_copy: bool = False,
) -> MailOutcome:
    """Add a mail to its ticket, as the person's reply; a closed ticket is open again.

    ``from_copy`` says that the person is in copy by an address, and not in the project.
    """
    parsed = content.parsed
    if person.is_staff and is_blank(content.unquoted) and not parsed.files:
        # What isn't surely new may be what it quotes, and that may hold a note.
        return replace(known, reason="nothing-new")
    # Why a file isn't taken is told to its sender.
    with in_language(person.language if person.language in LANGUAGES else SOURCE_LANGUAGE):
        staged = stage_files(services, parsed.files, now)
        left_out = refused_files(staged, parsed)
        body = _body(content, for_staff=person.is_staff)
    message = MessageInput(body, f"mail-{mail.digest}", files=staged.tokens)
    try:
        if person.is_staff:
            replies.reply_as_staff(
                services, person.id, ticket.id, message, "waiting", now, reopen=True, most_an_hour=MOST_AN_HOUR
            )
        else:
            replies.reply_as_customer(
                services,
                person.id,
                ticket.id,
                message,
                now,
                reopen=True,
                most_an_hour=MOST_AN_HOUR,
                in_copy=from_copy,
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
            tell_of_files(services, database, mail, person, ticket, left_out, now)
    return replace(known, state="added", message_id=added, answered=answers)


def ask_for_the_rest(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: MailOutcome,
    now: datetime,
    *,
    accepted: bool,
    follows: Ticket | None = None,
) -> MailOutcome:
    """Fill a form with a mail and send its sender one link to that: project and priority are still to be chosen.

    ``follows`` is the closed ticket that it goes on from.
    """
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
        **follow_up.form_values(services, follows),
    }
    token = drafts.save_draft(services, person.id, fields, now, keep=FORM_KEPT)
    magic_links.request_link(services, person.email, now, draft_token=token, place="mail")
    return replace(known, state="asked", draft_hash=hash_token(token), answered=True)


def file_ticket(
    services: Services,
    mail: IncomingMail,
    content: ReadMail,
    person: Account,
    known: MailOutcome,
    now: datetime,
    project_key: str,
) -> MailOutcome:
    """File the ticket that somebody unknown had sent, now that staff know who it is."""
    fields = guests.form_fields(mail.raw or b"")
    projects = active_projects_of(services, person.id)
    named = [one.key for one in projects if fields["project"].casefold() in {one.key, one.name.casefold()}]
    key = project_key or (named[0] if named else projects[0].key if projects else "")
    staged = stage_files(services, content.parsed.files, now, clean=False)
    sent = TicketInput(
        project=key,
        subject=fields["subject"],
        url=fields["url"],
        description=content.whole,
        priority=fields["priority"],
        answers=dict(parse_qsl(fields["answers"])),
        submission=f"mail-{mail.digest}",
        page=fields["page"],
        files=staged.tokens,
        language=fields["language"],
        written_from=written_from_in(fields["written_from"]),
        pages_shown=pages_in(fields["pages_shown"]),
        form=fields.get("form", ""),
        values=own_values(fields),
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
        return content.parsed.subject or _("(a mail without text)")
    if len(body) > BODY_LENGTH:
        end = "\n\n" + rest_is_elsewhere()
        return body[: BODY_LENGTH - len(end)] + end
    return body


def rest_is_elsewhere() -> str:
    """The words that end a text which was cut."""
    return _("[The mail goes on; staff can read the rest]")


def refused_files(staged: MailFiles, parsed: ParsedMail) -> tuple[str, ...]:
    """A sentence about each file of a mail that isn't taken, in the language that is spoken now."""
    return (*staged.refused, *(_left_out(name) for name in parsed.left_out))


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


def tell_of_files(
    services: Services,
    database: Session,
    mail: IncomingMail,
    person: Account,
    ticket: Ticket,
    refused: tuple[str, ...],
    now: datetime,
) -> None:
    """Tell the sender of a mail which of its files were not taken, and why, inside the caller's transaction."""
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

"""Plain values for the templates that show tickets: lists, one ticket, its messages and its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from flask import url_for
from markupsafe import Markup

from formapp.errors import TextRefused
from formapp.models import Attachment, Message, Ticket, reference_of
from formapp.policies import in_words, policy_of
from formapp.services import Services
from formapp.text import excerpt, normalise_line, size_words
from formapp.tickets import sla
from formapp.tickets.read_marks import unread_of
from formapp.tickets.similar import similar_tickets
from formapp.tickets.status import CUSTOMER_LABELS
from formapp.translation import gettext as _
from formapp.translation import gettext_noop, ngettext
from formapp.web.context import web
from formapp.web.session_cookie import Person
from formapp.web.tickets.form_view import FormView, description_of, present_form
from formapp.web.tickets.target_presenter import TargetView, in_zone, present_targets
from supportpolicy import Policy

# Where an open ticket stands, by whether it was answered and whether the date is over; the date follows.
DUE_WORDS = {
    (False, False): gettext_noop("Waiting for us, answer due"),
    (False, True): gettext_noop("Waiting for us, answer was due"),
    (True, False): gettext_noop("Waiting for us, solution due"),
    (True, True): gettext_noop("Waiting for us, solution was due"),
}
# Why a file can't be opened yet, or at all.
BLOCKED = {
    "pending": gettext_noop("We are checking it for malware. You can open it after that."),
    "failed": gettext_noop("We couldn’t check it for malware yet. You can open it after that."),
    "infected": gettext_noop("We found malware in it, so you can’t open it."),
}
LONGEST_SUBJECT = 1000
LONGEST_KEY = 64
LONGEST_BEGINNING = 160


@dataclass(frozen=True, slots=True)
class StatusLine:
    """Where a ticket stands for its customer: "Waiting for us, answer due", and when that is due."""

    words: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketListItem:
    """A ticket as the list shows it; ``unread`` is how many messages are new to its reader."""

    reference: str
    subject: str
    project_name: str
    priority_label: str
    status: StatusLine
    unread: int


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket as its customer's page shows it; ``merged_into`` is the reference it was merged into, if it was."""

    reference: str
    subject: str
    status: StatusLine
    is_closed: bool
    merged_into: str
    project_name: str
    priority_label: str
    url: str
    opened: datetime
    reporter: str
    description: str
    form: FormView | None
    targets: tuple[TargetView, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person reads after sending; a target without a date is None."""

    reference: str
    email: str
    priority_label: str
    response_due: datetime | None
    resolution_due: datetime | None


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """One file. ``address`` is empty where it can't be opened, and ``blocked`` says why; ``preview`` may be empty."""

    name: str
    size: str
    address: str
    preview: str
    blocked: str


class MailMark(NamedTuple):
    """Of a message that came by mail: the mail's number, and whether its sender was confirmed."""

    number: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. ``html`` is safe; empty while the worker hasn't rendered it: then ``body`` is shown as typed."""

    is_change: ClassVar[bool] = False

    author: str
    by_staff: bool
    kind: str
    at: datetime
    html: Markup
    body: str
    files: tuple[AttachmentView, ...]
    mail: MailMark | None = None
    from_copy: bool = False


class NewestMessage(NamedTuple):
    """The beginning of the newest message, for the top of a long page."""

    author: str
    by_staff: bool
    at: datetime
    beginning: str


@dataclass(frozen=True, slots=True)
class SimilarView:
    """A ticket that may be about the same thing, and the sentence that says so."""

    reference: str
    subject: str
    sentence: str


def present_list(services: Services, reader_id: int, tickets: Sequence[Ticket], now: datetime) -> list[TicketListItem]:
    """The tickets as a person's list shows them, each under its own version of the policy."""
    unread = unread_of(services, reader_id, tickets) if tickets else {}
    policies = {
        version: in_words(policy_of(services, version)) for version in {ticket.policy_version for ticket in tickets}
    }
    items = []
    for ticket in tickets:
        policy = policies[ticket.policy_version]
        label = policy.priority(ticket.priority).label
        status = status_line(ticket, policy, now)
        new = unread.get(ticket.id, 0)
        items.append(TicketListItem(ticket.reference, ticket.subject, ticket.project.name, label, status, new))
    return items


def present_ticket(services: Services, ticket: Ticket, now: datetime) -> TicketPage:
    """The ticket as its customer's page shows it, under its own version of the policy."""
    with services.read() as database:
        targets = sla.load_targets(services, database, ticket)
    policy = in_words(targets.policy)
    return TicketPage(
        reference=ticket.reference,
        subject=ticket.subject,
        status=status_line(ticket, policy, now),
        is_closed=ticket.state == "closed",
        merged_into=merged_into(ticket),
        project_name=ticket.project.name,
        priority_label=policy.priority(ticket.priority).label,
        url=ticket.url,
        opened=in_zone(ticket.opened_at, policy),
        reporter=ticket.reporter.name,
        description=description_of(ticket),
        form=present_form(ticket, policy),
        targets=present_targets(targets, ticket),
    )


def present_confirmation(services: Services, ticket: Ticket) -> Confirmation:
    """What happens next, and by when."""
    policy = in_words(policy_of(services, ticket.policy_version))
    return Confirmation(
        reference=ticket.reference,
        email=ticket.reporter.email,
        priority_label=policy.priority(ticket.priority).label,
        response_due=in_zone(ticket.response_due_at, policy) if ticket.response_due_at else None,
        resolution_due=in_zone(ticket.resolution_due_at, policy) if ticket.resolution_due_at else None,
    )


def status_line(ticket: Ticket, policy: Policy, now: datetime) -> StatusLine:
    """Where a ticket stands: "Waiting for us, answer due" at an instant."""
    if ticket.merged_into_id is not None:
        return StatusLine(_("Closed as a duplicate of %(reference)s", reference=merged_into(ticket)))
    if ticket.state != "open":
        return StatusLine(_(CUSTOMER_LABELS[ticket.state]))
    answered = ticket.answered_at is not None
    due = ticket.resolution_due_at if answered else ticket.response_due_at
    if due is not None:
        return StatusLine(_(DUE_WORDS[answered, due < now]), in_zone(due, policy))
    if answered:
        return StatusLine(_("Waiting for us, solved as soon as we can"))
    return StatusLine(_("Waiting for us, answered as soon as we can"))


def merged_into(ticket: Ticket) -> str:
    """The reference of the ticket that this one was merged into; empty for most."""
    return reference_of(ticket.merged_into_id) if ticket.merged_into_id is not None else ""


def present_messages(
    messages: Iterable[Message],
    files: Mapping[int | None, tuple[AttachmentView, ...]],
    mails: Mapping[int, tuple[int, bool]],
    policy: Policy,
) -> tuple[MessageView, ...]:
    """The messages with their files, and of those that came by mail (``mails``) that they did."""
    return tuple(
        MessageView(
            author=message.author.name,
            by_staff=message.by_staff,
            from_copy=message.from_copy,
            kind=message.kind,
            at=in_zone(message.at, policy),
            # Made safe when it was rendered and stored (formapp.tickets.message_html); nobody else writes this column.
            html=Markup(message.html or ""),  # noqa: S704
            body=message.body,
            files=files.get(message.id, ()),
            mail=MailMark(*mails[message.id]) if message.id in mails else None,
        )
        for message in messages
    )


def present_newest(messages: Sequence[Message], policy: Policy) -> NewestMessage | None:
    """The beginning of the newest message, on one line; None while there is none."""
    if not messages:
        return None
    newest = messages[-1]
    at, beginning = in_zone(newest.at, policy), excerpt(newest.body, LONGEST_BEGINNING)
    return NewestMessage(newest.author.name, newest.by_staff, at, beginning)


def present_attachments(
    files: Iterable[Attachment], reference: str, *, to_staff: bool
) -> Mapping[int | None, tuple[AttachmentView, ...]]:
    """The files by the number of the message that they came with; None has those that came with the ticket."""
    found: dict[int | None, tuple[AttachmentView, ...]] = {}
    for file in files:
        found[file.message_id] = (*found.get(file.message_id, ()), _attachment(file, reference, to_staff=to_staff))
    return found


def _attachment(file: Attachment, reference: str, *, to_staff: bool) -> AttachmentView:
    download, preview = ("desk_download", "desk_preview") if to_staff else ("download", "preview")
    arguments: dict[str, Any] = {"reference": reference, "number": file.id}
    return AttachmentView(
        name=file.name,
        size=size_words(file.size),
        address=url_for(f"files.{download}", **arguments) if file.may_be_opened else "",
        preview=url_for(f"files.{preview}", **arguments) if file.may_be_opened and file.preview == "made" else "",
        blocked=_(BLOCKED[file.scan]) if file.scan in BLOCKED else "",
    )


def present_similar(person: Person | None, project: str, subject: str) -> tuple[SimilarView, ...]:
    """Tickets like the one being written, for a member of the project; nothing for anybody else."""
    if person is None or not project or not subject.strip():
        return ()
    try:
        wanted, key = normalise_line(subject, LONGEST_SUBJECT), normalise_line(project, LONGEST_KEY)
    except TextRefused:
        return ()
    desk = web()
    now = desk.clock()
    return tuple(
        SimilarView(found.reference, found.subject, _reported(now - found.opened_at))
        for found in similar_tickets(desk.services, person.account_id, key, wanted, now)
    )


def _reported(time: timedelta) -> str:
    """That a colleague reported the like, and how long ago, within an hour: "10 minutes ago"."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return _("A colleague reported something like this in the same project just now")
    return ngettext(
        "A colleague reported something like this in the same project a minute ago",
        "A colleague reported something like this in the same project %(count)s minutes ago",
        minutes,
    )

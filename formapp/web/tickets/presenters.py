"""Plain values for the templates that show tickets: lists, one ticket with its targets, messages and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

from flask import url_for
from markupsafe import Markup

from formapp.errors import TextRefused
from formapp.models import Attachment, Message, Ticket, reference_of
from formapp.policies import policy_of
from formapp.services import Services
from formapp.text import normalise_line, size_words
from formapp.tickets import sla
from formapp.tickets.similar import similar_tickets
from formapp.tickets.sla import PAUSED_STATES, TicketTargets
from formapp.tickets.status import CUSTOMER_LABELS
from formapp.web.context import web
from formapp.web.session_cookie import Person
from formapp.when import zone_words
from supportpolicy import Policy, Segment, Target

TARGET_LABELS: dict[str, str] = {"response": "Answer", "resolution": "Solution"}
RESUMES = {"waiting": "It goes on when you reply.", "closed": "It goes on if the ticket is reopened."}
RESUMES_FOR_STAFF = {**RESUMES, "waiting": "It goes on when the customer replies."}
# Why a file can't be opened yet, or at all.
BLOCKED = {
    "pending": "We are checking it for malware. You can open it after that.",
    "failed": "We couldn’t check it for malware yet. You can open it after that.",
    "infected": "We found malware in it, so you can’t open it.",
}
LONGEST_SUBJECT = 1000
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class StatusLine:
    """Where a ticket stands for its customer: "Waiting for us, answer due", and when that is due."""

    words: str
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketListItem:
    """A ticket as the list shows it."""

    reference: str
    subject: str
    project_name: str
    priority_label: str
    status: StatusLine


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target: what is promised, when that is due, how it stands, and how it was counted.

    ``due`` is None without a date, or while the clock is paused; ``status`` says when the target was met or
    why its clock is paused. ``question`` is what the segments answer, ``intro`` what stands before them.
    """

    name: str
    promise: str
    due: datetime | None
    status: str
    status_at: datetime | None
    question: str
    intro: str
    segments: tuple[SegmentView, ...]
    total: timedelta


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One line of "Why this date?": from when to when (no ``end`` for a moment), how much of it counts, and why."""

    start: datetime
    end: datetime | None
    counted: timedelta
    note: str


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


@dataclass(frozen=True, slots=True)
class SimilarView:
    """A ticket that may be about the same thing, and the sentence that says so."""

    reference: str
    subject: str
    sentence: str


def present_list(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[TicketListItem]:
    """The tickets as the list shows them, each under its own version of the policy."""
    policies = {version: policy_of(services, version) for version in {ticket.policy_version for ticket in tickets}}
    items = []
    for ticket in tickets:
        policy = policies[ticket.policy_version]
        label = policy.priority(ticket.priority).label
        status = status_line(ticket, policy, now)
        items.append(TicketListItem(ticket.reference, ticket.subject, ticket.project.name, label, status))
    return items


def present_ticket(services: Services, ticket: Ticket, now: datetime) -> TicketPage:
    """The ticket as its customer's page shows it, under its own version of the policy."""
    with services.read() as database:
        targets = sla.load_targets(services, database, ticket)
    policy = targets.policy
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
        description=ticket.description,
        targets=present_targets(targets, ticket),
    )


def present_confirmation(services: Services, ticket: Ticket) -> Confirmation:
    """What happens next, and by when."""
    policy = policy_of(services, ticket.policy_version)
    return Confirmation(
        reference=ticket.reference,
        email=ticket.reporter.email,
        priority_label=policy.priority(ticket.priority).label,
        response_due=in_zone(ticket.response_due_at, policy) if ticket.response_due_at else None,
        resolution_due=in_zone(ticket.resolution_due_at, policy) if ticket.resolution_due_at else None,
    )


def status_line(ticket: Ticket, policy: Policy, now: datetime) -> StatusLine:
    """Where a ticket stands: "Waiting for us, answer due" at an instant."""
    label = CUSTOMER_LABELS[ticket.state]
    if ticket.merged_into_id is not None:
        return StatusLine(f"{label} as a duplicate of {merged_into(ticket)}")
    if ticket.state != "open":
        return StatusLine(label)
    answered = ticket.answered_at is not None
    due = ticket.resolution_due_at if answered else ticket.response_due_at
    if due is None:
        return StatusLine(f"{label}, {'solved' if answered else 'answered'} as soon as we can")
    target = TARGET_LABELS["resolution" if answered else "response"].lower()
    return StatusLine(f"{label}, {target} {'was due' if due < now else 'due'}", in_zone(due, policy))


def present_targets(targets: TicketTargets, ticket: Ticket, *, to_staff: bool = False) -> tuple[TargetView, TargetView]:
    """The answer's and the solution's target, as the customer reads them or (``to_staff``) as staff do."""
    response = _target(targets, ticket, "response", to_staff=to_staff)
    return response, _target(targets, ticket, "resolution", to_staff=to_staff)


def _target(targets: TicketTargets, ticket: Ticket, target: Target, *, to_staff: bool) -> TargetView:
    policy, deadlines = targets.policy, targets.deadlines
    due, met = ticket.response_due_at, ticket.answered_at
    if target == "resolution":
        due, met = ticket.resolution_due_at, ticket.closed_at
    paused = target == "resolution" and deadlines.paused
    segments = [segment for segment in deadlines.explain() if segment.target == target]
    promise, name = deadlines.promise(target).words, TARGET_LABELS[target]
    status, clock = "", zone_words(policy.calendar.zone)
    if paused:
        status = "The clock is paused: waiting for the customer" if to_staff else "The clock is paused: waiting for you"
        question = f"How is the time for the {name.lower()} counted?"
        resumes = (RESUMES_FOR_STAFF if to_staff else RESUMES)[ticket.state]
        intro = f"This is what was counted until the clock was paused, in {clock}. {resumes}"
    else:
        question = f"Why this date for the {name.lower()}?"
        intro = f"This is how the time from sending to then is counted, in {clock}:"
    if met is not None:
        status = "Answered" if target == "response" else "Closed"
    return TargetView(
        name=name,
        promise=promise,
        due=in_zone(due, policy) if due else None,
        status=status,
        status_at=in_zone(met, policy) if met else None,
        question=question,
        intro=f"The promise is “{promise}”. {intro}",
        segments=tuple(_segment(segment, policy, to_staff=to_staff) for segment in segments),
        total=sum((segment.counted for segment in segments), timedelta()),
    )


def _segment(segment: Segment, policy: Policy, *, to_staff: bool) -> SegmentView:
    note = "Waiting for the customer" if to_staff and segment.note == PAUSED_STATES["waiting"] else segment.note
    # Not by its clock: a segment may begin and end at one time of day, with clocks going back in between.
    end = None if segment.kind == "clock change" else in_zone(segment.end, policy)
    return SegmentView(in_zone(segment.start, policy), end, segment.counted, note)


def in_zone(instant: datetime, policy: Policy) -> datetime:
    """The same instant in the policy's zone, in which the filters tell it."""
    return instant.astimezone(policy.calendar.zone)


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
        blocked=BLOCKED.get(file.scan, ""),
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
        SimilarView(
            found.reference,
            found.subject,
            f"A colleague reported something like this in the same project {_ago(now - found.opened_at)}",
        )
        for found in similar_tickets(desk.services, person.account_id, key, wanted, now)
    )


def _ago(time: timedelta) -> str:
    """How long ago, within an hour: "10 minutes ago"."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"

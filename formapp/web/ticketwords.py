"""A ticket in words, as its pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets import policy_of
from formapp.when import long_words, place, short_words
from supportpolicy import Policy, Promise, Segment


@dataclass(frozen=True, slots=True)
class Card:
    """A ticket as the list shows it."""

    reference: str
    subject: str
    project_name: str
    priority_label: str
    state: Markup


@dataclass(frozen=True, slots=True)
class Stretch:
    """One line of "Why this date?": from when to when (the day only where it is another), what it counts, and why."""

    start: str
    end_day: str
    end: str
    counted: str
    note: str


@dataclass(frozen=True, slots=True)
class Promised:
    """One promise of a ticket: its words, its instant, and the stretches that lead there."""

    name: str
    words: str
    due: Markup
    stretches: tuple[Stretch, ...]
    place: str


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket as its own page shows it."""

    reference: str
    subject: str
    state: Markup
    project_name: str
    priority_label: str
    url: str
    opened: Markup
    reporter: str
    description: str
    answers: tuple[tuple[str, str], ...]
    promises: tuple[Promised, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person reads after sending."""

    reference: str
    mailed_to: str
    next: Markup
    then: Markup


def as_cards(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[Card]:
    """The tickets as the list shows them, each under the policy that it was promised under."""
    policies = {version: policy_of(services, version) for version in {ticket.policy_version for ticket in tickets}}
    cards = []
    for ticket in tickets:
        policy = policies[ticket.policy_version]
        label = policy.priority(ticket.priority).label
        cards.append(Card(ticket.reference, ticket.subject, ticket.project.name, label, state(ticket, policy, now)))
    return cards


def as_page(services: Services, ticket: Ticket, now: datetime) -> TicketPage:
    """The ticket as its own page shows it, under the policy that it was promised under."""
    policy = policy_of(services, ticket.policy_version)
    zone = policy.calendar.zone
    return TicketPage(
        reference=ticket.reference,
        subject=ticket.subject,
        state=state(ticket, policy, now),
        project_name=ticket.project.name,
        priority_label=policy.priority(ticket.priority).label,
        url=ticket.url,
        opened=marked(long_words(ticket.opened_at, zone, now), ticket.opened_at, policy),
        reporter=ticket.reporter.name,
        description=ticket.description,
        answers=_answers(ticket, policy),
        promises=_promises(ticket, policy, now),
    )


def as_confirmation(services: Services, ticket: Ticket, now: datetime) -> Confirmation:
    """What happens next, and by when."""
    policy = policy_of(services, ticket.policy_version)
    zone = policy.calendar.zone
    label = policy.priority(ticket.priority).label
    if ticket.response_due_at is None:
        first = Markup("We answer as soon as we can. {} tickets have no fixed time.").format(label)
    else:
        due = marked(long_words(ticket.response_due_at, zone, now), ticket.response_due_at, policy)
        first = Markup("You hear from us by <strong>{}</strong>.").format(due)
    then = Markup()
    if ticket.resolution_due_at is not None:
        due = marked(long_words(ticket.resolution_due_at, zone, now), ticket.resolution_due_at, policy)
        then = Markup("We aim to have it solved by <strong>{}</strong>.").format(due)
    return Confirmation(ticket.reference, ticket.reporter.email, first, then)


def state(ticket: Ticket, policy: Policy, now: datetime) -> Markup:
    """Where a ticket stands: "Waiting for us, answer due Tue 24 Nov, 15:00 (Paris)"."""
    if ticket.state == "closed":
        return Markup("Closed")
    if ticket.state == "waiting":
        return Markup("Waiting for you")
    due = ticket.response_due_at
    if due is None:
        return Markup("Waiting for us, answered as soon as we can")
    words = marked(short_words(due, policy.calendar.zone, now), due, policy)
    if due < now:
        return Markup("Waiting for us, answer was due {}").format(words)
    return Markup("Waiting for us, answer due {}").format(words)


def marked(words: str, instant: datetime, policy: Policy) -> Markup:
    """The words as a time element; the page's script adds the reader's own time where it differs."""
    return Markup('<support-time data-zone="{}"><time datetime="{}">{}</time></support-time>').format(
        policy.calendar.zone.key, instant.isoformat(timespec="seconds"), words
    )


def _answers(ticket: Ticket, policy: Policy) -> tuple[tuple[str, str], ...]:
    chosen = ticket.answers
    return tuple(
        (question.title, question.option(chosen[question.id]).label)
        for question in policy.questions
        if question.id in chosen
    )


def _promises(ticket: Ticket, policy: Policy, now: datetime) -> tuple[Promised, ...]:
    priority = policy.priority(ticket.priority)
    segments = policy.deadlines(ticket.priority, ticket.opened_at).explain()

    def promised(name: str, promise: Promise, due: datetime | None, target: str) -> Promised:
        zone = policy.calendar.zone
        return Promised(
            name=name,
            words=promise.words,
            due=marked(long_words(due, zone, now), due, policy) if due else Markup(),
            stretches=tuple(stretch(part, zone, now) for part in segments if due and part.target == target),
            place=place(zone),
        )

    return (
        promised("Answer", priority.response, ticket.response_due_at, "response"),
        promised("Solution", priority.resolution, ticket.resolution_due_at, "resolution"),
    )


def stretch(segment: Segment, zone: ZoneInfo, now: datetime) -> Stretch:
    """One line of "Why this date?", in the zone's clock."""

    def clock(instant: datetime) -> str:
        return short_words(instant, zone, now).removesuffix(f" ({place(zone)})")

    day, _, hour = clock(segment.end).rpartition(", ")
    same_day = segment.start.date() == segment.end.date()
    return Stretch(clock(segment.start), "" if same_day else day, hour, length(segment.counted), segment.note)


def length(time: timedelta) -> str:
    """A length of time in words: "2 h 30 min"; a dash for none."""
    hours, minutes = divmod(int(time.total_seconds() // 60), 60)
    words = [f"{hours} h"] if hours else []
    words += [f"{minutes} min"] if minutes else []
    return " ".join(words) or "–"

"""A ticket in words, as its pages show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from formapp.models import Ticket, reference_of
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import sla
from formapp.web.layout.filters import instant_html
from formapp.web.tickets.sla_presenter import SlaRow, sla_rows
from formapp.when import long_words, short_words
from supportpolicy import Policy


@dataclass(frozen=True, slots=True)
class TicketListItem:
    """A ticket as the list shows it."""

    reference: str
    subject: str
    project_name: str
    priority_label: str
    state: Markup


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A ticket as its customer's page shows it; ``merged_into`` is where it goes on, empty for most."""

    reference: str
    subject: str
    state: Markup
    is_closed: bool
    merged_into: str
    project_name: str
    priority_label: str
    url: str
    opened: Markup
    reporter: str
    description: str
    answers: tuple[tuple[str, str], ...]
    promises: tuple[SlaRow, ...]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person reads after sending."""

    reference: str
    mailed_to: str
    next: Markup
    then: Markup


def present_list(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[TicketListItem]:
    """The tickets as the list shows them, each under the policy that it was promised under."""
    policies = {version: policy_of(services, version) for version in {ticket.policy_version for ticket in tickets}}
    cards = []
    for ticket in tickets:
        policy = policies[ticket.policy_version]
        label = policy.priority(ticket.priority).label
        cards.append(
            TicketListItem(ticket.reference, ticket.subject, ticket.project.name, label, state(ticket, policy, now))
        )
    return cards


def present_ticket(services: Services, ticket: Ticket, now: datetime) -> TicketPage:
    """The ticket as its customer's page shows it, under the policy that it was promised under."""
    with services.read() as database:
        promises = sla.load_targets(services, database, ticket)
    policy = promises.policy
    zone = policy.calendar.zone
    return TicketPage(
        reference=ticket.reference,
        subject=ticket.subject,
        state=state(ticket, policy, now),
        is_closed=ticket.state == "closed",
        merged_into=_merged_into(ticket),
        project_name=ticket.project.name,
        priority_label=policy.priority(ticket.priority).label,
        url=ticket.url,
        opened=instant_html(long_words(ticket.opened_at, zone, now), ticket.opened_at, policy),
        reporter=ticket.reporter.name,
        description=ticket.description,
        answers=_answers(ticket, policy),
        promises=sla_rows(promises, ticket, now),
    )


def present_confirmation(services: Services, ticket: Ticket, now: datetime) -> Confirmation:
    """What happens next, and by when."""
    policy = policy_of(services, ticket.policy_version)
    zone = policy.calendar.zone
    label = policy.priority(ticket.priority).label
    if ticket.response_due_at is None:
        first = Markup("We answer as soon as we can. {} tickets have no fixed time.").format(label)
    else:
        due = instant_html(long_words(ticket.response_due_at, zone, now), ticket.response_due_at, policy)
        first = Markup("You hear from us by <strong>{}</strong>.").format(due)
    then = Markup()
    if ticket.resolution_due_at is not None:
        due = instant_html(long_words(ticket.resolution_due_at, zone, now), ticket.resolution_due_at, policy)
        then = Markup("We aim to have it solved by <strong>{}</strong>.").format(due)
    return Confirmation(ticket.reference, ticket.reporter.email, first, then)


def state(ticket: Ticket, policy: Policy, now: datetime) -> Markup:
    """Where a ticket stands: "Waiting for us, answer due Tue 24 Nov, 15:00 (Paris)"."""
    if ticket.merged_into_id is not None:
        return Markup("Closed, goes on in {}").format(_merged_into(ticket))
    if ticket.state == "closed":
        return Markup("Closed")
    if ticket.state == "waiting":
        return Markup("Waiting for you")
    if ticket.answered_at is None:
        return _due("answer", ticket.response_due_at, policy, now)
    return _due("solution", ticket.resolution_due_at, policy, now)


def _due(what: str, due: datetime | None, policy: Policy, now: datetime) -> Markup:
    if due is None:
        return Markup("Waiting for us, {} as soon as we can").format("answered" if what == "answer" else "solved")
    words = instant_html(short_words(due, policy.calendar.zone, now), due, policy)
    return Markup("Waiting for us, {} {} {}").format(what, "was due" if due < now else "due", words)


def _merged_into(ticket: Ticket) -> str:
    return reference_of(ticket.merged_into_id) if ticket.merged_into_id is not None else ""


def _answers(ticket: Ticket, policy: Policy) -> tuple[tuple[str, str], ...]:
    chosen = ticket.answers
    return tuple(
        (question.title, question.option(chosen[question.id]).label)
        for question in policy.questions
        if question.id in chosen
    )

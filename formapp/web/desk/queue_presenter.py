"""The staff queue in words: its rows, its ready-made views, and what its filters offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from formapp.accounts import projects
from formapp.models import Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import triage
from formapp.tickets.search import Filters
from formapp.tickets.time_left import TimeLeft, times_left
from formapp.when import place, short_words

STATES = (("open", "Open"), ("waiting", "Waiting for the customer"), ("closed", "Closed"), ("any", "All"))
# What is asked for most, each in one press.
VIEWS = (
    ("Open", Filters()),
    ("Mine", Filters(assignee="me")),
    ("Unassigned", Filters(assignee="nobody")),
    ("Overdue", Filters(overdue=True)),
    ("Waiting", Filters(state="waiting")),
    ("Closed", Filters(state="closed")),
)
TARGETS = {"response": "Answer", "resolution": "Solution"}


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket as the queue shows it; ``due`` says what is due when, empty where nothing is."""

    reference: str
    subject: str
    left: TimeLeft
    due: str
    priority_label: str
    rank: int
    project: str
    reporter: str
    assignee: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class View:
    """A ready-made search, with its address's search."""

    label: str
    search: str
    chosen: bool


def rows(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[Row]:
    """The tickets as rows, each under the policy that it was promised under."""
    left = times_left(services, tickets, now)
    found = []
    for ticket in tickets:
        priority = policy_of(services, ticket.policy_version).priority(ticket.priority)
        found.append(
            Row(
                reference=ticket.reference,
                subject=ticket.subject,
                left=left[ticket.id],
                due=_due(services, ticket, left[ticket.id], now),
                priority_label=priority.label,
                rank=priority.rank,
                project=ticket.project.name,
                reporter=ticket.reporter.name,
                assignee=ticket.assignee.name if ticket.assignee else "",
            )
        )
    return found


def _due(services: Services, ticket: Ticket, left: TimeLeft, now: datetime) -> str:
    """ "Answer due Wed 25 Nov, 15:00"; the page says once whose clock that is."""
    zone = services.policy.calendar.zone
    if ticket.closed_at is not None:
        return short_words(ticket.closed_at, zone, now).removesuffix(f" ({place(zone)})")
    if not left.target:
        return ""
    when = short_words(ticket.queue_at, zone, now).removesuffix(f" ({place(zone)})")
    return f"{TARGETS[left.target]} {'was due' if left.urgency == 'missed' else 'due'} {when}"


def views(filters: Filters | None) -> list[View]:
    """The ready-made searches, with the one that is shown."""
    return [View(label, view.as_search(), view == filters) for label, view in VIEWS]


def is_sifted(filters: Filters) -> bool:
    """Whether more is chosen than a ready-made view chooses, so that the filters must be seen."""
    return replace(filters, text="") not in {view for _, view in VIEWS}


def choices(filters: Filters, services: Services) -> dict[str, list[Choice]]:
    """What each filter offers, with what is chosen."""
    people = ((person.email, person.name) for person in triage.people_at_the_desk(services))
    priorities = ((priority.id, priority.label) for priority in services.policy.priorities)
    known = ((project.key, project.name) for project in projects.every_project(services))
    return {
        "status": _offer(STATES, filters.state),
        "priority": _offer((("", "All"), *priorities), filters.priority),
        "project": _offer((("", "All"), *known), filters.project),
        "assigned": _offer(
            (("", "Anybody or nobody"), ("me", "Me"), ("nobody", "Nobody"), *people),
            filters.assignee,
        ),
    }


def _offer(options: Iterable[tuple[str, str]], chosen: str) -> list[Choice]:
    """The options; a search may name what none of them is, which then stands at the end."""
    found = [Choice(value, label, value == chosen) for value, label in options]
    return found if any(choice.chosen for choice in found) else [*found, Choice(chosen, chosen, chosen=True)]

"""Plain values for the staff queue: its rows, its ready-made views, and what its filters offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from formapp.accounts import projects
from formapp.models import Ticket
from formapp.policies import in_words, policy_of
from formapp.services import Services
from formapp.tickets import triage
from formapp.tickets.search import Filters
from formapp.tickets.status import STAFF_LABELS
from formapp.tickets.time_left import TimeLeft, times_left
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

# What is asked for most, each in one press.
VIEWS = (
    (gettext_noop("Open"), Filters()),
    (gettext_noop("Mine"), Filters(assignee="me")),
    (gettext_noop("Unassigned"), Filters(assignee="unassigned")),
    (gettext_noop("Overdue"), Filters(overdue=True)),
    (gettext_noop("Waiting"), Filters(state="waiting")),
    (gettext_noop("Closed"), Filters(state="closed")),
)
# The date follows.
DUE_LABELS = {
    ("response", False): gettext_noop("Answer due"),
    ("response", True): gettext_noop("Answer was due"),
    ("resolution", False): gettext_noop("Solution due"),
    ("resolution", True): gettext_noop("Solution was due"),
}


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A ticket as the queue shows it; ``due`` is when ``due_label`` is due, or when the ticket was closed."""

    reference: str
    subject: str
    left: TimeLeft
    due_label: str
    due: datetime | None
    priority_label: str
    rank: int
    project: str
    reporter: str
    assignee: str
    objected: bool


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


def present_queue(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[QueueRow]:
    """The tickets as rows, each under its own version of the policy."""
    zone, lefts = services.policy.calendar.zone, times_left(services, tickets, now)
    rows = []
    for ticket in tickets:
        policy, left = in_words(policy_of(services, ticket.policy_version)), lefts[ticket.id]
        priority = policy.priority(ticket.priority)
        due = ticket.queue_at if left.target else ticket.closed_at
        rows.append(
            QueueRow(
                reference=ticket.reference,
                subject=ticket.subject,
                left=left,
                due_label=_(DUE_LABELS[left.target, left.urgency == "missed"]) if left.target else "",
                due=due.astimezone(zone) if due else None,
                priority_label=priority.label,
                rank=priority.rank,
                project=ticket.project.name,
                reporter=ticket.reporter.name,
                assignee=ticket.assignee.name if ticket.assignee else "",
                objected=ticket.objected_at is not None,
            )
        )
    return rows


def present_views(filters: Filters | None) -> list[View]:
    """The ready-made searches, with the one that is shown."""
    shown = filters.as_search() if filters else None
    return [View(_(label), view.as_search(), view.as_search() == shown) for label, view in VIEWS]


def is_filtered(filters: Filters) -> bool:
    """Whether more is chosen than a ready-made view chooses, so that the filters must be seen."""
    return replace(filters, text="").as_search() not in {view.as_search() for _label, view in VIEWS}


def present_choices(filters: Filters, services: Services) -> dict[str, list[Choice]]:
    """What each filter offers, with what is chosen."""
    people = ((person.email, person.name) for person in triage.staff_accounts(services))
    priorities = ((priority.id, priority.label) for priority in in_words(services.policy).priorities)
    known = ((project.key, project.name) for project in projects.every_project(services))
    return {
        "status": _options(
            (*((state, _(label)) for state, label in STAFF_LABELS.items()), ("any", _("All"))), filters.shown_state
        ),
        "priority": _options((("", _("All")), *priorities), filters.priority),
        "project": _options((("", _("All")), *known), filters.project),
        "assignee": _options(
            (("", _("All")), ("me", _("Me")), ("unassigned", _("Unassigned")), *people), filters.assignee
        ),
    }


def _options(options: Iterable[tuple[str, str]], chosen: str) -> list[Choice]:
    """The options; a search may name what none of them is, which then stands at the end."""
    found = [Choice(value, label, value == chosen) for value, label in options]
    return found if any(choice.chosen for choice in found) else [*found, Choice(chosen, chosen, chosen=True)]

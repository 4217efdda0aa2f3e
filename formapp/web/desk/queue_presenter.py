"""Plain values for the staff queue: its rows, its ready-made views, and what its filters offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from formapp.accounts import projects
from formapp.errors import UseCaseError
from formapp.models import Ticket
from formapp.policies import in_words, policy_of
from formapp.services import Services
from formapp.tickets import saved_views, triage, view_counts
from formapp.tickets.search import Filters, parse_search
from formapp.tickets.status import STAFF_LABELS
from formapp.tickets.tags import tags_of
from formapp.tickets.time_left import TimeLeft, times_left
from formapp.tickets.view_counts import ViewCount
from formapp.translation import gettext as _
from formapp.translation import gettext_noop, number_words

# What is asked for most, each in one press. What is closed is past, so nobody needs its count.
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
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a filter."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class View:
    """A ready-made or saved search, with its address's search; ``count`` in words, ``shared_by`` another's name."""

    label: str
    search: str
    chosen: bool
    count: str = ""
    saved: bool = False
    shared_by: str = ""


def present_queue(services: Services, tickets: Sequence[Ticket], now: datetime) -> list[QueueRow]:
    """The tickets as rows, each under its own version of the policy."""
    zone, lefts = services.policy.calendar.zone, times_left(services, tickets, now)
    tagged = tags_of(services, [ticket.id for ticket in tickets])
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
                tags=tagged[ticket.id],
            )
        )
    return rows


def present_views(services: Services, filters: Filters | None, viewer_id: int, now: datetime) -> list[View]:
    """The ready-made searches and the saved ones with their counts, and the one that is shown."""
    shown = filters.as_search() if filters else None
    saved = saved_views.views_for(services, viewer_id)
    wanted = [view for _label, view in VIEWS] + [_filters_of(view.search) for view in saved]
    counted = [Filters(text="-") if view is None or view.state == "closed" else view for view in wanted]
    counts = [_count_words(count) for count in view_counts.count_views(services, counted, viewer_id, now)]
    ready = [
        View(_(label), view.as_search(), view.as_search() == shown, count)
        for (label, view), count in zip(VIEWS, counts, strict=False)
    ]
    own = [
        View(
            view.name,
            view.search,
            view.search == shown,
            count,
            saved=True,
            shared_by=view.owner.name if view.account_id != viewer_id else "",
        )
        for view, count in zip(saved, counts[len(VIEWS) :], strict=True)
    ]
    return ready + own


def _filters_of(text: str) -> Filters | None:
    """What a saved search asks for; None for one that is understood no more."""
    try:
        return parse_search(text)
    except UseCaseError:
        return None


def _count_words(count: ViewCount | None) -> str:
    if count is None:
        return ""
    return number_words(count.number) if count.exact else f"{number_words(count.number)}+"


def is_worth_saving(services: Services, filters: Filters, viewer_id: int) -> bool:
    """Whether no ready-made or own view asks for the same."""
    own = {view.search for view in saved_views.views_for(services, viewer_id) if view.account_id == viewer_id}
    return filters.as_search() not in own | {view.as_search() for _label, view in VIEWS}


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

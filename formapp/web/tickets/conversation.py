"""A ticket's conversation as its pages show it: the messages, and between them what was changed and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select

from formapp.models import Account, Event
from formapp.services import Services
from formapp.translation import gettext as _
from formapp.web.tickets.presenters import MessageView
from formapp.web.tickets.target_presenter import in_zone
from supportpolicy import Policy

SHOWN = frozenset(
    {"priority-changed", "reopened", "closed", "merged", "absorbed", "moved", "solved-answered"}
    | {"watcher-added", "watcher-removed", "copy-asked", "copy-confirmed", "copy-declined"}
)
"""The events that change what the customer was told, or may be told by nothing else on the page."""


@dataclass(frozen=True, slots=True)
class DateChange:
    """A promised date that changed; None where there is no fixed time."""

    before: datetime | None
    after: datetime | None


@dataclass(frozen=True, slots=True)
class ChangeView:
    """One change. ``before`` and ``after`` are labels of priorities, or ``after`` is the name of a project.

    ``other`` is another ticket's reference, or the name of who was put in copy or taken out.
    """

    is_change: ClassVar[bool] = True

    kind: str
    at: datetime
    actor: str
    by_staff: bool
    before: str = ""
    after: str = ""
    reason: str = ""
    response: DateChange | None = None
    resolution: DateChange | None = None
    other: str = ""


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer to the chooser as its sender gave it ("" for none), and as staff corrected it ("": they didn't)."""

    question: str
    answered: str
    corrected: str


def present_conversation(
    services: Services, events: Sequence[Event], messages: Sequence[MessageView], policy: Policy
) -> tuple[MessageView | ChangeView, ...]:
    """Messages and changes in their order; of the same instant the change first."""
    changes = [event for event in events if event.kind in SHOWN]
    people = _people(services, changes)
    entries: list[MessageView | ChangeView] = [*(_present(event, people, policy) for event in changes), *messages]
    return tuple(sorted(entries, key=lambda entry: entry.at))


def present_answers_given(
    policy: Policy, answers: Mapping[str, str], events: Sequence[Event]
) -> tuple[AnswerView, ...]:
    """The answers as they were given when the ticket was sent, each with its correction beside."""
    given: dict[str, str | None] = dict(answers)
    for event in reversed([event for event in events if event.kind == "priority-changed"]):
        given |= {name: before for name, (before, _after) in event.details.get("answers", {}).items()}
    shown = []
    for question in policy.questions:
        before, now = given.get(question.id), answers.get(question.id)
        if before or now:
            answered = question.option(before).label if before else ""
            corrected = "" if before == now else question.option(now).label if now else _("no longer asked")
            shown.append(AnswerView(question.title, answered, corrected))
    return tuple(shown)


def _people(services: Services, events: Sequence[Event]) -> dict[int, tuple[str, bool]]:
    numbers = {event.account_id for event in events} | {event.details.get("watcher") for event in events}
    with services.read() as database:
        rows = database.execute(
            select(Account.id, Account.name, Account.is_staff).where(Account.id.in_(numbers - {None}))
        )
        return {number: (name, is_staff) for number, name, is_staff in rows}


def _present(event: Event, people: Mapping[int, tuple[str, bool]], policy: Policy) -> ChangeView:
    actor, by_staff = people.get(event.account_id or 0, ("", True))
    at, details = in_zone(event.at, policy), event.details
    if event.kind == "moved":
        # Not from where: not everybody who reads it may be in that project.
        after, why = details["project"][1], details["reason"]
        return ChangeView(event.kind, at, actor, by_staff, after=after, reason=why)
    if event.kind != "priority-changed":
        other = details.get("into") or details.get("reference") or ""
        if watcher := details.get("watcher"):
            other = people.get(watcher, ("", False))[0]
        return ChangeView(_kind(event), at, actor, by_staff, reason=details.get("sentence", ""), other=other)
    before, after = (policy.priority(name).label for name in details["priority"])
    due = details.get("due", [{}, {}])
    return ChangeView(
        event.kind,
        at,
        actor,
        by_staff,
        before=before,
        after=after,
        reason=details.get("reason") or details.get("because", ""),
        response=_date_change(due, "response", policy),
        resolution=_date_change(due, "resolution", policy),
    )


def _kind(event: Event) -> str:
    """The event's kind; of some with what it came to, which has a sentence of its own."""
    if event.kind == "solved-answered":
        return f"{event.kind}-{'yes' if event.details.get('solved') else 'no'}"
    if event.kind == "watcher-removed" and event.details.get("watcher") == event.account_id:
        return "watcher-left"
    return event.kind


def _date_change(due: Sequence[Mapping[str, str | None]], target: str, policy: Policy) -> DateChange | None:
    before, after = (_date(one.get(target), policy) for one in due)
    return None if before == after else DateChange(before, after)


def _date(text: str | None, policy: Policy) -> datetime | None:
    return in_zone(datetime.fromisoformat(text), policy) if text else None

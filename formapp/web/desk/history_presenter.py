"""A ticket's history in words: every act with who, when, before and after. For the desk alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.models import Account, Event
from formapp.web.layout.filters import instant_html
from formapp.when import short_words
from supportpolicy import Policy

STATES = {"open": "open", "waiting": "waiting for the customer", "closed": "closed"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the history: when, who, what, and what was before and after."""

    at: Markup
    who: str
    what: str
    more: tuple[str, ...]


def history(database: Session, events: Sequence[Event], policy: Policy, now: datetime) -> tuple[Line, ...]:
    """The events as lines, the newest last, with instants in the policy's zone."""
    names = _names(database, events)
    return tuple(
        Line(
            at=instant_html(short_words(event.at, policy.calendar.zone, now), event.at, policy),
            who=names.get(event.account_id, "") if event.account_id else "The clock",
            what=_what(event, names),
            more=tuple(_more(event.kind, event.details, policy, now)),
        )
        for event in events
    )


def _names(database: Session, events: Iterable[Event]) -> dict[int, str]:
    """The names of everybody whom these events are of, or about."""
    numbers = {event.account_id for event in events} | {
        number for event in events for number in event.details.get("assignee", ())
    }
    rows = database.execute(select(Account.id, Account.name).where(Account.id.in_(numbers - {None})))
    return {number: name for number, name in rows}  # noqa: C416 - rows aren't pairs to the type checker


def _what(event: Event, names: Mapping[int, str]) -> str:
    kind, details = event.kind, event.details
    if kind == "assigned":
        before, after = details["assignee"]
        given = "took it" if after == event.account_id else f"gave it to {_who(after, names)}"
        return f"{given} (before: {_who(before, names)})"
    if kind in {"due-soon", "missed"}:
        what = "answer" if details["target"] == "response" else "solution"
        return f"warned that the {what} is due soon" if kind == "due-soon" else f"noticed that the {what} was missed"
    words = {
        "opened": "sent the ticket",
        "replied": "gave the first answer" if details.get("first_answer") else "replied",
        "noted": "added a note",
        "closed": "closed it",
        "reopened": "reopened it",
        "merged": f"merged it into {details.get('into', '')}",
        "absorbed": f"merged {details.get('reference', '')} into it",
        "priority-changed": "corrected the answers",
    }
    return words.get(kind, kind)


def _who(number: int | None, names: Mapping[int, str]) -> str:
    return names.get(number, "") if number is not None else "nobody"


def _more(kind: str, details: Mapping[str, Any], policy: Policy, now: datetime) -> Iterator[str]:
    if kind == "opened":
        yield f"Priority: {policy.priority(details['priority']).label}"
        if "answers no longer known" in details:
            yield f"Answers that the policy didn't know: {details['answers no longer known']}"
    if kind in {"due-soon", "missed"}:
        yield f"Due: {_instant(details['due'], policy, now)}"
    if kind == "priority-changed":
        yield from _correction(details, policy, now)
    if "state" in details:
        before, after = (STATES[state] for state in details["state"])
        yield f"State: {before} → {after}"


def _correction(details: Mapping[str, Any], policy: Policy, now: datetime) -> Iterator[str]:
    before, after = (policy.priority(name).label for name in details["priority"])
    yield f"Priority: {before} → {after}" if before != after else f"Priority: {after}, as before"
    for name, answers in details["answers"].items():
        question = policy.question(name)
        old, new = (question.option(answer).label if answer else "not asked" for answer in answers)
        yield f"{question.title} {old} → {new}"
    yield f"Decided by: {criterion_of(policy, details['rule'][0]) or 'no answers'} → {details['because']}"
    for target, label in (("response", "Answer due"), ("resolution", "Solution due")):
        was, is_now = (_instant(due[target], policy, now) for due in details["due"])
        if was != is_now:
            yield f"{label}: {was} → {is_now}"


def criterion_of(policy: Policy, rule_id: str) -> str:
    """The criterion, word for word, that a rule of the decision table names, else its own reason; empty for no rule."""
    rule = next((rule for rule in policy.rules if rule.id == rule_id), None)
    if rule is None:
        return ""
    return policy.criterion(rule.criterion).text if rule.criterion else f"{rule.because[:1].upper()}{rule.because[1:]}."


def _instant(text: str | None, policy: Policy, now: datetime) -> str:
    return short_words(datetime.fromisoformat(text), policy.calendar.zone, now) if text else "no fixed time"

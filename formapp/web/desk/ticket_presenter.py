"""Plain values for a ticket as staff see it: facts, clock, evidence, history."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.form_fields import date_words
from formapp.hours import closures
from formapp.models import Account, Event, Ticket, reference_of
from formapp.policies import in_words
from formapp.services import Services
from formapp.tickets import sla
from formapp.tickets.queries import events_of
from formapp.tickets.registrations import registering_form
from formapp.tickets.status import STAFF_LABELS, STATE_WORDS
from formapp.tickets.time_left import TimeLeft, time_left
from formapp.translation import gettext as _
from formapp.translation import gettext_noop, spoken_locale
from formapp.web.desk.written_from_presenter import ReadBefore, present_read_before
from formapp.web.tickets.conversation import AnswerView, present_answers_given
from formapp.web.tickets.form_view import FormView, description_of, present_form
from formapp.web.tickets.presenters import merged_into
from formapp.web.tickets.target_presenter import TargetView, in_zone, present_targets
from supportpolicy import Policy

# A form may say whatever it likes of where it stands: only a path of our own becomes a link.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%-]*")
# What stands behind the actor's name.
_ACTIONS = {
    "opened": gettext_noop("sent the ticket"),
    "replied": gettext_noop("replied"),
    "noted": gettext_noop("added an internal note"),
    "closed": gettext_noop("closed it"),
    "reopened": gettext_noop("reopened it"),
    "priority-changed": gettext_noop("corrected the answers"),
}
_TAG_ACTIONS = {
    "tagged": gettext_noop("added the tag %(tag)s"),
    "untagged": gettext_noop("removed the tag %(tag)s"),
}
_COPY_ACTIONS = {
    "copy-asked": gettext_noop("asked somebody by mail to be in copy"),
    "copy-withdrawn": gettext_noop("no longer asks somebody to be in copy"),
    "copy-confirmed": gettext_noop("agreed by mail to be in copy"),
    "copy-declined": gettext_noop("doesn't want to be in copy"),
}
_CLOCK_ACTIONS = {
    ("due-soon", "response"): gettext_noop("warned that the answer is due soon"),
    ("due-soon", "resolution"): gettext_noop("warned that the solution is due soon"),
    ("missed", "response"): gettext_noop("noticed that the answer was missed"),
    ("missed", "resolution"): gettext_noop("noticed that the solution was missed"),
}
_DUE_LABELS = {"response": gettext_noop("Answer due:"), "resolution": gettext_noop("Solution due:")}


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question of the chooser as staff correct it; ``options`` are (id, label), ``answer`` may be empty."""

    id: str
    title: str
    answer: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What an event changed: from ``before`` (None: only ``after`` is told) to ``after``, words or instants."""

    label: str
    before: str | datetime | None
    after: str | datetime


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event of the history: when, who, what, and what it changed."""

    at: datetime
    actor: str
    action: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class RegistrationView:
    """A planned date that the desk knew of when a ticket was sent, and how it stood to that day."""

    date: str
    registered: str
    reference: str
    too_far: bool
    passed: bool


@dataclass(frozen=True, slots=True)
class Registrations:
    """What stands beside the answer to this question, which counts on a registered date."""

    question: str
    known: tuple[RegistrationView, ...]


@dataclass(frozen=True, slots=True)
class StaffTicketView:
    """A ticket as its page for staff shows it.

    ``seen`` is the newest event on the page, ``evidence`` what was answered, ``questions`` the form that
    corrects it. ``registrations`` are the planned dates that the desk knew of, where an answer counts on one.
    """

    reference: str
    subject: str
    state: str
    status_label: str
    left: TimeLeft
    priority_label: str
    priority_rank: int
    project_name: str
    plan: str
    reporter: str
    reporter_email: str
    assignee: str
    assignee_email: str
    url: str
    page: str
    page_link: str
    read_before: ReadBefore
    written_in: str
    opened: datetime
    description: str
    form: FormView | None
    registrations: Registrations | None
    merged_into: str
    recommended_label: str
    criterion: str
    evidence: tuple[AnswerView, ...]
    questions: tuple[QuestionView, ...]
    targets: tuple[TargetView, ...]
    history: tuple[HistoryLine, ...]
    history_pruned: int
    seen: int
    objected: datetime | None


def present_ticket(
    services: Services, ticket: Ticket, now: datetime, answers: Mapping[str, str] | None
) -> StaffTicketView:
    """The ticket with all that staff may know; ``answers`` are those being corrected, None: the ticket's own."""
    events = events_of(services, ticket.id)
    with services.read() as database:
        targets = sla.load_targets(services, database, ticket)
        closed = closures.closures_known_at(database.connection(), now, now)
        names = _names(database, events)
    policy = in_words(targets.policy)
    priority = policy.priority(ticket.priority)
    return StaffTicketView(
        reference=ticket.reference,
        subject=ticket.subject,
        state=ticket.state,
        status_label=_(STAFF_LABELS[ticket.state]),
        left=time_left(targets.policy, ticket, closed, events, now),
        priority_label=priority.label,
        priority_rank=priority.rank,
        project_name=ticket.project.name,
        plan=ticket.project.plan,
        reporter=ticket.reporter.name,
        reporter_email=ticket.reporter.email,
        assignee=ticket.assignee.name if ticket.assignee else "",
        assignee_email=ticket.assignee.email if ticket.assignee else "",
        url=ticket.url,
        page=ticket.page,
        page_link=ticket.page if services.settings.site_dir and _PATH.fullmatch(ticket.page) else "",
        read_before=present_read_before(ticket),
        written_in=written_in(ticket.language),
        opened=in_zone(ticket.opened_at, policy),
        description=description_of(ticket),
        form=present_form(ticket, policy),
        registrations=_registrations(ticket, policy),
        merged_into=merged_into(ticket),
        recommended_label=policy.priority(ticket.recommended).label if ticket.recommended else "",
        criterion=criterion_of(policy, ticket.rule),
        evidence=present_answers_given(policy, ticket.answers, events),
        questions=_questions(policy, ticket.answers if answers is None else answers),
        targets=present_targets(targets, ticket, to_staff=True),
        history=present_history(events, names, policy),
        history_pruned=ticket.events_pruned,
        seen=events[-1].sequence,
        objected=in_zone(ticket.objected_at, policy) if ticket.objected_at else None,
    )


def _registrations(ticket: Ticket, policy: Policy) -> Registrations | None:
    form = registering_form(policy, ticket.answers)
    if ticket.registrations is None or form is None or form.registers is None:
        return None
    sent = in_zone(ticket.opened_at, policy).date()
    known = tuple(
        RegistrationView(
            date=date_words(date.fromisoformat(one["date"])),
            registered=date_words(in_zone(datetime.fromisoformat(one["registered_at"]), policy).date()),
            reference=reference_of(one["ticket"]),
            too_far=not one["counts"],
            passed=date.fromisoformat(one["date"]) < sent,
        )
        for one in ticket.registrations
    )
    return Registrations(policy.question(form.registers.question).title, known)


def written_in(language: str) -> str:
    """The name of the language of the form that a ticket was written on; empty where none is known."""
    return str(spoken_locale().languages.get(language, language))


def _questions(policy: Policy, answers: Mapping[str, str]) -> tuple[QuestionView, ...]:
    """The questions that these answers lead through, the one that is still open included."""
    known = {
        question.id: answers[question.id]
        for question in policy.questions
        if answers.get(question.id) in {option.id for option in question.options}
    }
    found = policy.recommend(known)
    questions = [policy.question(name) for name in (*found.asked, *found.missing)]
    return tuple(
        QuestionView(
            question.id,
            question.title,
            known.get(question.id, ""),
            tuple((option.id, option.label) for option in question.options),
        )
        for question in questions
    )


def _names(database: Session, events: Iterable[Event]) -> dict[int, str]:
    """The names of everybody whom these events are of, or about."""
    numbers = {event.account_id for event in events} | {
        number
        for event in events
        for number in (*event.details.get("assignee", ()), event.details.get("for"), event.details.get("watcher"))
    }
    rows = database.execute(select(Account.id, Account.name).where(Account.id.in_(numbers - {None})))
    return {number: name for number, name in rows}  # noqa: C416 - rows aren't pairs to the type checker


def present_history(events: Sequence[Event], names: Mapping[int, str], policy: Policy) -> tuple[HistoryLine, ...]:
    """The events as lines, the newest last."""
    return tuple(
        HistoryLine(
            at=in_zone(event.at, policy),
            actor=_actor(event, names),
            action=_action(event, names),
            changes=tuple(_changes(event.kind, event.details, policy)),
        )
        for event in events
    )


def _actor(event: Event, names: Mapping[int, str]) -> str:
    if event.account_id:
        return names.get(event.account_id, "")
    return _("Who was asked") if event.kind == "copy-declined" else _("The clock")


def _action(event: Event, names: Mapping[int, str]) -> str:
    kind, details = event.kind, event.details
    if kind == "assigned":
        before, after = details["assignee"]
        was = names.get(before, "") if before is not None else _("unassigned")
        if after:
            return _("assigned it to %(name)s (was: %(before)s)", name=names.get(after, ""), before=was)
        return _("unassigned it (was: %(before)s)", before=was)
    if kind in {"due-soon", "missed"}:
        return _(_CLOCK_ACTIONS[kind, details["target"]])
    if kind in _TAG_ACTIONS:
        # Of an erased person's ticket the history no longer says which.
        return _(_TAG_ACTIONS[kind], tag=details.get("tag", ""))
    if kind == "merged":
        return _("merged it into %(reference)s", reference=details.get("into", ""))
    if kind == "moved":
        before, after = details["project"]
        return _("moved it from %(before)s to %(after)s", before=before, after=after)
    if kind == "opened" and details.get("for"):
        return _("filed the ticket for %(name)s", name=names.get(details["for"], ""))
    if kind == "opened" and details.get("by_mail"):
        return _("sent the ticket by mail")
    if kind == "absorbed":
        return _("merged %(reference)s into it", reference=details.get("reference", ""))
    if kind == "page-named":
        # Of an erased person's ticket the history no longer says which.
        page = details.get("page", ["", ""])[1]
        if page:
            return _("named %(page)s as the page that should have answered it", page=page)
        return _("took back which page should have answered it")
    if kind in {"watcher-added", "watcher-removed"}:
        watcher = names.get(details.get("watcher", 0), "")
        if kind == "watcher-added":
            return _("put %(name)s in copy", name=watcher)
        return (
            _("is no longer in copy")
            if details.get("watcher") == event.account_id
            else _("took %(name)s out of copy", name=watcher)
        )
    if kind in _COPY_ACTIONS:
        return _(_COPY_ACTIONS[kind])
    if kind == "solved-answered":
        return _("said that it was solved") if details.get("solved") else _("said that it was not solved")
    return _("gave the first answer") if details.get("first_answer") else _(_ACTIONS.get(kind, kind))


def _changes(kind: str, details: Mapping[str, Any], policy: Policy) -> Iterator[Change]:
    if kind == "opened":
        yield Change(_("Priority:"), None, policy.priority(details["priority"]).label)
        if "answers no longer known" in details:
            yield Change(_("Answers that the policy didn’t know:"), None, str(details["answers no longer known"]))
    if kind in {"due-soon", "missed"}:
        yield Change(_("Due:"), None, _due(details["due"], policy))
    if kind == "moved":
        yield Change(_("Why:"), None, details["reason"])
    if kind == "priority-changed":
        yield from _correction(details, policy)
    if "state" in details:
        before, after = (_(STATE_WORDS[state]) for state in details["state"])
        yield Change(_("Status:"), before, after)


def _correction(details: Mapping[str, Any], policy: Policy) -> Iterator[Change]:
    before, after = (policy.priority(name).label for name in details["priority"])
    if before != after:
        yield Change(_("Priority:"), before, after)
    else:
        yield Change(_("Priority:"), None, _("%(priority)s, as before", priority=after))
    if details.get("reason"):
        yield Change(_("Why:"), None, details["reason"])
    for name, answers in details["answers"].items():
        question = policy.question(name)
        old, new = (question.option(answer).label if answer else _("not asked") for answer in answers)
        yield Change(question.title, old, new)
    before = criterion_of(policy, details["rule"][0]) or _("no answers")
    yield Change(_("Decided by:"), before, _because(policy, details["rule"][1]) or details["because"])
    for target, label in _DUE_LABELS.items():
        was, is_now = (_due(due[target], policy) for due in details["due"])
        if was != is_now:
            yield Change(_(label), was, is_now)


def criterion_of(policy: Policy, rule_id: str) -> str:
    """The criterion, word for word, that a rule of the decision table names, else its own reason; empty for no rule."""
    rule = next((rule for rule in policy.rules if rule.id == rule_id), None)
    if rule is None:
        return ""
    return policy.criterion(rule.criterion).text if rule.criterion else f"{rule.because[:1].upper()}{rule.because[1:]}."


def _because(policy: Policy, rule_id: str) -> str:
    """What a rule decided by, as the event that tells of it has it in the policy's own language."""
    rule = next((rule for rule in policy.rules if rule.id == rule_id), None)
    if rule is None:
        return ""
    return policy.criterion(rule.criterion).text if rule.criterion else rule.because


def _due(text: str | None, policy: Policy) -> str | datetime:
    return in_zone(datetime.fromisoformat(text), policy) if text else _("no fixed time")

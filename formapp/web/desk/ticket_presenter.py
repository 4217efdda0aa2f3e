"""A ticket in words as the desk shows it: facts, clock, evidence, history."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from formapp.hours import closures
from formapp.models import Ticket, reference_of
from formapp.services import Services
from formapp.tickets import sla
from formapp.tickets.queries import events_of
from formapp.tickets.time_left import TimeLeft, time_left
from formapp.web.desk.history_presenter import Line, criterion_of, history
from formapp.web.layout.filters import instant_html
from formapp.web.tickets.sla_presenter import SlaRow, sla_rows
from formapp.when import long_words
from supportpolicy import Policy

STATES = {"open": "Open", "waiting": "Waiting for the customer", "closed": "Closed"}
# A form may say whatever it likes of where it stands: only a path of our own becomes a link.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%-]*")
NEXT = {"response": "for the answer", "resolution": "for the solution"}


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question of the chooser as the desk corrects it; ``options`` are (id, label), ``answer`` may be empty."""

    id: str
    title: str
    answer: str
    options: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StaffTicketView:
    """A ticket as its page at the desk shows it.

    ``seen`` is the newest event that stands on the page, ``evidence`` what was answered, ``asked`` the
    questions of the form that corrects it.
    """

    reference: str
    subject: str
    state: str
    state_words: str
    left: TimeLeft
    left_words: str
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
    opened: Markup
    description: str
    merged_into: str
    recommended_label: str
    criterion: str
    evidence: tuple[tuple[str, str], ...]
    asked: tuple[QuestionView, ...]
    promises: tuple[SlaRow, ...]
    history: tuple[Line, ...]
    seen: int


def present_ticket(
    services: Services, ticket: Ticket, now: datetime, answers: Mapping[str, str] | None
) -> StaffTicketView:
    """The ticket with all that the desk knows of it; ``answers`` are those being corrected, None: the ticket's own."""
    events = events_of(services, ticket.id)
    with services.read() as database:
        promises = sla.load_targets(services, database, ticket)
        closed = closures.closures_known_at(database, now, now)
        lines = history(database, events, promises.policy, now)
    policy = promises.policy
    priority = policy.priority(ticket.priority)
    left = time_left(policy, ticket, closed, now)
    return StaffTicketView(
        reference=ticket.reference,
        subject=ticket.subject,
        state=ticket.state,
        state_words=STATES[ticket.state],
        left=left,
        left_words=_left_words(left),
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
        opened=instant_html(long_words(ticket.opened_at, policy.calendar.zone, now), ticket.opened_at, policy),
        description=ticket.description,
        merged_into=reference_of(ticket.merged_into_id) if ticket.merged_into_id else "",
        recommended_label=policy.priority(ticket.recommended).label if ticket.recommended else "",
        criterion=criterion_of(policy, ticket.rule),
        evidence=_evidence(policy, ticket.answers),
        asked=_asked(policy, ticket.answers if answers is None else answers),
        promises=sla_rows(promises, ticket, now, to_staff=True),
        history=lines,
        seen=events[-1].sequence,
    )


def _left_words(left: TimeLeft) -> str:
    """ "1 h 20 min left for the answer, in open hours"; empty where no promise is running."""
    if not left.target:
        return ""
    hours = ", in open hours" if left.open_time else ""
    return f"{left.words} {NEXT[left.target]}{hours}"


def _evidence(policy: Policy, answers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Each question that was answered, with its answer."""
    return tuple(
        (question.title, question.option(answers[question.id]).label)
        for question in policy.questions
        if question.id in answers
    )


def _asked(policy: Policy, answers: Mapping[str, str]) -> tuple[QuestionView, ...]:
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

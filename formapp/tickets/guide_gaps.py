"""What the guide should have answered: its pages by the tickets that they caused, and by what their readers say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.actors import Actor, require_staff
from formapp.models import NamedPage, PageFeedback, Ticket
from formapp.services import Services
from formapp.tickets.guide_pages import known_pages, page_that_led
from supportpolicy.opentime import as_utc

MOST_REASONS = 20
"""So many of a page's reasons are told at the most, the newest."""
_READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class GuideGap:
    """One page and what it didn't answer.

    ``tickets`` are those ``sent_from`` it (by its form or its link for help), those on which staff ``named`` it, or
    both, each counted once. ``file`` and ``line`` say where it is written (empty and 0: not known).
    """

    page: str
    title: str
    file: str
    line: int
    tickets: int
    sent_from: int
    named: int
    helpful: int
    not_helpful: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class _Counted:
    """What is counted of one page."""

    tickets: int = 0
    sent_from: int = 0
    named: int = 0
    helpful: int = 0
    not_helpful: int = 0
    reasons: list[str] = field(default_factory=list)


def guide_gaps(services: Services, actor: Actor, since: date) -> tuple[GuideGap, ...]:
    """The pages with tickets opened since this day, or answers given since, most tickets first; for staff.

    Tickets merged into others aren't counted: the other one is. Raises NotPermitted.
    """
    counted: dict[str, _Counted] = defaultdict(_Counted)
    start = as_utc(datetime.combine(since, time(), services.policy.calendar.zone))
    with services.read() as database:
        require_staff(database, actor)
        for sent_from, named in _tickets(database, start):
            for path in {sent_from, named} - {""}:
                counted[path].tickets += 1
            if sent_from:
                counted[sent_from].sent_from += 1
            if named:
                counted[named].named += 1
        answers = select(PageFeedback).where(PageFeedback.day >= since).order_by(PageFeedback.id.desc())
        for answer in database.scalars(answers.execution_options(yield_per=_READ_AT_ONCE)):
            _count_answer(counted[answer.page], answer)
    known = {page.path: page for page in known_pages(services)}
    found = []
    for path, count in counted.items():
        page_here = known.get(path)
        found.append(
            GuideGap(
                path,
                page_here.title if page_here else "",
                page_here.file if page_here else "",
                page_here.line if page_here else 0,
                count.tickets,
                count.sent_from,
                count.named,
                count.helpful,
                count.not_helpful,
                tuple(count.reasons),
            )
        )
    return tuple(sorted(found, key=lambda gap: (-gap.tickets, -gap.not_helpful, gap.page)))


def _tickets(database: Session, start: datetime) -> Iterator[tuple[str, str]]:
    """Of each ticket opened since an instant: the page that led to it, and the one that staff named."""
    rows = database.execute(
        select(Ticket.page, Ticket.written_from, NamedPage.page)
        .join(NamedPage, NamedPage.ticket_id == Ticket.id, isouter=True)
        .where(
            Ticket.opened_at >= start,
            Ticket.merged_into_id.is_(None),
        )
        .execution_options(yield_per=_READ_AT_ONCE)
    )
    for page, written_from, named in rows:
        yield page_that_led(page, written_from), named or ""


def _count_answer(count: _Counted, answer: PageFeedback) -> None:
    if answer.helpful:
        count.helpful += 1
        return
    count.not_helpful += 1
    if answer.because and len(count.reasons) < MOST_REASONS:
        count.reasons.append(answer.because)

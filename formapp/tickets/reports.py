"""The report of some months: reads the facts of the tickets that were opened in them, for staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from formapp.actors import require_staff
from formapp.errors import UseCaseError
from formapp.hours import closures
from formapp.models import ClockNotice, Event, Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets.guide_pages import page_that_led
from formapp.tickets.report_figures import (
    MonthRow,
    OpenHours,
    PageCounts,
    TicketFacts,
    Verdict,
    month_rows,
    page_counts,
)
from formapp.tickets.sla import closed_before_answer
from formapp.translation import gettext as _
from supportpolicy import Policy
from supportpolicy.opentime import Interval, OpenTime, as_utc, merge, subtract

MOST_MONTHS = 24
_READ_AT_ONCE = 2_000


class _TicketRow(NamedTuple):
    """What is read of a ticket."""

    id: int
    opened_at: datetime
    priority: str
    policy_version: str
    state: str
    answered_at: datetime | None
    response_due_at: datetime | None
    resolution_due_at: datetime | None
    page: str
    written_from: Mapping[str, str]


class PeriodRefused(UseCaseError):
    """The months can't be reported on."""

    field = "to"


@dataclass(frozen=True, slots=True)
class Report:
    """The figures from one month to another, both included."""

    first: date
    last: date
    rows: tuple[MonthRow, ...]
    pages: PageCounts


def report(services: Services, viewer_id: int, first: date, last: date, now: datetime) -> Report:
    """The report of the tickets opened in these months, each named by its first day, in the policy's zone.

    Tickets merged into others aren't counted: the other one is. Raises NotPermitted, PeriodRefused.
    """
    if last < first:
        raise PeriodRefused(_("Choose a last month that is not before the first"))
    if months_between(first, last) > MOST_MONTHS:
        raise PeriodRefused(_("Choose %(most)s months at most", most=MOST_MONTHS))
    with services.read() as database:
        require_staff(database, viewer_id)
        facts = list(_Reader(services, database, first, last, now).facts())
    return Report(first, last, month_rows(facts), page_counts(facts))


def month_figures(services: Services, first: date, last: date, now: datetime) -> tuple[MonthRow, ...]:
    """The figures of the tickets opened in these months, for what tells them to everybody: without small numbers."""
    with services.read() as database:
        return month_rows(_Reader(services, database, first, last, now).facts())


def months_between(first: date, last: date) -> int:
    """How many months these are, both included."""
    return (last.year - first.year) * 12 + last.month - first.month + 1


def month_after(month: date) -> date:
    """The first day of the following month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


class _Reader:
    """Reads tickets and judges them by what the clock noticed and the policy that each was promised under."""

    def __init__(self, services: Services, database: Session, first: date, last: date, now: datetime) -> None:
        self._services, self._database, self._now = services, database, now
        self._zone = services.policy.calendar.zone
        start, end = (datetime(day.year, day.month, 1, tzinfo=self._zone) for day in (first, month_after(last)))
        self._period: Sequence[ColumnElement[bool]] = (
            Ticket.opened_at >= as_utc(start),
            Ticket.opened_at < as_utc(end),
            Ticket.merged_into_id.is_(None),
        )
        self._start = as_utc(start)
        self._policies: dict[str, Policy] = {}
        self._hours: dict[str, OpenHours] = {}

    def facts(self) -> Iterator[TicketFacts]:
        missed = {(number, target) for number, target in self._missed()}
        reopened = set(self._reopened_before_answer())
        rows = self._database.execute(
            select(*(getattr(Ticket, name) for name in _TicketRow._fields))
            .where(*self._period)
            .execution_options(yield_per=_READ_AT_ONCE)
        )
        for found in rows:
            row = _TicketRow(*found)
            yield TicketFacts(
                row.opened_at.astimezone(self._zone).date().replace(day=1),
                row.priority,
                self._response(row, (row.id, "response") in missed),
                self._resolution(row, (row.id, "resolution") in missed),
                self._answer(row, paused=row.id in reopened),
                page_that_led(row.page, row.written_from),
            )

    def _missed(self) -> Iterator[tuple[int, str]]:
        """What the clock noticed: a promise that was missed stays so, whatever the priority became later."""
        noticed = select(ClockNotice.ticket_id, ClockNotice.target).where(ClockNotice.kind == "missed")
        of_period = ClockNotice.ticket_id.in_(select(Ticket.id).where(*self._period))
        for found in self._database.execute(noticed.where(of_period)):
            yield found.ticket_id, found.target

    def _reopened_before_answer(self) -> Iterator[int]:
        reopened = select(Event.ticket_id).join(Ticket, Ticket.id == Event.ticket_id)
        yield from self._database.scalars(
            reopened.where(*self._period, Event.kind == "reopened", Event.at < Ticket.answered_at)
        )

    def _response(self, row: _TicketRow, missed: bool) -> Verdict:
        if missed:
            return "missed"
        if self._policy(row).priority(row.priority).response.kind == "best effort":
            return ""
        waits = row.answered_at is None and row.state != "closed"
        if waits and row.response_due_at is not None and row.response_due_at < self._now:
            return "missed"
        return "kept" if row.answered_at is not None else ""

    def _resolution(self, row: _TicketRow, missed: bool) -> Verdict:
        if missed:
            return "missed"
        if self._policy(row).priority(row.priority).resolution.kind == "best effort":
            return ""
        if row.state == "open" and row.resolution_due_at is not None and row.resolution_due_at < self._now:
            return "missed"
        return "kept" if row.state == "closed" else ""

    def _answer(self, row: _TicketRow, *, paused: bool) -> timedelta | None:
        """How long the first answer took, by the clock that its promise runs on: open time, or all of it."""
        if row.answered_at is None:
            return None
        stretches = [(row.opened_at, row.answered_at)]
        if paused:
            events = self._database.scalars(
                select(Event).where(Event.ticket_id == row.id).order_by(Event.sequence)
            ).all()
            closed = merge((pause[0], pause[1] or self._now) for pause in closed_before_answer(events, row.answered_at))
            stretches = list(subtract(stretches[0], closed))
        if self._policy(row).priority(row.priority).response.kind == "elapsed":
            return sum((end - start for start, end in stretches), timedelta())
        hours = self._open_hours(row.policy_version)
        return sum((hours.between(start, end) for start, end in stretches), timedelta())

    def _policy(self, row: _TicketRow) -> Policy:
        version = row.policy_version
        if version not in self._policies:
            self._policies[version] = policy_of(self._services, version)
        return self._policies[version]

    def _open_hours(self, version: str) -> OpenHours:
        """The open time of a version of the policy since the period began, without the closures."""
        if version not in self._hours:
            open_time = OpenTime(self._policies[version].calendar)
            known = closures.closures_known_at(self._database.connection(), self._now, self._start)
            holes = merge((as_utc(closure.start), as_utc(closure.end)) for closure in known)
            day, last = open_time.local_day(self._start), open_time.local_day(self._now)
            stretches: list[Interval] = []
            while day <= last:
                for interval in open_time.on(day):
                    stretches.extend(subtract(interval, holes))
                day += timedelta(days=1)
            self._hours[version] = OpenHours(stretches)
        return self._hours[version]


def this_month(services: Services, now: datetime) -> date:
    """The first day of the present month, in the policy's zone."""
    return now.astimezone(services.policy.calendar.zone).date().replace(day=1)


def months_back(month: date, count: int) -> date:
    """The first day of the month so many before another."""
    place = month.year * 12 + month.month - 1 - count
    return date(place // 12, place % 12 + 1, 1)

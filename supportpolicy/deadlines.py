"""By when a promise is due, and why.

Business time runs only while support is open; elapsed time ("24/7") always. Each clock has its own pauses:
that of the resolution stands still while the customer is asked, both while the ticket is closed. A deadline that
falls exactly on closing time stays there; filed outside the hours, counting starts at the next opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from supportpolicy.model import Calendar, Priority, Promise
from supportpolicy.opentime import Closure, Interval, OpenTime, as_utc, clock_changes, merge, subtract
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

Target = Literal["response", "resolution"]
Kind = Literal["counted", "closed", "holiday", "closure", "paused", "clock change"]
Pause = tuple[datetime, datetime | None] | tuple[datetime, datetime | None, str]
"""From when to when a clock stood still (None: it still does), and why, in words."""

WARNING_SHARE = 4
WARNING_MOST = timedelta(hours=4)
_FAR = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch between filing and due.

    ``start`` and ``end`` are aware, in the policy's zone; ``counted`` is the time that it adds
    toward the promise; ``note`` says in words why it counts or doesn't.
    """

    target: Target
    kind: Kind
    start: datetime
    end: datetime
    counted: timedelta
    note: str


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Both deadlines of a ticket, aware UTC; None for best effort, or while its clock stands still.

    ``paused`` is the resolution's.
    """

    response_due: datetime | None
    resolution_due: datetime | None
    paused: bool = False
    _basis: _Basis | None = field(default=None, repr=False, compare=False)

    def explain(self) -> tuple[Segment, ...]:
        """The stretches that lead to each deadline, in order, the response's first."""
        return self._basis.explain(self) if self._basis else ()

    def promise(self, target: Target) -> Promise:
        """The promise behind a deadline. Raises LookupError where the deadlines were made without one."""
        if self._basis is None:
            raise LookupError("these deadlines name no promise")
        return self._basis.promise(target)

    def warn_at(self, target: Target) -> datetime | None:
        """When a deadline is soon: aware UTC; None where there is none.

        A quarter of the promised time is left then, at the most four hours of it, on the promise's own
        clock. A promise of open time is never warned of while support is closed.
        """
        due = self.response_due if target == "response" else self.resolution_due
        return self._basis.warn_at(target) if self._basis and due is not None else None


def needed(promise: Promise, calendar: Calendar) -> timedelta:
    """How much time a promise allows: elapsed, or of open hours."""
    if promise.kind == "business days":
        return timedelta(minutes=promise.amount * calendar.day_minutes)
    return timedelta(hours=promise.amount)


def warning_time(promise: Promise, calendar: Calendar) -> timedelta:
    """How much of a promise is left when it is due soon: a quarter, at the most four hours, on its own clock."""
    return min(needed(promise, calendar) / WARNING_SHARE, WARNING_MOST)


def deadlines(
    open_time: OpenTime,
    priority: Priority,
    opened_at: datetime,
    pauses: Sequence[Pause] = (),
    closures: Sequence[Closure] = (),
    response_pauses: Sequence[Pause] = (),
) -> Deadlines:
    """The deadlines of a ticket received at ``opened_at``; ``pauses`` are the resolution clock's.

    Raises ValueError for a time without a zone, NeverOpen for a calendar that runs out.
    """
    opened = as_utc(opened_at)
    stops = _stops(pauses)
    closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in closures) if closures else ()
    response_stops = _stops(response_pauses)
    resolution_is_paused = _is_paused(stops)
    response = (
        None if _is_paused(response_stops) else _due(open_time, priority.response, opened, response_stops, closed)
    )
    resolution = None if resolution_is_paused else _due(open_time, priority.resolution, opened, stops, closed)
    paused = resolution_is_paused and priority.resolution.kind != "best effort"
    clocks: dict[Target, _Pauses] = {
        "response": _Pauses(tuple(response_pauses), response_stops),
        "resolution": _Pauses(tuple(pauses), stops),
    }
    return Deadlines(response, resolution, paused, _Basis(open_time, priority, opened, tuple(closures), clocks))


def due_at(open_time: OpenTime, promise: Promise, start: datetime, closures: Sequence[Closure] = ()) -> datetime | None:
    """When a promise that begins at an aware instant is due, without pauses: aware UTC; None for best effort."""
    closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in closures)
    return _due(open_time, promise, as_utc(start), (), closed)


def _stops(pauses: Sequence[Pause]) -> tuple[Interval, ...]:
    if not pauses:
        return ()
    return merge((as_utc(pause[0]), _FAR if pause[1] is None else as_utc(pause[1])) for pause in pauses)


def _is_paused(stops: tuple[Interval, ...]) -> bool:
    return bool(stops) and stops[-1][1] == _FAR


def _due(
    open_time: OpenTime,
    promise: Promise,
    opened: datetime,
    stops: tuple[Interval, ...],
    closed: tuple[Interval, ...],
) -> datetime | None:
    if promise.kind == "best effort":
        return None
    left = needed(promise, open_time.calendar)
    for start, end in _running(open_time, promise, opened, stops, closed):
        length = end - start
        if length >= left:
            return start + left
        left -= length
    return None


def _running(
    open_time: OpenTime,
    promise: Promise,
    opened: datetime,
    stops: tuple[Interval, ...],
    closed: tuple[Interval, ...],
) -> Iterable[Interval]:
    """The stretches in which a promise's clock runs, from filing on."""
    if promise.kind == "elapsed":
        return subtract((opened, _FAR), stops)
    return open_time.following(opened, merge((*stops, *closed)) if stops or closed else ())


def open_between(open_time: OpenTime, start: datetime, end: datetime, closures: Sequence[Closure] = ()) -> timedelta:
    """The open time between two aware instants; negative where ``end`` is before ``start``."""
    first, last = as_utc(start), as_utc(end)
    if last < first:
        return -open_between(open_time, last, first, closures)
    closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in closures)
    total = timedelta()
    day, final = open_time.local_day(first), open_time.local_day(last)
    while day <= final:
        for opens, closes in open_time.on(day):
            clipped = (max(opens, first), min(closes, last))
            if clipped[0] < clipped[1]:
                total += sum((stop - begin for begin, stop in subtract(clipped, closed)), timedelta())
        day += timedelta(days=1)
    return total


@dataclass(frozen=True, slots=True)
class _Pauses:
    """The pauses of one clock as they were given, and as intervals apart."""

    given: tuple[Pause, ...]
    stops: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class _Basis:
    """What the deadlines were worked out from, kept to explain them."""

    open_time: OpenTime
    priority: Priority
    opened: datetime
    closures: tuple[Closure, ...]
    pauses: Mapping[Target, _Pauses]

    def explain(self, result: Deadlines) -> tuple[Segment, ...]:
        segments = list(self._stretches("response", result.response_due))
        due = self.pauses["resolution"].stops[-1][0] if result.paused else result.resolution_due
        segments += self._stretches("resolution", due)
        return tuple(segments)

    def promise(self, target: Target) -> Promise:
        return self.priority.response if target == "response" else self.priority.resolution

    def warn_at(self, target: Target) -> datetime | None:
        promise = self.promise(target)
        stops = self.pauses[target].stops
        closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in self.closures)
        calendar = self.open_time.calendar
        left = needed(promise, calendar) - warning_time(promise, calendar)
        for start, end in _running(self.open_time, promise, self.opened, stops, closed):
            # At the very end of a window the warning waits for the next one: nobody is there to read it.
            if end - start > left:
                return start + left
            left -= end - start
        return None

    def _stretches(self, target: Target, due: datetime | None) -> Iterator[Segment]:
        if due is None:
            return
        promise, stops = self.promise(target), self.pauses[target].stops
        found: list[tuple[datetime, datetime, Kind, str]] = []
        paused = [(start, end) for start, end in stops if start < due and end > self.opened]
        if paused:
            found += self._paused(target, due)
        if promise.kind == "elapsed":
            found += [(*part, "counted", _("Counted, day and night")) for part in subtract((self.opened, due), stops)]
        else:
            found += self._business(due, merge(paused))
        for change, shift in clock_changes(self.open_time.calendar.zone, self.opened, due):
            found.append((change, change, "clock change", _shift_words(shift)))
        zone = self.open_time.calendar.zone
        for start, end, kind, note in sorted(found, key=lambda stretch: stretch[:2]):
            counted = end - start if kind == "counted" else timedelta()
            yield Segment(target, kind, start.astimezone(zone), end.astimezone(zone), counted, note)

    def _paused(self, target: Target, due: datetime) -> Iterator[tuple[datetime, datetime, Kind, str]]:
        for pause in self.pauses[target].given:
            start = max(as_utc(pause[0]), self.opened)
            end = due if pause[1] is None else min(as_utc(pause[1]), due)
            if start < end:
                yield start, end, "paused", pause[2] if len(pause) == 3 else _("Waiting for your answer")

    def _business(self, due: datetime, paused: tuple[Interval, ...]) -> Iterator[tuple[datetime, datetime, Kind, str]]:
        """Open windows that count, closures and holidays that don't, and the closed rest between them."""
        at = self.opened
        closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in self.closures)
        day, final = self.open_time.local_day(self.opened), self.open_time.local_day(due)
        pending: Kind = "closed"
        while day <= final:
            if self.open_time.is_holiday(day):
                pending = "holiday"
            for start, end in self.open_time.on(day):
                opens, closes = max(start, self.opened), min(end, due)
                if opens >= closes:
                    continue
                if opens > at:
                    yield at, opens, pending, _closed_words(pending)
                    pending = "closed"
                for part in subtract((opens, closes), closed):
                    for counted in subtract(part, paused):
                        yield *counted, "counted", _("Support is open")
                yield from self._closures_in((opens, closes))
                at = closes
            day += timedelta(days=1)

    def _closures_in(self, window: Interval) -> Iterator[tuple[datetime, datetime, Kind, str]]:
        for closure in self.closures:
            start, end = max(window[0], as_utc(closure.start)), min(window[1], as_utc(closure.end))
            if start < end:
                yield start, end, "closure", closure.note or _("Support is closed")


def _closed_words(kind: Kind) -> str:
    return _("Closed, with a holiday") if kind == "holiday" else _("Support is closed")


def _shift_words(shift: timedelta) -> str:
    minutes = int(abs(shift).total_seconds() // 60)
    if minutes == 60:
        return _("Clocks go forward by 1 hour") if shift > timedelta() else _("Clocks go back by 1 hour")
    if shift > timedelta():
        return ngettext("Clocks go forward by %(count)s minute", "Clocks go forward by %(count)s minutes", minutes)
    return ngettext("Clocks go back by %(count)s minute", "Clocks go back by %(count)s minutes", minutes)

"""By when a promise is due, and why.

Business time runs only while support is open; elapsed time ("24/7") always. The response clock is
never paused. The resolution clock pauses while the customer is asked. A deadline that falls exactly
on closing time stays there; filed outside the hours, counting starts at the next opening.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from supportpolicy.model import Calendar, Priority, Promise
from supportpolicy.opentime import Closure, Interval, OpenTime, as_utc, clock_changes, merge, subtract

Target = Literal["response", "resolution"]
Kind = Literal["counted", "closed", "holiday", "closure", "paused", "clock change"]
Pause = tuple[datetime, datetime | None]
"""From when to when the resolution clock stood still; None while it still does."""

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
    """Both deadlines of a ticket, aware UTC; None for best effort, or while ``paused``."""

    response_due: datetime | None
    resolution_due: datetime | None
    paused: bool = False
    _basis: _Basis | None = field(default=None, repr=False, compare=False)

    def explain(self) -> tuple[Segment, ...]:
        """The stretches that lead to each deadline, in order, the response's first."""
        return self._basis.explain(self) if self._basis else ()


def needed(promise: Promise, calendar: Calendar) -> timedelta:
    """How much time a promise allows: elapsed, or of open hours."""
    if promise.kind == "business days":
        return timedelta(minutes=promise.amount * calendar.day_minutes)
    return timedelta(hours=promise.amount)


def deadlines(
    open_time: OpenTime,
    priority: Priority,
    opened_at: datetime,
    pauses: Sequence[Pause] = (),
    closures: Sequence[Closure] = (),
) -> Deadlines:
    """The deadlines of a ticket received at ``opened_at``.

    Raises ValueError for a time without a zone, NeverOpen for a calendar that runs out.
    """
    opened = as_utc(opened_at)
    stops = _stops(pauses)
    closed = merge((as_utc(closure.start), as_utc(closure.end)) for closure in closures) if closures else ()
    response = _due(open_time, priority.response, opened, (), closed)
    standing = bool(stops) and stops[-1][1] == _FAR
    resolution = None if standing else _due(open_time, priority.resolution, opened, stops, closed)
    paused = standing and priority.resolution.kind != "best effort"
    return Deadlines(response, resolution, paused, _Basis(open_time, priority, opened, stops, tuple(closures)))


def _stops(pauses: Sequence[Pause]) -> tuple[Interval, ...]:
    if not pauses:
        return ()
    return merge((as_utc(start), _FAR if end is None else as_utc(end)) for start, end in pauses)


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
    if promise.kind == "elapsed":
        running: Iterable[Interval] = subtract((opened, _FAR), stops)
    else:
        running = open_time.following(opened, merge((*stops, *closed)) if stops or closed else ())
    for start, end in running:
        length = end - start
        if length >= left:
            return start + left
        left -= length
    return None


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
class _Basis:
    """What the deadlines were worked out from, kept to explain them."""

    open_time: OpenTime
    priority: Priority
    opened: datetime
    stops: tuple[Interval, ...]
    closures: tuple[Closure, ...]

    def explain(self, result: Deadlines) -> tuple[Segment, ...]:
        segments = list(self._stretches("response", self.priority.response, result.response_due, ()))
        due = self.stops[-1][0] if result.paused else result.resolution_due
        segments += self._stretches("resolution", self.priority.resolution, due, self.stops)
        return tuple(segments)

    def _stretches(
        self, target: Target, promise: Promise, due: datetime | None, stops: tuple[Interval, ...]
    ) -> Iterator[Segment]:
        if due is None:
            return
        found: list[tuple[datetime, datetime, Kind, str]] = []
        paused = [(start, end) for start, end in stops if start < due and end > self.opened]
        found += [(max(a, self.opened), min(b, due), "paused", "Waiting for your answer") for a, b in paused]
        if promise.kind == "elapsed":
            found += [(*part, "counted", "Counted, day and night") for part in subtract((self.opened, due), stops)]
        else:
            found += self._business(due, merge(paused))
        for change, shift in clock_changes(self.open_time.calendar.zone, self.opened, due):
            found.append((change, change, "clock change", _shift_words(shift)))
        zone = self.open_time.calendar.zone
        for start, end, kind, note in sorted(found, key=lambda stretch: stretch[:2]):
            counted = end - start if kind == "counted" else timedelta()
            yield Segment(target, kind, start.astimezone(zone), end.astimezone(zone), counted, note)

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
                        yield *counted, "counted", "Support is open"
                yield from self._closures_in((opens, closes))
                at = closes
            day += timedelta(days=1)

    def _closures_in(self, window: Interval) -> Iterator[tuple[datetime, datetime, Kind, str]]:
        for closure in self.closures:
            start, end = max(window[0], as_utc(closure.start)), min(window[1], as_utc(closure.end))
            if start < end:
                yield start, end, "closure", closure.note or "Support is closed"


def _closed_words(kind: Kind) -> str:
    return "Closed, with a holiday" if kind == "holiday" else "Support is closed"


def _shift_words(shift: timedelta) -> str:
    minutes = int(abs(shift).total_seconds() // 60)
    length = "1 hour" if minutes == 60 else f"{minutes} minutes"
    return f"Clocks go {'forward' if shift > timedelta() else 'back'} by {length}"

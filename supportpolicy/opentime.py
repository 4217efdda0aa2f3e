"""When support is open, as instants.

Support is open at every instant at which a clock on the wall of the calendar's zone shows a time
inside one of the day's windows, on a day that is no holiday. Windows are made in local time and
turned into UTC before anything is subtracted, so a day on which clocks change is as long as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from supportpolicy.model import Calendar
from supportpolicy.translation import gettext as _

Interval = tuple[datetime, datetime]
"""A half-open stretch of time: aware UTC start, aware UTC end."""

DAY = timedelta(days=1)
HORIZON_DAYS = 3660
# No zone is further from UTC than 14 hours; a local day lies inside its UTC day widened by this.
_WIDEST_OFFSET = timedelta(hours=15)


@dataclass(frozen=True, slots=True)
class Closure:
    """Support is closed from ``start`` to ``end`` (aware) beyond its usual hours, for the reason in ``note``."""

    start: datetime
    end: datetime
    note: str = ""


class NeverOpen(ValueError):
    """The calendar has no opening left within ten years, so no business time passes."""


def as_utc(instant: datetime) -> datetime:
    """The same instant in UTC. Raises ValueError for a time without a zone."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError(f"{instant.isoformat()} has no time zone; a promise needs an instant.")
    return instant.astimezone(UTC)


def subtract(interval: Interval, holes: Iterable[Interval]) -> Iterator[Interval]:
    """What is left of an interval outside the holes, in order; ``holes`` are sorted and don't overlap."""
    start, end = interval
    for hole_start, hole_end in holes:
        if hole_end <= start:
            continue
        if hole_start >= end:
            break
        if hole_start > start:
            yield start, hole_start
        start = hole_end
        if start >= end:
            return
    if start < end:
        yield start, end


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same time as sorted intervals that neither overlap nor touch; empty ones are dropped."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, timedelta]]:
    """Each change of the zone's offset in [start, end): its instant (UTC) and how far clocks move."""
    step = start
    while step < end:
        following = min(step + DAY, end)
        before, after = _offset(zone, step), _offset(zone, following)
        if before != after:
            yield _change_between(zone, step, following), after - before
        step = following


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _change_between(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first instant of the later offset, found by halving; offsets change on whole seconds."""
    before = _offset(zone, low)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(zone, middle) == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class OpenTime:
    """A calendar's open windows as UTC intervals; each day is worked out once and remembered."""

    calendar: Calendar
    _days: dict[date, tuple[Interval, ...]] = field(default_factory=dict, repr=False, compare=False)

    def on(self, day: date) -> tuple[Interval, ...]:
        """The day's open intervals, in order; none on a holiday."""
        known = self._days.get(day)
        if known is None:
            known = self._days[day] = self._work_out(day)
        return known

    def is_holiday(self, day: date) -> bool:
        """Whether a holiday closes a day that would otherwise be open."""
        return day in self.calendar.holidays and bool(self.calendar.hours[day.weekday()])

    def local_day(self, instant: datetime) -> date:
        """The date on the wall of the calendar's zone."""
        return instant.astimezone(self.calendar.zone).date()

    def following(self, instant: datetime, holes: tuple[Interval, ...] = ()) -> Iterator[Interval]:
        """Open intervals from an aware UTC instant on, without the holes (sorted, apart).

        Raises NeverOpen once ten years have passed without end.
        """
        day = self.local_day(instant)
        for _day in range(HORIZON_DAYS):
            for start, end in self.on(day):
                if end <= instant:
                    continue
                clipped = (max(start, instant), end)
                if holes:
                    yield from subtract(clipped, holes)
                else:
                    yield clipped
            day += timedelta(days=1)
        raise NeverOpen(_("Support isn't open long enough within ten years to keep this promise."))

    def _work_out(self, day: date) -> tuple[Interval, ...]:
        windows = self.calendar.hours[day.weekday()]
        if not windows or day in self.calendar.holidays:
            return ()
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        found: list[Interval] = []
        for start, end, offset in self._same_offset(midnight - _WIDEST_OFFSET, midnight + DAY + _WIDEST_OFFSET):
            for opens, closes in windows:
                begin = max(start, midnight + timedelta(minutes=opens) - offset)
                finish = min(end, midnight + timedelta(minutes=closes) - offset)
                if begin < finish:
                    found.append((begin, finish))
        return merge(found)

    def _same_offset(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """The stretches of [start, end) in which the zone keeps one offset, each with that offset."""
        zone = self.calendar.zone
        for change, _shift in clock_changes(zone, start, end):
            yield start, change, _offset(zone, start)
            start = change
        yield start, end, _offset(zone, start)

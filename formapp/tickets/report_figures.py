"""The figures of a report, from plain facts of tickets: promises kept and missed, how long first answers took, pages.

A figure that rests on fewer than five tickets is not told: it would say how a single person's ticket went, or how a
single person worked. As no sum over such figures is told either, none can be worked out from the others.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Final, Literal

FEWEST = 5
"""So many tickets a figure rests on at the least."""
FEW: Final = "few"
Few = Literal["few"]
Verdict = Literal["kept", "missed", ""]
"""What became of a promise; empty where none was given, or it is not decided."""


@dataclass(frozen=True, slots=True)
class TicketFacts:
    """What the figures need of one ticket. ``answer`` is how long its first answer took; ``page`` may be empty."""

    month: date
    priority: str
    response: Verdict
    resolution: Verdict
    answer: timedelta | None
    page: str


@dataclass(frozen=True, slots=True)
class Promises:
    """How many promises were kept and missed."""

    kept: int
    missed: int

    @property
    def share(self) -> int:
        """How many in a hundred were kept, never rounded up to all of them."""
        return self.kept * 100 // (self.kept + self.missed)


@dataclass(frozen=True, slots=True)
class AnswerTimes:
    """The times within which half and nine tenths of the first answers came."""

    median: timedelta
    ninetieth: timedelta


@dataclass(frozen=True, slots=True)
class MonthRow:
    """The tickets of one month and priority. None: there is nothing to tell of; ``few``: of too few."""

    month: date
    priority: str
    tickets: int | Few
    response: Promises | Few | None
    resolution: Promises | Few | None
    answers: AnswerTimes | Few | None


@dataclass(frozen=True, slots=True)
class PageRow:
    """How many tickets came from one page of the guide."""

    page: str
    tickets: int


@dataclass(frozen=True, slots=True)
class PageCounts:
    """The pages with enough tickets, most tickets first; how many the ``others`` sent together, ``pages`` of them."""

    rows: tuple[PageRow, ...]
    pages: int
    others: int | Few | None


class OpenHours:
    """How much open time lies between two instants; the stretches are sorted and don't overlap."""

    def __init__(self, stretches: Sequence[tuple[datetime, datetime]]) -> None:
        self._starts = [start for start, _end in stretches]
        self._ends = [end for _start, end in stretches]
        lengths = (end - start for start, end in stretches)
        self._before = list(accumulate(lengths, initial=timedelta()))

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The open time from one instant to a later one."""
        return max(self._until(end) - self._until(start), timedelta())

    def _until(self, instant: datetime) -> timedelta:
        place = bisect_right(self._starts, instant)
        if place == 0:
            return timedelta()
        return self._before[place - 1] + min(instant, self._ends[place - 1]) - self._starts[place - 1]


def month_rows(facts: Iterable[TicketFacts]) -> tuple[MonthRow, ...]:
    """A row for each month and priority with tickets, in the order of the months."""
    groups: dict[tuple[date, str], list[TicketFacts]] = defaultdict(list)
    for one in facts:
        groups[one.month, one.priority].append(one)
    return tuple(_row(month, priority, groups[month, priority]) for month, priority in sorted(groups))


def _row(month: date, priority: str, group: Sequence[TicketFacts]) -> MonthRow:
    return MonthRow(
        month,
        priority,
        len(group) if len(group) >= FEWEST else FEW,
        _promises([one.response for one in group]),
        _promises([one.resolution for one in group]),
        _answers([one.answer for one in group if one.answer is not None]),
    )


def _promises(verdicts: Sequence[Verdict]) -> Promises | Few | None:
    found = Promises(verdicts.count("kept"), verdicts.count("missed"))
    decided = found.kept + found.missed
    if decided == 0:
        return None
    return found if decided >= FEWEST else FEW


def _answers(times: Sequence[timedelta]) -> AnswerTimes | Few | None:
    if not times:
        return None
    return AnswerTimes(percentile(times, 50), percentile(times, 90)) if len(times) >= FEWEST else FEW


def percentile(times: Sequence[timedelta], percent: int) -> timedelta:
    """The time within which so many in a hundred of these lie (nearest rank): always one of them."""
    return sorted(times)[max(math.ceil(len(times) * percent / 100), 1) - 1]


def page_counts(facts: Iterable[TicketFacts]) -> PageCounts:
    """The tickets by page; pages with too few of them are counted together, if that is enough."""
    counts = Counter(one.page for one in facts)
    rows = sorted((PageRow(page, count) for page, count in counts.items() if count >= FEWEST), key=_most_first)
    small = [count for count in counts.values() if count < FEWEST]
    others: int | Few | None = None
    if small:
        # Of one page alone the sum would be its own count.
        others = sum(small) if len(small) > 1 and sum(small) >= FEWEST else FEW
    return PageCounts(tuple(rows), len(small), others)


def _most_first(row: PageRow) -> tuple[int, str]:
    return -row.tickets, row.page


def sums_by_month(rows: Iterable[MonthRow], target: Literal["response", "resolution"]) -> dict[date, Promises]:
    """The promises of each month over the priorities whose figures are told; what isn't told isn't in them."""
    sums: dict[date, Promises] = {}
    for row in rows:
        found = row.response if target == "response" else row.resolution
        before = sums.setdefault(row.month, Promises(0, 0))
        if isinstance(found, Promises):
            sums[row.month] = Promises(before.kept + found.kept, before.missed + found.missed)
    return sums

"""Plain values for the reports: their table by month, their plots, their pages of the guide."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from babel.dates import format_skeleton

from formapp.policies import in_words
from formapp.services import Services
from formapp.tickets import reports
from formapp.tickets.report_figures import (
    FEW,
    FEWEST,
    AnswerTimes,
    Few,
    MonthRow,
    Promises,
    sums_by_month,
)
from formapp.tickets.reports import Report
from formapp.translation import gettext as _
from formapp.translation import number_words, spoken_locale
from formapp.when import duration_words

# A form may say whatever it likes of where it stands: only a path of our own becomes a link.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%-]*")
MONTHS_OFFERED = 36
# The plot's measures, in pixels of a page that isn't enlarged.
_LEFT, _TOP, _HEIGHT, _STEP, _BAR, _BELOW = 40, 24, 140, 52, 32, 40
_ENOUGH_LINES = 4


@dataclass(frozen=True, slots=True)
class ReportLine:
    """The figures of one priority in one month, in words; of ``few`` tickets there are none."""

    priority: str
    rank: int
    few: bool
    tickets: str
    response: str
    resolution: str
    median: str
    ninetieth: str


@dataclass(frozen=True, slots=True)
class ReportMonth:
    """The lines of one month, the most urgent priority first."""

    name: str
    lines: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """The promises of one month: two stretches of a bar, from below kept and missed, and words."""

    x: int
    middle: int
    kept_y: float
    kept_height: float
    missed_y: float
    missed_height: float
    share: str
    month: str
    year: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line across the plot and the number of promises that it stands for."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Plot:
    """The promises of each month as bars. ``summary`` says in words what the picture shows.

    It ``is_empty`` where no month has enough of them to be told.
    """

    name: str
    title: str
    summary: str
    width: int
    height: int
    left: int
    floor: int
    label_y: int
    bar: int
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    is_empty: bool


@dataclass(frozen=True, slots=True)
class PageLine:
    """A page of the guide with its tickets, in words; ``link`` where it can be opened."""

    page: str
    link: str
    tickets: str


def month_words(month: date) -> str:
    """ "November 2026"."""
    return str(format_skeleton("yMMMM", month, locale=spoken_locale()))


def offered_months(now_month: date, chosen: Iterable[date]) -> list[tuple[str, str]]:
    """The months that can be chosen, the newest first, with those that are: (value, words)."""
    months = {reports.months_back(now_month, count) for count in range(MONTHS_OFFERED)} | set(chosen)
    return [(f"{month:%Y-%m}", month_words(month)) for month in sorted(months, reverse=True)]


def present_months(services: Services, report: Report) -> list[ReportMonth]:
    """The table, the newest month first."""
    policy = in_words(services.policy)
    known = {priority.id: priority for priority in policy.priorities}
    last = len(known) + 1
    found: dict[date, list[ReportLine]] = {}
    for row in report.rows:
        priority = known.get(row.priority)
        line = _line(row, priority.label if priority else row.priority, priority.rank if priority else last)
        found.setdefault(row.month, []).append(line)
    return [
        ReportMonth(month_words(month), tuple(sorted(lines, key=lambda line: (line.rank, line.priority))))
        for month, lines in sorted(found.items(), reverse=True)
    ]


def _line(row: MonthRow, label: str, rank: int) -> ReportLine:
    return ReportLine(
        label,
        rank,
        row.tickets == FEW,
        few_words() if row.tickets == FEW else number_words(row.tickets),
        _promise_words(row.response),
        _promise_words(row.resolution),
        _time_words(row.answers, "median"),
        _time_words(row.answers, "ninetieth"),
    )


def few_words() -> str:
    """What stands for a figure of too few tickets."""
    return _("fewer than %(count)s", count=FEWEST)


def _promise_words(found: Promises | Few | None) -> str:
    if found is None:
        return _("none")
    if found == FEW:
        return few_words()
    return _(
        "%(kept)s of %(all)s (%(share)s %%)",
        kept=number_words(found.kept),
        all=number_words(found.kept + found.missed),
        share=number_words(found.share),
    )


def _time_words(found: AnswerTimes | Few | None, which: Literal["median", "ninetieth"]) -> str:
    if found is None:
        return _("none")
    return few_words() if found == FEW else duration_words(getattr(found, which))


def present_plots(report: Report) -> list[Plot]:
    """The promises of first answers and of solutions, month by month."""
    return [
        _plot("response", _("First answers"), report),
        _plot("resolution", _("Solutions"), report),
    ]


def _plot(target: Literal["response", "resolution"], title: str, report: Report) -> Plot:
    sums = sums_by_month(report.rows, target)
    months = list(_months(report.first, report.last))
    counted = [sums.get(month, Promises(0, 0)) for month in months]
    step, top = _scale(max((one.kept + one.missed for one in counted), default=0))
    floor = _TOP + _HEIGHT
    unit = _HEIGHT / top
    kept, missed = sum(one.kept for one in counted), sum(one.missed for one in counted)
    summary = _(
        "%(kept)s promises were kept and %(missed)s missed. The table below has the figures of each month.",
        kept=number_words(kept),
        missed=number_words(missed),
    )
    return Plot(
        target,
        title,
        summary,
        _LEFT + len(months) * _STEP + 8,
        floor + _BELOW,
        _LEFT,
        floor,
        floor + 16,
        _BAR,
        tuple(_bar(place, month, counted[place], unit, floor) for place, month in enumerate(months)),
        tuple(Line(floor - value * unit, number_words(value)) for value in range(0, top + 1, step)),
        kept + missed == 0,
    )


def _bar(place: int, month: date, found: Promises, unit: float, floor: int) -> Bar:
    x = _LEFT + place * _STEP + (_STEP - _BAR) // 2
    kept, missed = found.kept * unit, found.missed * unit
    locale = spoken_locale()
    return Bar(
        x,
        x + _BAR // 2,
        round(floor - kept, 1),
        round(kept, 1),
        round(floor - kept - missed, 1),
        round(missed, 1),
        _("%(share)s %%", share=number_words(found.share)) if found.kept + found.missed else "",
        str(format_skeleton("MMM", month, locale=locale)),
        str(format_skeleton("y", month, locale=locale)) if place == 0 or month.month == 1 else "",
    )


def _scale(most: int) -> tuple[int, int]:
    """The distance of the plot's lines and where the last of them lies: whole, round numbers."""
    step = 1
    while step * _ENOUGH_LINES < most:
        for factor in (2, 5, 10):
            if step * factor * _ENOUGH_LINES >= most or factor == 10:
                step *= factor
                break
    return step, max(-(-most // step), 1) * step


def _months(first: date, last: date) -> Iterable[date]:
    month = first
    while month <= last:
        yield month
        month = reports.month_after(month)


def present_pages(services: Services, report: Report) -> list[PageLine]:
    """The pages of the guide with their tickets, the others together at the end."""
    pages = report.pages
    lines = [
        PageLine(row.page or no_page(), _link(services, row.page), number_words(row.tickets)) for row in pages.rows
    ]
    if pages.others is not None:
        words = few_words() if pages.others == FEW else number_words(pages.others)
        lines.append(PageLine(_("Pages with fewer than %(count)s tickets, together", count=FEWEST), "", words))
    return lines


def no_page() -> str:
    """What a ticket that came from no page of the guide came from."""
    return _("No page: the help desk’s own form, or mail")


def _link(services: Services, page: str) -> str:
    return page if services.settings.site_dir and _PATH.fullmatch(page) else ""


def csv_rows(report: Report) -> Iterable[Sequence[str]]:
    """The table by month for spreadsheets, in plain numbers; times in hours."""
    yield (
        *("Month", "Priority", "Tickets", "Answers kept", "Answers missed", "Solutions kept", "Solutions missed"),
        *("Half answered within (hours)", "Nine of ten answered within (hours)"),
    )
    for row in report.rows:
        tickets = _FEW_IN_CSV if row.tickets == FEW else str(row.tickets)
        yield (
            *(f"{row.month:%Y-%m}", row.priority, tickets),
            *(*_promise_cells(row.response), *_promise_cells(row.resolution), *_time_cells(row.answers)),
        )


def pages_csv_rows(report: Report) -> Iterable[Sequence[str]]:
    """The pages of the guide for spreadsheets; what came from none has an empty page."""
    yield "Page", "Tickets"
    for row in report.pages.rows:
        yield row.page, str(row.tickets)
    if report.pages.others is not None:
        others = _FEW_IN_CSV if report.pages.others == FEW else str(report.pages.others)
        yield f"(pages with fewer than {FEWEST} tickets)", others


_FEW_IN_CSV = f"<{FEWEST}"


def _promise_cells(found: Promises | Few | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    return (_FEW_IN_CSV, _FEW_IN_CSV) if found == FEW else (str(found.kept), str(found.missed))


def _time_cells(found: AnswerTimes | Few | None) -> tuple[str, str]:
    if found is None:
        return "", ""
    if found == FEW:
        return _FEW_IN_CSV, _FEW_IN_CSV
    return f"{found.median.total_seconds() / 3600:.2f}", f"{found.ninetieth.total_seconds() / 3600:.2f}"

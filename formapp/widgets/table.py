"""The promise table and what belongs to it: criteria, how close cases are decided, worked examples, the hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from markupsafe import Markup

from formapp.when import DAYS, MONTHS, zone_words
from formapp.widgets.rendering import in_list, render
from supportpolicy import Calendar, Policy, Priority

WEEKEND = {5, 6}
Show = Literal["promises", "criteria", "house-rules", "examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example: filed then, so due then, in the policy's local time."""

    priority: Priority
    filed: str
    due: str
    why: str


def render_table(
    policy: Policy,
    *,
    show: Show = "promises",
    criteria_url: str | None = "",
    heading_level: int = 3,
    on: date | None = None,
    dates_url: str = "",
) -> Markup:
    """One part of the promise as HTML.

    ``criteria_url`` is the page whose ``#priority-...`` ids a priority's name links to (empty: this
    page; None: there is none, so the names are no links); ``heading_level`` is that of the criteria's
    headings; examples are worked for the week of ``on``; ``dates_url`` is where the desk tells the dates
    if one files now (empty: nowhere).
    """
    words = {"hours": hours_in_words(policy.calendar)}
    if show == "examples":
        found = examples(policy, on or date.today())  # noqa: DTZ011 - any week serves
        return render("examples.html", policy, examples=found, zone=zone_words(policy.calendar.zone), **words)
    names = {"promises": "promises.html", "criteria": "criteria.html", "house-rules": "house-rules.html"}
    return render(names[show], policy, criteria_url=criteria_url, level=heading_level, dates_url=dates_url, **words)


def hours_in_words(calendar: Calendar) -> str:
    """ "Monday to Friday, 09:00 to 17:00 Paris time, closed on public holidays"."""
    parts: list[str] = []
    runs: list[tuple[int, int]] = []
    for day in range(7):
        if runs and runs[-1][1] == day - 1 and calendar.hours[day] == calendar.hours[runs[-1][0]]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    for first, last in runs:
        windows = calendar.hours[first]
        if windows:
            joint = " and " if last == first + 1 else " to "
            days = DAYS[first] if first == last else f"{DAYS[first]}{joint}{DAYS[last]}"
            times = in_list(tuple(f"{_clock(start)} to {_clock(end)}" for start, end in windows), "and")
            parts.append(f"{days}, {times}")
    closed = ", closed on public holidays" if calendar.holidays else ""
    return f"{'; '.join(parts)} {zone_words(calendar.zone)}{closed}"


def examples(policy: Policy, on: date) -> tuple[Example, ...]:
    """Worked examples around the week of ``on``: an ordinary day, an evening, a weekend, the eve of a holiday."""
    monday = on - timedelta(days=on.weekday())
    cases = [
        (monday + timedelta(days=1), "15:00"),
        (monday + timedelta(days=4), "16:30"),
        (monday + timedelta(days=5), "11:00"),
    ]
    eve = next(
        (
            day - timedelta(days=1)
            for day in sorted(policy.calendar.holidays)
            if day > on and _open(policy, day - timedelta(days=1))
        ),
        None,
    )
    if eve is not None:
        cases.append((eve, "15:00"))
    found = []
    for priority in policy.priorities:
        if priority.response.kind == "best effort":
            continue
        for day, clock in cases if priority.response.kind != "elapsed" else cases[2:3]:
            filed = datetime.combine(day, datetime.strptime(clock, "%H:%M").time(), policy.calendar.zone)  # noqa: DTZ007 - a clock only
            due = policy.deadlines(priority.id, filed)
            if due.response_due is not None:
                found.append(_example(policy, priority, filed, due.response_due))
    return tuple(found)


def _example(policy: Policy, priority: Priority, filed: datetime, due: datetime) -> Example:
    calendar = policy.calendar
    local = due.astimezone(calendar.zone)
    if priority.response.kind == "elapsed":
        why = "counted day and night"
    else:
        skipped = [filed.date() + timedelta(days=step) for step in range(1, (local.date() - filed.date()).days)]
        reasons = []
        if not _open_at(policy, filed):
            reasons.append("counting starts at the next opening")
        reasons += _not_counted(calendar, skipped)
        why = ", and ".join(reasons) or "counted while support is open"
    return Example(priority, _words(filed), _words(local), why)


def _not_counted(calendar: Calendar, days: list[date]) -> list[str]:
    holidays = sum(day in calendar.holidays for day in days)
    closed = {day.weekday() for day in days if not calendar.hours[day.weekday()]}
    names = [f"the holiday{'s' if holidays > 1 else ''}"] if holidays else []
    if closed:
        names.append("the weekend" if closed <= WEEKEND else "days without opening hours")
    if not names:
        return []
    several = len(names) > 1 or names[0].endswith("s")
    verb = "don't" if several else "doesn't"
    return [f"{in_list(tuple(names), 'and')} {verb} count"]


def _open(policy: Policy, day: date) -> bool:
    return bool(policy.open_time.on(day))


def _open_at(policy: Policy, instant: datetime) -> bool:
    return policy.opening(instant).open


def _words(local: datetime) -> str:
    return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}, {local:%H:%M}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"

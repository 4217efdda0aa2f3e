"""The promise table and what belongs to it: criteria, how close cases are decided, worked examples, the hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import format_datetime
from markupsafe import Markup

from formapp.translation import gettext as _
from formapp.translation import ngettext, pgettext
from formapp.when import zone_words
from formapp.widgets.rendering import in_this_language, render
from supportpolicy import Calendar, Policy, Priority
from supportpolicy.hours_words import hours_words
from supportpolicy.languages import current_language, locale

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
    policy = policy.translated(current_language())
    words = {"hours": hours_sentence(policy.calendar)}
    if show == "examples":
        found = examples(policy, on or date.today())  # noqa: DTZ011 - any week serves
        return render("examples.html", policy, examples=found, zone=zone_words(policy.calendar.zone), **words)
    names = {"promises": "promises.html", "criteria": "criteria.html", "house-rules": "house-rules.html"}
    return render(
        names[show],
        policy,
        criteria_url=criteria_url,
        level=heading_level,
        dates_url=in_this_language(dates_url),
        **words,
    )


def hours_sentence(calendar: Calendar) -> str:
    """ "Support is open Monday to Friday, 09:00 to 17:00 Paris time, closed on public holidays."."""
    hours = hours_words(calendar)
    zone = zone_words(calendar.zone)
    if calendar.holidays:
        return _("Support is open %(hours)s %(zone)s, closed on public holidays.", hours=hours, zone=zone)
    return _("Support is open %(hours)s %(zone)s.", hours=hours, zone=zone)


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
        why = _("counted day and night")
    else:
        skipped = [filed.date() + timedelta(days=step) for step in range(1, (local.date() - filed.date()).days)]
        why = _not_counted(calendar, skipped)
        if not _open_at(policy, filed):
            start = _("counting starts at the next opening")
            why = _("%(one)s, and %(other)s", one=start, other=why) if why else start
        why = why or _("counted while support is open")
    return Example(priority, _words(filed), _words(local), why)


def _not_counted(calendar: Calendar, days: list[date]) -> str:
    """Which days between filing and due don't count; empty where all do."""
    holidays = sum(day in calendar.holidays for day in days)
    closed = {day.weekday() for day in days if not calendar.hours[day.weekday()]}
    if not holidays:
        if not closed:
            return ""
        return _("the weekend doesn't count") if closed <= WEEKEND else _("days without opening hours don't count")
    if not closed:
        return ngettext("the holiday doesn't count", "the holidays don't count", holidays)
    if closed <= WEEKEND:
        return ngettext("the holiday and the weekend don't count", "the holidays and the weekend don't count", holidays)
    return ngettext(
        "the holiday and days without opening hours don't count",
        "the holidays and days without opening hours don't count",
        holidays,
    )


def _open(policy: Policy, day: date) -> bool:
    return bool(policy.open_time.on(day))


def _open_at(policy: Policy, instant: datetime) -> bool:
    return policy.opening(instant).open


def _words(local: datetime) -> str:
    return format_datetime(local, pgettext("date pattern", "EEEE d MMMM, HH:mm"), locale=locale())

"""The calendar of the policy file: zone, windows per weekday, holidays."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from supportpolicy.model import Calendar
from supportpolicy.reading import Node, did_you_mean
from supportpolicy.translation import gettext as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(\d{2}):(\d{2})\s?[-–]\s?(\d{2}):(\d{2})")


def read_calendar(node: Node) -> Calendar | None:
    """The calendar, or None where it has a problem."""
    before = len(node.reader.problems)
    fields = node.fields(("timezone", "hours"), ("holidays",))
    zone = _zone(fields["timezone"]) if "timezone" in fields else None
    hours = _hours(fields["hours"]) if "hours" in fields else None
    holidays = _holidays(fields["holidays"]) if "holidays" in fields else frozenset()
    if zone is None or hours is None or len(node.reader.problems) > before:
        return None
    return Calendar(zone, hours, holidays, ordinary_day(hours))


def ordinary_day(hours: tuple[tuple[tuple[int, int], ...], ...]) -> int:
    """The open minutes of an ordinary working day: the commonest of the week; of several, the longest."""
    lengths = Counter(sum(end - start for start, end in day) for day in hours if day)
    return max(lengths, key=lambda length: (lengths[length], length))


def _zone(node: Node) -> ZoneInfo | None:
    name = node.text()
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        node.problem(_('There is no time zone "%(name)s"; write a name such as "Europe/Paris".', name=name))
        return None


def _hours(node: Node) -> tuple[tuple[tuple[int, int], ...], ...] | None:
    days: list[tuple[tuple[int, int], ...]] = [()] * 7
    for name, value in node.entries().items():
        if name not in WEEKDAYS:
            value.problem(did_you_mean(_('Unknown weekday "%(name)s"', name=name), name, WEEKDAYS))
            continue
        days[WEEKDAYS.index(name)] = _windows(value)
    if not any(days):
        node.problem(_("The calendar has no opening time; give at least one weekday a window."))
        return None
    return tuple(days)


def _windows(node: Node) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for item in node.items():
        text = item.text() or ""
        match = _WINDOW.fullmatch(text)
        start, end = (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])) if match else (0, 0)
        if not match or int(match[2]) > 59 or int(match[4]) > 59 or end > 1440:
            item.problem(_('"%(text)s" is not a window; write it as "09:00-17:00", at most until "24:00".', text=text))
        elif start >= end:
            item.problem(
                _(
                    'The window "%(text)s" ends before it starts; split one that passes midnight between two days.',
                    text=text,
                )
            )
        elif found and start < found[-1][1]:
            item.problem(_('The window "%(text)s" overlaps the one before it, or stands out of order.', text=text))
        else:
            found.append((start, end))
    return tuple(found)


def _holidays(node: Node) -> frozenset[date]:
    found: dict[date, Node] = {}
    for item in node.items():
        text = item.text()
        if text is None:
            continue
        try:
            day = date.fromisoformat(text) if len(text) == 10 else None
        except ValueError:
            day = None
        if day is None:
            item.problem(_('"%(text)s" is not a date; write it as "2026-12-25".', text=text))
        elif day in found:
            item.problem(
                _("The holiday %(text)s stands twice; first in line %(line)s.", text=text, line=found[day].line)
            )
        else:
            found[day] = item
    return frozenset(found)

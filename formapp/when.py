"""Instants and lengths of time in words; an instant always with the place whose clock is meant."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

# Not strftime's: its words change with the machine's locale.
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = tuple("January February March April May June July August September October November December".split())  # noqa: SIM905


def place(zone: ZoneInfo) -> str:
    """The city of a zone: "Paris" of Europe/Paris, "UTC" of UTC."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def zone_words(zone: ZoneInfo) -> str:
    """What people call a zone: "Paris time" for Europe/Paris, "UTC" for UTC."""
    return place(zone) if place(zone) in {"UTC", "GMT"} else f"{place(zone)} time"


def long_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "Tuesday 24 November, 15:00 Paris time"; with the year when it isn't the present one."""
    return f"{_day_and_clock(instant, zone, now, short=False)} {zone_words(zone)}"


def short_words(instant: datetime, zone: ZoneInfo, now: datetime, *, with_zone: bool = True) -> str:
    """ "Tue 24 Nov, 15:00 Paris time"; with the year when it isn't the present one."""
    words = _day_and_clock(instant, zone, now, short=True)
    return f"{words} {zone_words(zone)}" if with_zone else words


def period_words(start: datetime, end: datetime, zone: ZoneInfo, now: datetime, joint: str, *, short: bool) -> str:
    """ "Tue 24 Nov, 15:00 to 17:00", with " to " as the joint; the end names its day only where it is another one."""
    begins, ends = (_day_and_clock(instant, zone, now, short=short) for instant in (start, end))
    day, _, clock = ends.rpartition(", ")
    return f"{begins}{joint}{clock if begins.startswith(f'{day}, ') else ends}"


def duration_words(time: timedelta, *, with_days: bool = False) -> str:
    """A length of time, to the minute: "26 h 20 min"; ``with_days`` to the hour from a day on: "1 day 2 h"."""
    minutes = int(time.total_seconds() // 60)
    days = minutes // 1440 if with_days else 0
    hours, minutes = divmod(minutes - days * 1440, 60)
    words = [f"{days} day{'s' if days > 1 else ''}"] if days else []
    words += [f"{hours} h"] if hours else []
    words += [f"{minutes} min"] if minutes and not days else []
    return " ".join(words) or "less than a minute"


def _day_and_clock(instant: datetime, zone: ZoneInfo, now: datetime, *, short: bool) -> str:
    local = instant.astimezone(zone)
    day, month = DAYS[local.weekday()], MONTHS[local.month - 1]
    if short:
        day, month = day[:3], month[:3]
    year = f" {local.year}" if local.year != now.astimezone(zone).year else ""
    return f"{day} {local.day} {month}{year}, {local:%H:%M}"

"""Instants in words, always with the place whose clock is meant."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

# Not strftime's: its words change with the machine's locale.
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = tuple("January February March April May June July August September October November December".split())  # noqa: SIM905


def place(zone: ZoneInfo) -> str:
    """The city of a zone: "Paris" of Europe/Paris, "UTC" of UTC."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def long_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "Tuesday 24 November, 15:00 (Paris)"; with the year when it isn't the present one."""
    return f"{_day(instant.astimezone(zone), now.astimezone(zone), short=False)} ({place(zone)})"


def short_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "Tue 24 Nov, 15:00 (Paris)"; with the year when it isn't the present one."""
    return f"{_day(instant.astimezone(zone), now.astimezone(zone), short=True)} ({place(zone)})"


def _day(local: datetime, today: datetime, *, short: bool) -> str:
    day, month = DAYS[local.weekday()], MONTHS[local.month - 1]
    if short:
        day, month = day[:3], month[:3]
    year = f" {local.year}" if local.year != today.year else ""
    return f"{day} {local.day} {month}{year}, {local:%H:%M}"

"""Instants and lengths of time in words of the language that is spoken now; an instant always with its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from formapp.translation import gettext as _
from formapp.translation import ngettext, spoken_locale
from supportpolicy.hours_words import ZONES_WITHOUT_CITY
from supportpolicy.hours_words import place as place
from supportpolicy.hours_words import zone_words as zone_words

# A day as each language writes it (Unicode's pattern letters): short, long, and what brings the year to either.
_PATTERNS: Mapping[str, tuple[str, str, str]] = {
    "en": ("EEE d MMM", "EEEE d MMMM", " y"),
    "de": ("EEE, d. MMM", "EEEE, d. MMMM", " y"),
    "fr": ("EEE d MMM", "EEEE d MMMM", " y"),
    "es": ("EEE, d 'de' MMM", "EEEE, d 'de' MMMM", " 'de' y"),
    "ar": ("EEEE، d MMMM", "EEEE، d MMMM", " y"),
}


def long_words(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "Tuesday 24 November, 15:00 Paris time"; with the year when it isn't the present one."""
    day, clock = _day(instant, zone, now, short=False), _clock(instant, zone)
    return _("%(day)s, %(clock)s %(zone)s", day=day, clock=clock, zone=zone_words(zone))


def short_words(instant: datetime, zone: ZoneInfo, now: datetime, *, with_zone: bool = True) -> str:
    """ "Tue 24 Nov, 15:00 Paris time"; with the year when it isn't the present one."""
    day, clock = _day(instant, zone, now, short=True), _clock(instant, zone)
    if not with_zone:
        return _("%(day)s, %(clock)s", day=day, clock=clock)
    return _("%(day)s, %(clock)s %(zone)s", day=day, clock=clock, zone=zone_words(zone))


def clock_words(instant: datetime, zone: ZoneInfo) -> str:
    """ "15:00 Paris time"."""
    return _("%(clock)s %(zone)s", clock=_clock(instant, zone), zone=zone_words(zone))


def clock_in_place(instant: datetime, zone: ZoneInfo) -> str:
    """ "15:00 in Paris", to stand beside a reader's own time."""
    clock, city = _clock(instant, zone), place(zone)
    return f"{clock} {city}" if city in ZONES_WITHOUT_CITY else _("%(clock)s in %(place)s", clock=clock, place=city)


def day_in_place(instant: datetime, zone: ZoneInfo, now: datetime) -> str:
    """ "Tue 24 Nov, 15:00 in Paris", where the reader's day is another one."""
    day = _day(instant, zone, now, short=True)
    return _("%(day)s, %(clock)s", day=day, clock=clock_in_place(instant, zone))


def both_ends(start: datetime, end: datetime, zone: ZoneInfo, now: datetime, *, short: bool) -> tuple[str, str]:
    """ "Tue 24 Nov, 15:00" and "17:00": the end names its day only where it is another one."""
    begins, ends = (_day(instant, zone, now, short=short) for instant in (start, end))
    first = _("%(day)s, %(clock)s", day=begins, clock=_clock(start, zone))
    if begins == ends:
        return first, _clock(end, zone)
    return first, _("%(day)s, %(clock)s", day=ends, clock=_clock(end, zone))


def duration_words(time: timedelta, *, with_days: bool = False) -> str:
    """A length of time, to the minute: "26 h 20 min"; ``with_days`` to the hour from a day on: "1 day 2 h"."""
    minutes = int(time.total_seconds() // 60)
    days = minutes // 1440 if with_days else 0
    hours, minutes = divmod(minutes - days * 1440, 60)
    words = [ngettext("%(count)s day", "%(count)s days", days)] if days else []
    words += [ngettext("%(count)s h", "%(count)s h", hours)] if hours else []
    words += [ngettext("%(count)s min", "%(count)s min", minutes)] if minutes and not days else []
    return " ".join(words) or _("less than a minute")


def _clock(instant: datetime, zone: ZoneInfo) -> str:
    return f"{instant.astimezone(zone):%H:%M}"


def _day(instant: datetime, zone: ZoneInfo, now: datetime, *, short: bool) -> str:
    local, spoken = instant.astimezone(zone), spoken_locale()
    brief, whole, with_year = _PATTERNS[spoken.language]
    pattern = brief if short else whole
    if local.year != now.astimezone(zone).year:
        pattern += with_year
    return str(format_date(local.date(), pattern, locale=spoken))

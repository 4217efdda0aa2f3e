"""When and where support is open, in words of the language that is spoken now."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from babel import Locale
from babel.lists import format_list

from supportpolicy.languages import SOURCE_LANGUAGE, locale
from supportpolicy.model import Calendar
from supportpolicy.translation import gettext as _
from supportpolicy.translation import gettext_noop

# Messages, not Babel's names: its data of a language is 3.6 MiB, and a guide's table needs nothing else of it.
DAYS = (
    gettext_noop("Monday"),
    gettext_noop("Tuesday"),
    gettext_noop("Wednesday"),
    gettext_noop("Thursday"),
    gettext_noop("Friday"),
    gettext_noop("Saturday"),
    gettext_noop("Sunday"),
)
ZONES_WITHOUT_CITY = frozenset({"UTC", "GMT"})


def hours_words(calendar: Calendar) -> str:
    """The hours of a week: "Monday to Friday, 09:00 to 17:00"."""
    names = [_(day) for day in DAYS]
    parts: list[str] = []
    for first, last in _runs(calendar):
        days = names[first]
        if last == first + 1:
            days = _("%(first)s and %(last)s", first=days, last=names[last])
        elif last > first:
            days = _("%(first)s to %(last)s", first=days, last=names[last])
        windows = calendar.hours[first]
        times = [_("%(start)s to %(end)s", start=_clock(start), end=_clock(end)) for start, end in windows]
        parts.append(_("%(days)s, %(times)s", days=days, times=format_list(times, style="standard", locale=locale())))
    hours = parts[0]
    for part in parts[1:]:
        hours = _("%(days)s; %(more_days)s", days=hours, more_days=part)
    return hours


def place(zone: ZoneInfo) -> str:
    """The city of a zone: "Paris" of Europe/Paris, "UTC" of UTC."""
    city = zone.key.rpartition("/")[2].replace("_", " ")
    spoken = Locale.parse(locale())
    if spoken.language == SOURCE_LANGUAGE or city in ZONES_WITHOUT_CITY:
        return city
    return str(spoken.time_zones.get(zone.key, {}).get("city", city))


def zone_words(zone: ZoneInfo) -> str:
    """What people call a zone: "Paris time" for Europe/Paris, "UTC" for UTC."""
    city = place(zone)
    return city if city in ZONES_WITHOUT_CITY else _("%(place)s time", place=city)


def _runs(calendar: Calendar) -> list[tuple[int, int]]:
    """The days of the week on which support opens, those that follow one another with the same hours as one run."""
    runs: list[tuple[int, int]] = []
    for day in range(7):
        if runs and runs[-1][1] == day - 1 and calendar.hours[day] == calendar.hours[runs[-1][0]]:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return [run for run in runs if calendar.hours[run[0]]]


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"

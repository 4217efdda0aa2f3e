"""The hours as a calendar that other programs subscribe to (RFC 5545): openings, holidays, closures.

Each opening is an event of its own, in UTC, with holidays and closures already cut out: what the file
says is what the clock counts, whatever a program makes of recurring events and time zones.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from formapp.hours import closures
from formapp.models import StoredClosure
from formapp.services import Services
from formapp.when import place
from supportpolicy.opentime import merge, subtract

DAYS_SHOWN = 366
LONGEST_LINE = 75


def hours_calendar(services: Services, now: datetime) -> str:
    """The calendar file for the twelve months from the local day of an aware instant on.

    It is the same all day long, unless a closure is announced, taken back, or over.
    """
    policy = services.policy
    zone = policy.calendar.zone
    first = now.astimezone(zone).date()
    days = [first + timedelta(days=number) for number in range(DAYS_SHOWN)]
    stamp = datetime(first.year, first.month, first.day, tzinfo=UTC)
    host = urlsplit(services.settings.base_url).hostname or "localhost"
    announced = closures.upcoming_closures(services, now)
    shut = merge((closure.starts_at, closure.ends_at) for closure in announced)
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//support-guide//hours//EN",
        "CALSCALE:GREGORIAN",
        "X-WR-CALNAME:Support hours",
        f"X-WR-TIMEZONE:{zone.key}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
    ]
    for day in days:
        for window in policy.open_time.on(day):
            for start, end in subtract(window, shut):
                times = [f"DTSTART:{_instant(start)}", f"DTEND:{_instant(end)}"]
                lines += _event(f"open-{_instant(start)}@{host}", stamp, times, f"Support is open ({place(zone)})")
        if policy.open_time.is_holiday(day):
            times = [f"DTSTART;VALUE=DATE:{_day(day)}", f"DTEND;VALUE=DATE:{_day(day + timedelta(days=1))}"]
            lines += _event(f"holiday-{_day(day)}@{host}", stamp, times, "Support is closed: public holiday")
    for closure in announced:
        lines += _closed(closure, host)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _closed(closure: StoredClosure, host: str) -> list[str]:
    times = [f"DTSTART:{_instant(closure.starts_at)}", f"DTEND:{_instant(closure.ends_at)}"]
    return _event(f"closure-{closure.id}@{host}", closure.created_at, times, f"Support is closed: {closure.note}")


def _event(uid: str, stamp: datetime, times: list[str], summary: str) -> list[str]:
    # Transparent: it takes nobody's own time.
    head = ["BEGIN:VEVENT", f"UID:{uid}", f"DTSTAMP:{_instant(stamp)}", *times]
    return [*head, f"SUMMARY:{_text(summary)}", "TRANSP:TRANSPARENT", "END:VEVENT"]


def _instant(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _text(words: str) -> str:
    for sign in ("\\", ";", ","):
        words = words.replace(sign, f"\\{sign}")
    return words.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """The line in pieces of at most 75 octets, the later ones after a space; no character is cut in two."""
    piece = ""
    for character in line:
        if len(f"{piece}{character}".encode()) > LONGEST_LINE:
            yield piece
            piece = " "
        piece += character
    yield piece

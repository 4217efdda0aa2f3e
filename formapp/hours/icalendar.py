"""The hours as a calendar that other programs subscribe to (RFC 5545): openings, holidays, closures.

Each opening is an event of its own, in UTC, with holidays and closures already cut out: what the file
says is what the clock counts, whatever a program makes of recurring events and time zones.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from icalendar import Calendar, Event, vDuration

from formapp.hours import closures
from formapp.services import Services
from formapp.when import place
from supportpolicy.opentime import merge, subtract

DAYS_SHOWN = 366
ASK_AGAIN_AFTER = timedelta(hours=1)


def hours_calendar(services: Services, now: datetime) -> str:
    """The calendar file for the twelve months from the local day of an aware instant on.

    It is the same all day long, unless a closure is announced, taken back, or over.
    """
    policy = services.policy
    zone = policy.calendar.zone
    first = now.astimezone(zone).date()
    stamp = datetime(first.year, first.month, first.day, tzinfo=UTC)
    host = urlsplit(services.settings.base_url).hostname or "localhost"
    announced = closures.upcoming_closures(services, now)
    shut = merge((closure.starts_at, closure.ends_at) for closure in announced)
    calendar = _empty_calendar(zone.key)
    for day in (first + timedelta(days=number) for number in range(DAYS_SHOWN)):
        for window in policy.open_time.on(day):
            for start, end in subtract(window, shut):
                uid = f"open-{start:%Y%m%dT%H%M%SZ}@{host}"
                calendar.add_component(_event(uid, stamp, start, end, f"Support is open ({place(zone)})"))
        if policy.open_time.is_holiday(day):
            uid, next_day = f"holiday-{day:%Y%m%d}@{host}", day + timedelta(days=1)
            calendar.add_component(_event(uid, stamp, day, next_day, "Support is closed: public holiday"))
    for closure in announced:
        uid, summary = f"closure-{closure.id}@{host}", f"Support is closed: {closure.note}"
        calendar.add_component(_event(uid, closure.created_at, closure.starts_at, closure.ends_at, summary))
    return str(calendar.to_ical(), "utf-8")


def _empty_calendar(zone: str) -> Calendar:
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//support-guide//hours//EN")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("X-WR-CALNAME", "Support hours")
    calendar.add("X-WR-TIMEZONE", zone)
    calendar.add("REFRESH-INTERVAL", vDuration(ASK_AGAIN_AFTER), {"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", vDuration(ASK_AGAIN_AFTER))
    return calendar


def _event(uid: str, stamp: datetime, start: date, end: date, summary: str) -> Event:
    """One event between UTC instants; with dates in their place it takes whole days."""
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", stamp)
    event.add("DTSTART", start)
    event.add("DTEND", end)
    event.add("SUMMARY", summary)
    # It takes nobody's own time.
    event.add("TRANSP", "TRANSPARENT")
    return event

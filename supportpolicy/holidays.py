"""Whether a policy still knows the holidays of the coming weeks: a list that ends is promised over without a word."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from supportpolicy.model import Calendar

NOTICE = timedelta(days=60)


def holidays_warning(calendar: Calendar, now: datetime) -> str:
    """What to do about a list of holidays that ends within 60 days of an aware instant; empty where it doesn't.

    A calendar without any holiday is meant so.
    """
    last = max(calendar.holidays, default=date.max)
    today = now.astimezone(calendar.zone).date()
    if last == date.max or last - today >= NOTICE:
        return ""
    ends = "ended on" if last < today else "end on"
    return (
        f"The holidays {ends} {last.day} {last:%B %Y}. Add those that come after it under calendar, holidays: "
        "dates are promised as if there were none."
    )

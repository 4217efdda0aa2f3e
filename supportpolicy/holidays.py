"""Whether a policy still knows the holidays of the coming weeks: a list that ends is promised over without a word."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from babel.dates import format_date

from supportpolicy.languages import locale
from supportpolicy.model import Calendar
from supportpolicy.translation import gettext as _
from supportpolicy.translation import pgettext

NOTICE = timedelta(days=60)


def holidays_warning(calendar: Calendar, now: datetime) -> str:
    """What to do about a list of holidays that ends within 60 days of an aware instant; empty where it doesn't.

    A calendar without any holiday is meant so.
    """
    last = max(calendar.holidays, default=date.max)
    today = now.astimezone(calendar.zone).date()
    if last == date.max or last - today >= NOTICE:
        return ""
    day = format_date(last, pgettext("date pattern", "d MMMM y"), locale=locale())
    if last < today:
        return _(
            "The holidays ended on %(day)s. Add those that come after it under calendar, holidays: "
            "dates are promised as if there were none.",
            day=day,
        )
    return _(
        "The holidays end on %(day)s. Add those that come after it under calendar, holidays: "
        "dates are promised as if there were none.",
        day=day,
    )

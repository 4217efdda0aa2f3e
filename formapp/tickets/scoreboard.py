"""The file that shows in the guide how many promises were kept: static, so that it can be read while the desk is down.

Only whole months are in it, and no figure that rests on too few promises to be told (see ``report_figures``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path

from formapp.hours.banner import write_beside_pages
from formapp.services import Services
from formapp.tickets.report_figures import FEW, Few, MonthRow, Promises
from formapp.tickets.reports import month_figures, months_back, this_month
from formapp.widgets.assets import SCOREBOARD_FILE
from formapp.widgets.built_site import current_folder
from formapp.widgets.scoreboard import MONTHS


class Scoreboard:
    """Keeps the file of a guide's folder up to date; what it tells is counted once a day."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._day: date | None = None
        self._text = ""

    def write(self, now: datetime) -> bool:
        """Bring the file up to date; whether it changed. Nothing is done without a guide's folder."""
        site_dir = self._services.settings.site_dir
        if site_dir is None:
            return False
        today = now.astimezone(self._services.policy.calendar.zone).date()
        if self._day != today:
            if _day_of(current_folder(site_dir) / SCOREBOARD_FILE) == today.isoformat():
                return False
            self._text, self._day = figures(self._services, now, today), today
        return write_beside_pages(site_dir, SCOREBOARD_FILE, self._text, "scoreboard not written")


def figures(services: Services, now: datetime, today: date) -> str:
    """The file's text as of this day: of the whole months before it."""
    month = this_month(services, now)
    months = [months_back(month, count) for count in range(MONTHS, 0, -1)]
    return content(month_figures(services, months[0], months[-1], now), months, today)


def content(rows: Iterable[MonthRow], months: Iterable[date], today: date) -> str:
    """The file's text: for each priority and promise a figure a month, [kept, missed], "few", or null for none."""
    found = {(row.month, row.priority): row for row in rows}
    names = sorted({priority for _month, priority in found})
    listed = list(months)
    figures = {
        name: {
            target: [_figure(getattr(found.get((month, name)), target, None)) for month in listed]
            for target in ("response", "resolution")
        }
        for name in names
    }
    told = {"day": today.isoformat(), "months": [f"{month:%Y-%m}" for month in listed], "priorities": figures}
    return json.dumps(told, indent=1) + "\n"


def _figure(found: Promises | Few | None) -> list[int] | Few | None:
    if found is None or found == FEW:
        return found
    return [found.kept, found.missed]


def _day_of(path: Path) -> str:
    """The day of which a file tells; empty where there is none, or it can't be read."""
    with suppress(OSError, ValueError, AttributeError):
        return str(json.loads(path.read_text("utf-8")).get("day", ""))
    return ""

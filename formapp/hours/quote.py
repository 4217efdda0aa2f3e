"""The targets that a ticket would get if it were filed now, and whether support is open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from formapp.hours import closures
from formapp.services import Services
from formapp.translation import gettext as _
from formapp.when import clock_words, long_words, short_words, zone_words
from supportpolicy import Opening


@dataclass(frozen=True, slots=True)
class DueDate:
    """One deadline: aware UTC, and in words of the policy's zone, long and short."""

    instant: datetime
    words: str
    short: str


@dataclass(frozen=True, slots=True)
class PriorityQuote:
    """Both deadlines of a priority; None for best effort."""

    priority: str
    response: DueDate | None
    resolution: DueDate | None


@dataclass(frozen=True, slots=True)
class Quote:
    """The answer at one minute (``at``, aware UTC).

    ``changes`` is when support closes or opens next, aware UTC, None where that never happens;
    ``state`` says both as a sentence without its full stop.
    """

    at: datetime
    is_open: bool
    changes: datetime | None
    state: str
    dates: tuple[PriorityQuote, ...]


def quote_now(services: Services, now: datetime) -> Quote:
    """The dates for a ticket filed at an aware instant, counted with the closures announced by then.

    Counted from the minute that is running, so that all answers of one minute are the same.
    """
    policy = services.policy
    zone = policy.calendar.zone
    minute = now.replace(second=0, microsecond=0)
    with services.read() as database:
        closed = closures.closures_known_at(database.connection(), now, now)

    def due(instant: datetime | None) -> DueDate | None:
        if instant is None:
            return None
        return DueDate(instant, long_words(instant, zone, minute), short_words(instant, zone, minute))

    dates = []
    for priority in policy.priorities:
        found = policy.deadlines(priority.id, minute, closures=closed)
        dates.append(PriorityQuote(priority.id, due(found.response_due), due(found.resolution_due)))
    opening = policy.opening(minute, closed)
    return Quote(minute, opening.open, opening.until, _state(opening, zone, minute), tuple(dates))


def _state(opening: Opening, zone: ZoneInfo, now: datetime) -> str:
    """ "Support is open now, until 17:00 Paris time"."""
    if opening.until is None:
        return _("Support is open now") if opening.open else _("Support is closed now")
    local, today = opening.until.astimezone(zone), now.astimezone(zone).date()
    if local.date() == today:
        until = clock_words(opening.until, zone)
    elif opening.open and local.date() == today + timedelta(days=1) and f"{local:%H:%M}" == "00:00":
        until = _("midnight %(zone)s", zone=zone_words(zone))
    else:
        until = long_words(opening.until, zone, now)
    if opening.open:
        return _("Support is open now, until %(until)s", until=until)
    return _("Support is closed now, until %(until)s", until=until)

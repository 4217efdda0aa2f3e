"""Jinja filters: instants and lengths of time in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from jinja2 import Environment
from markupsafe import Markup

from formapp.tickets.status import STAFF_LABELS
from formapp.tickets.time_left import TimeLeft
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.context import web
from formapp.when import both_ends, clock_in_place, day_in_place, duration_words, long_words, short_words

# By the target, whether it was missed, and whether open time is counted.
_TARGETS_LEFT = {
    ("response", False, False): gettext_noop("%(time)s left for the answer"),
    ("response", False, True): gettext_noop("%(time)s left for the answer, in open hours"),
    ("response", True, False): gettext_noop("Answer missed by %(time)s"),
    ("resolution", False, False): gettext_noop("%(time)s left for the solution"),
    ("resolution", False, True): gettext_noop("%(time)s left for the solution, in open hours"),
    ("resolution", True, False): gettext_noop("Solution missed by %(time)s"),
}


def init_filters(environment: Environment) -> None:
    """Let templates write ``{{ due | instant }}``, ``{{ left | time_left }}`` and their like."""
    environment.filters |= {
        "instant": instant,
        "period": period,
        "duration": duration_words,
        "time_left": time_left,
        "target_left": target_left,
    }


def instant(value: datetime, form: Literal["short", "long", "bare"] = "short") -> Markup:
    """An instant as a time element: "Tue 24 Nov, 15:00 Paris time", ``long`` with whole names.

    It is told in the zone that it carries, else in the policy's. Where the reader's own time differs, the page's
    script tells that first, with the place's beside it in a ``long`` one and in the tooltip of a short one; not in
    a ``bare`` one, which names no zone and is for lists whose page does.
    """
    zone, now = _zone(value), web().clock()
    words = long_words(value, zone, now) if form == "long" else short_words(value, zone, now, with_zone=form != "bare")
    utc = value.astimezone(UTC).isoformat(timespec="seconds")
    element = Markup('<time datetime="{}">{}</time>').format(utc, words)
    if form == "bare":
        return element
    around = Markup('<support-time data-zone="{}" data-form="{}" data-there="{}" data-day-there="{}">{}</support-time>')
    return around.format(zone, form, clock_in_place(value, zone), day_in_place(value, zone, now), element)


def period(start: datetime, end: datetime) -> str:
    """ "Tue 24 Nov, 15:00 – 17:00", in the zone that the start carries."""
    return " – ".join(both_ends(start, end, _zone(start), web().clock(), short=True))


def time_left(left: TimeLeft) -> str:
    """ "1 h 20 min left", "Missed by 3 h", or why no time runs."""
    if left.time is None:
        return _("No fixed time") if left.state == "open" else _(STAFF_LABELS[left.state])
    words = duration_words(abs(left.time), with_days=not left.open_time)
    return _("Missed by %(time)s", time=words) if left.urgency == "missed" else _("%(time)s left", time=words)


def target_left(left: TimeLeft) -> str:
    """The same with what it is for: "1 h 20 min left for the answer, in open hours", "Solution missed by 3 h"."""
    words = duration_words(abs(left.time or timedelta()), with_days=not left.open_time)
    return _(_TARGETS_LEFT[left.target, left.urgency == "missed", left.open_time], time=words)


def _zone(value: datetime) -> ZoneInfo:
    return value.tzinfo if isinstance(value.tzinfo, ZoneInfo) else web().services.policy.calendar.zone

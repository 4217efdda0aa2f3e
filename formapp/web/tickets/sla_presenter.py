"""A ticket's promises in words, each with the way its date was counted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from formapp.models import Ticket
from formapp.tickets.sla import PAUSED_STATES, TicketTargets
from formapp.web.layout.filters import instant_html
from formapp.when import long_words, place, short_words
from supportpolicy import Policy, Segment, Target

NAMES: dict[Target, str] = {"response": "Answer", "resolution": "Solution"}
GOES_ON = {"waiting": "It goes on with your answer.", "closed": "It goes on if the ticket is reopened."}
GOES_ON_FOR_STAFF = {**GOES_ON, "waiting": "It goes on with the customer's answer."}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One line of "Why this date?": from when to when (``end`` empty for a moment), what it counts, and why."""

    start: str
    end: str
    counted: str
    note: str


@dataclass(frozen=True, slots=True)
class SlaRow:
    """One promise: its words, its instant (empty: none, or not now), how it stands, and how it was counted.

    ``asked`` is the question that the stretches answer, ``intro`` what stands before them, ``total`` what they count.
    """

    name: str
    words: str
    due: Markup
    stands: Markup
    asked: str
    intro: str
    stretches: tuple[Stretch, ...]
    total: str


def sla_rows(
    promises: TicketTargets, ticket: Ticket, now: datetime, *, to_staff: bool = False
) -> tuple[SlaRow, SlaRow]:
    """The answer's and the solution's promise, as the customer reads them or (``to_staff``) as the desk does."""
    response = _promised(promises, ticket, now, "response", to_staff=to_staff)
    return response, _promised(promises, ticket, now, "resolution", to_staff=to_staff)


def _promised(promises: TicketTargets, ticket: Ticket, now: datetime, target: Target, *, to_staff: bool) -> SlaRow:
    policy, deadlines = promises.policy, promises.deadlines
    zone = policy.calendar.zone
    due = ticket.response_due_at if target == "response" else ticket.resolution_due_at
    stands_still = target == "resolution" and deadlines.paused
    segments = [segment for segment in deadlines.explain() if segment.target == target]
    promise = deadlines.promise(target)
    name = NAMES[target]
    if stands_still:
        asked = f"How is the time for the {name.lower()} counted?"
        goes_on = (GOES_ON_FOR_STAFF if to_staff else GOES_ON)[ticket.state]
        intro = f"This much was counted, by the clock of {place(zone)}, until the clock stopped. {goes_on}"
    else:
        asked = f"Why this date for the {name.lower()}?"
        intro = f"This is how the time from sending to then is counted, by the clock of {place(zone)}:"
    return SlaRow(
        name=name,
        words=promise.words,
        due=instant_html(long_words(due, zone, now), due, policy) if due else Markup(),
        stands=_stands(ticket, policy, now, target, stands_still=stands_still, to_staff=to_staff),
        asked=asked,
        intro=f"The promise is “{promise.words}”. {intro}",
        stretches=tuple(_stretch(segment, zone, now, to_staff=to_staff) for segment in segments),
        total=length(sum((segment.counted for segment in segments), timedelta())),
    )


def _stands(
    ticket: Ticket, policy: Policy, now: datetime, target: Target, *, stands_still: bool, to_staff: bool
) -> Markup:
    """How a promise stands: kept when, or why its clock stands still."""
    if target == "response" and ticket.answered_at is not None:
        return Markup("Answered {}").format(_short(ticket.answered_at, policy, now))
    if target == "resolution" and ticket.closed_at is not None:
        return Markup("Closed {}").format(_short(ticket.closed_at, policy, now))
    if stands_still:
        return Markup("The clock is paused: {}").format("waiting for the customer" if to_staff else "waiting for you")
    return Markup()


def _short(instant: datetime, policy: Policy, now: datetime) -> Markup:
    return instant_html(short_words(instant, policy.calendar.zone, now), instant, policy)


def _stretch(segment: Segment, zone: ZoneInfo, now: datetime, *, to_staff: bool) -> Stretch:
    """One line of the explanation, in the zone's clock; the end names its day only where it is another."""

    def clock(instant: datetime) -> str:
        return short_words(instant, zone, now).removesuffix(f" ({place(zone)})")

    day, _, hour = clock(segment.end).rpartition(", ")
    end = hour if segment.start.date() == segment.end.date() else f"{day}, {hour}"
    note = "Waiting for the customer" if to_staff and segment.note == PAUSED_STATES["waiting"] else segment.note
    # Not by its clock: a stretch may begin and end at one time of day, with clocks going back in between.
    is_moment = segment.kind == "clock change"
    return Stretch(clock(segment.start), "" if is_moment else end, length(segment.counted), note)


def length(time: timedelta) -> str:
    """A length of time in words: "2 h 30 min"; a dash for none."""
    hours, minutes = divmod(int(time.total_seconds() // 60), 60)
    words = [f"{hours} h"] if hours else []
    words += [f"{minutes} min"] if minutes else []
    return " ".join(words) or "–"

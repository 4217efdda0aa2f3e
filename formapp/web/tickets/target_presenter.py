"""Plain values for the templates that show a ticket's two targets: what is promised, by when, and how that counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from formapp.models import Ticket
from formapp.policies import in_words
from formapp.tickets.sla import PAUSED_STATES, TicketTargets
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.when import zone_words
from supportpolicy import Policy, Segment, Target

TARGET_LABELS: dict[str, str] = {"response": gettext_noop("Answer"), "resolution": gettext_noop("Solution")}
RESUMES = {
    "waiting": gettext_noop("It goes on when you reply."),
    "closed": gettext_noop("It goes on if the ticket is reopened."),
}
RESUMES_FOR_STAFF = {**RESUMES, "waiting": gettext_noop("It goes on when the customer replies.")}
WHY_THIS_DATE = {
    "response": gettext_noop("Why this date for the answer?"),
    "resolution": gettext_noop("Why this date for the solution?"),
}
HOW_COUNTED = {
    "response": gettext_noop("How is the time for the answer counted?"),
    "resolution": gettext_noop("How is the time for the solution counted?"),
}


@dataclass(frozen=True, slots=True)
class TargetView:
    """One target: what is promised, when that is due, how it stands, and how it was counted.

    ``due`` is None without a date, or while the clock is paused; ``status`` says when the target was met or
    why its clock is paused. ``question`` is what the segments answer, ``intro`` what stands before them.
    """

    name: str
    promise: str
    due: datetime | None
    status: str
    status_at: datetime | None
    question: str
    intro: str
    segments: tuple[SegmentView, ...]
    total: timedelta


@dataclass(frozen=True, slots=True)
class SegmentView:
    """One line of "Why this date?": from when to when (no ``end`` for a moment), how much of it counts, and why."""

    start: datetime
    end: datetime | None
    counted: timedelta
    note: str


def present_targets(targets: TicketTargets, ticket: Ticket, *, to_staff: bool = False) -> tuple[TargetView, TargetView]:
    """The answer's and the solution's target, as the customer reads them or (``to_staff``) as staff do."""
    response = _target(targets, ticket, "response", to_staff=to_staff)
    return response, _target(targets, ticket, "resolution", to_staff=to_staff)


def _target(targets: TicketTargets, ticket: Ticket, target: Target, *, to_staff: bool) -> TargetView:
    policy, deadlines = targets.policy, targets.deadlines
    due, met = ticket.response_due_at, ticket.answered_at
    if target == "resolution":
        due, met = ticket.resolution_due_at, ticket.closed_at
    paused = target == "resolution" and deadlines.paused
    segments = [segment for segment in deadlines.explain() if segment.target == target]
    priority = in_words(policy).priority(ticket.priority)
    promise = (priority.response if target == "response" else priority.resolution).words
    status, zone = "", zone_words(policy.calendar.zone)
    if paused:
        status = _("The clock is paused: waiting for you")
        if to_staff:
            status = _("The clock is paused: waiting for the customer")
        question = _(HOW_COUNTED[target])
        resumes = _((RESUMES_FOR_STAFF if to_staff else RESUMES)[ticket.state])
        intro = _("This is what was counted until the clock was paused, in %(zone)s.", zone=zone)
        intro = f"{intro} {resumes}"
    else:
        question = _(WHY_THIS_DATE[target])
        intro = _("This is how the time from sending to then is counted, in %(zone)s:", zone=zone)
    if met is not None:
        status = _("Answered") if target == "response" else _("Closed")
    return TargetView(
        name=_(TARGET_LABELS[target]),
        promise=promise,
        due=in_zone(due, policy) if due else None,
        status=status,
        status_at=in_zone(met, policy) if met else None,
        question=question,
        intro=" ".join((_("The promise is “%(promise)s”.", promise=promise), intro)),
        segments=tuple(_segment(segment, policy, to_staff=to_staff) for segment in segments),
        total=sum((segment.counted for segment in segments), timedelta()),
    )


def _segment(segment: Segment, policy: Policy, *, to_staff: bool) -> SegmentView:
    note = segment.note
    if to_staff and note == PAUSED_STATES["waiting"]:
        note = _("Waiting for the customer")
    elif note in PAUSED_STATES.values():
        note = _(note)
    # Not by its clock: a segment may begin and end at one time of day, with clocks going back in between.
    end = None if segment.kind == "clock change" else in_zone(segment.end, policy)
    return SegmentView(in_zone(segment.start, policy), end, segment.counted, note)


def in_zone(instant: datetime, policy: Policy) -> datetime:
    """The same instant in the policy's zone, in which the filters tell it."""
    return instant.astimezone(policy.calendar.zone)

"""What colleagues have just reported, in words for the form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from formapp.errors import TextRefused
from formapp.text import normalise_line
from formapp.tickets.similar import similar_tickets
from formapp.web.context import web
from formapp.web.session_cookie import Person

LONGEST_SUBJECT = 1000
LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class SimilarView:
    """A ticket that may be about the same thing, and the sentence that says so."""

    reference: str
    subject: str
    sentence: str


def present_similar(person: Person | None, project: str, subject: str) -> tuple[SimilarView, ...]:
    """Tickets like the one being written, for a member of the project; nothing for anybody else."""
    if person is None or not project or not subject.strip():
        return ()
    try:
        wanted, key = normalise_line(subject, LONGEST_SUBJECT), normalise_line(project, LONGEST_KEY)
    except TextRefused:
        return ()
    desk = web()
    now = desk.clock()
    return tuple(
        SimilarView(
            found.reference,
            found.subject,
            f"A colleague reported something like this in the same project {ago(now - found.opened_at)}",
        )
        for found in similar_tickets(desk.services, person.account_id, key, wanted, now)
    )


def ago(time: timedelta) -> str:
    """How long ago, within an hour: "10 minutes ago"."""
    minutes = int(time.total_seconds() // 60)
    if minutes < 1:
        return "just now"
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"

"""What a colleague has just reported in the same project: shown before sending, never in the way of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from formapp.models import Account, Membership, Project, Ticket, reference_of
from formapp.services import Services

RECENT = timedelta(hours=1)
MOST_SHOWN = 3
# A project with more tickets than this within the hour has one great trouble; its newest tell of it.
MOST_LOOKED_AT = 200
_WORD = re.compile(r"\w+")
# Words that say nothing about what a ticket is about.
_COMMON_WORDS = """
a about after again all an and any are as at be before but by can cannot could did do does doing down for from get gets
getting had has have help how i if in into is isn issue it its just me my need no not now of off on or our out please
problem problems since so some still t than that the their them then there these they this to too up urgent us very was
we were what when where which while who why will with working works would you your
"""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Similar:
    """A ticket that may be about the same thing; ``opened_at`` is aware UTC."""

    reference: str
    subject: str
    opened_at: datetime


def similar_tickets(
    services: Services, account_id: int, project: str, subject: str, now: datetime
) -> tuple[Similar, ...]:
    """Tickets of the last hour that others of the person's project sent about much the same, the newest first.

    ``project`` is its key. Much the same are subjects that share half of the telling words of the
    shorter one. Nothing for a project that the person isn't in.
    """
    words = telling_words(subject)
    if not words:
        return ()
    recent = (
        select(Ticket.id, Ticket.subject, Ticket.opened_at)
        .join(Project, Project.id == Ticket.project_id)
        .join(Membership, Membership.project_id == Project.id)
        .join(Account, Account.id == Membership.account_id)
        .where(
            Project.key == project,
            Membership.account_id == account_id,
            Account.disabled_at.is_(None),
            Ticket.account_id != account_id,
            Ticket.opened_at > now - RECENT,
        )
        .order_by(Ticket.opened_at.desc(), Ticket.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    with services.read() as database:
        found = database.execute(recent).all()
    alike = [Similar(reference_of(row.id), row.subject, row.opened_at) for row in found if _alike(words, row.subject)]
    return tuple(alike[:MOST_SHOWN])


def telling_words(subject: str) -> frozenset[str]:
    """The words of a subject that say what it is about, in one case; numbers of at least three digits too."""
    words = (word.casefold() for word in _WORD.findall(subject))
    return frozenset(word for word in words if word not in _COMMON and (len(word) > 2 or not word.isascii()))


def _alike(words: frozenset[str], subject: str) -> bool:
    others = telling_words(subject)
    return len(words & others) * 2 >= min(len(words), len(others)) > 0

"""Tags on tickets: short words of the staff's own, for sorting and finding. Customers never see them.

A tag is one word in small letters, so that ``tag:`` finds it however it is typed. There is no list to keep: a tag is
known while a ticket has it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from formapp.database.retry import tried_again
from formapp.errors import TextRefused, UseCaseError
from formapp.models import TicketTag
from formapp.services import Services
from formapp.text import normalise_line
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

LONGEST_TAG = 40
MOST_TAGS = 20
"""On one ticket."""
MOST_KNOWN = 200
"""So many of the known tags are offered."""
_SIGNS = frozenset("-_.")
# Letters of all scripts with their marks, and digits.
_KINDS = ("L", "M", "Nd")


class TooManyTags(UseCaseError):
    """The ticket has as many tags as one may have."""

    field = "tag"

    def __init__(self, reference: str) -> None:
        super().__init__(_("%(reference)s has %(most)s tags, which is the most", reference=reference, most=MOST_TAGS))


def tag_of(typed: str) -> str:
    """The tag that was typed: in small letters, hyphens for spaces. Raises TextRefused for what can't be one."""
    try:
        line = normalise_line(typed, LONGEST_TAG, gettext_noop("The tag"))
    except TextRefused as refused:
        raise TextRefused(refused.message, "tag") from None
    tag = "-".join(unicodedata.normalize("NFKC", line).lower().split()).strip("".join(_SIGNS))
    if not tag:
        raise TextRefused(_("Enter a tag"), "tag")
    if len(tag) > LONGEST_TAG or not all(
        sign in _SIGNS or unicodedata.category(sign).startswith(_KINDS) for sign in tag
    ):
        raise TextRefused(
            _("A tag has letters, digits, hyphens, dots and underscores, %(most)s at most", most=LONGEST_TAG), "tag"
        )
    return tag


@tried_again
def add_tag(services: Services, account_id: int, ticket_id: int, typed: str, now: datetime) -> str:
    """Put a tag on a ticket, by staff; the tag. Raises TextRefused, TooManyTags, NotPermitted."""
    tag = tag_of(typed)
    with ticket_action(services, account_id, ticket_id, now, group="staff") as action:
        put_on(action, tag)
    return tag


@tried_again
def remove_tag(services: Services, account_id: int, ticket_id: int, typed: str, now: datetime) -> str:
    """Take a tag off a ticket, by staff; the tag. One that isn't on it stays off. Raises TextRefused, NotPermitted."""
    tag = tag_of(typed)
    with ticket_action(services, account_id, ticket_id, now, group="staff") as action:
        take_off(action, tag)
    return tag


def put_on(action: TicketAction, tag: str, **details: Any) -> bool:  # noqa: ANN401 - what an event says
    """Put a tag on the ticket of an action; whether it was not there. Raises TooManyTags."""
    there = set(_of_one(action.database, action.ticket.id))
    if tag in there:
        return False
    if len(there) >= MOST_TAGS:
        raise TooManyTags(action.ticket.reference)
    action.database.add(TicketTag(ticket_id=action.ticket.id, tag=tag))
    action.record("tagged", {"tag": tag, **details})
    return True


def take_off(action: TicketAction, tag: str, **details: Any) -> bool:  # noqa: ANN401 - what an event says
    """Take a tag off the ticket of an action; whether it was there."""
    row = action.database.get(TicketTag, (action.ticket.id, tag))
    if row is None:
        return False
    action.database.delete(row)
    action.record("untagged", {"tag": tag, **details})
    return True


def tags_of(services: Services, tickets: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """The tags of each of these tickets, by its number; none for one without."""
    wanted = list(tickets)
    found: dict[int, list[str]] = {number: [] for number in wanted}
    if wanted:
        with services.read() as database:
            rows = database.execute(select(TicketTag.ticket_id, TicketTag.tag).where(TicketTag.ticket_id.in_(wanted)))
            for number, tag in rows:
                found[number].append(tag)
    return {number: tuple(sorted(tags)) for number, tags in found.items()}


def known_tags(services: Services) -> tuple[str, ...]:
    """The tags that tickets have, to be offered where one is typed."""
    first = select(func.min(TicketTag.tag).label("tag")).cte("known", recursive=True)
    # From each tag to the next through the index, so that a tag of many tickets is read once.
    following = select(func.min(TicketTag.tag)).where(TicketTag.tag > first.c.tag).scalar_subquery()
    known = first.union_all(select(following).where(first.c.tag.is_not(None)))
    with services.read() as database:
        rows = database.scalars(select(known.c.tag).where(known.c.tag.is_not(None)).limit(MOST_KNOWN))
        return tuple(sorted(tag for tag in rows if tag))


def _of_one(database: Session, ticket_id: int) -> Iterable[str]:
    return database.scalars(select(TicketTag.tag).where(TicketTag.ticket_id == ticket_id))

"""The staff queue: which tickets, in what order, a page at a time.

Open tickets come by their next deadline, those without one last; what words were looked for in comes by its number,
the newest first. A page begins where the one before ended, by key: the database walks an index from there, however
many tickets lie before it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Tuple,
    exists,
    func,
    literal,
    literal_column,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, aliased, joinedload

from formapp.actors import require_staff
from formapp.database.engine import UtcDateTime
from formapp.errors import NotFound, TextRefused, UseCaseError
from formapp.mail_address import address_to_find
from formapp.models import REFERENCE_PREFIX, Account, Membership, Project, Ticket, TicketTag
from formapp.search_words import wanted_words
from formapp.services import Services
from formapp.text import normalise_line
from formapp.tickets.search_match import Audience, Term, find_tickets
from formapp.tickets.status import STAFF_LABELS
from formapp.tickets.tags import tag_of
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

PAGE_SIZE = 50
LONGEST_SEARCH = 500
KEYS = {"status": "state", "priority": "priority", "project": "project", "assignee": "assignee", "tag": "tags"}
# What searches said before; bookmarks may still hold them.
_OLDER_KEYS = {"assigned": "assignee"}
_OLDER_ASSIGNEES = {"nobody": "unassigned"}
# A word, or several in quotation marks, with a key before it or not, and a hyphen before that or not; "https://" is
# no key.
_PART = re.compile(r'(?P<without>-)?(?:(?P<key>[^\W\d_]+):(?!//))?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]*))')
MOST_WORDS = 20
MOST_OF_A_RARE_TAG = 2_000
"""A tag of no more tickets is rare: all of them can be looked up and put in order."""
# A ticket's, with or without what stands before its number.
_REFERENCE = re.compile(rf"(?:{REFERENCE_PREFIX.strip('-')}[- ]?)?([1-9][0-9]{{3,8}})", re.IGNORECASE)


class SearchRefused(UseCaseError):
    """A search that can't be understood; the sentence says what can."""

    field = "search"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets are wanted. ``assignee`` is "me", "unassigned", an address, or empty for everybody's.

    ``state`` is empty where the search names none: that means open tickets, and all of them where ``text`` looks for
    words. ``text`` holds the words as they are typed, with their quotation marks and hyphens. All ``tags`` are wanted.
    """

    state: str = ""
    priority: str = ""
    project: str = ""
    assignee: str = ""
    overdue: bool = False
    text: str = ""
    tags: tuple[str, ...] = ()

    @property
    def shown_state(self) -> str:
        """The state of the tickets that are found; "any" for all."""
        return self.state or ("any" if self.text else "open")

    @property
    def terms(self) -> tuple[Term, ...]:
        """The words and phrases to look for, and those that are not wanted."""
        parts = _PART.finditer(self.text)
        return tuple(term for part in parts if (term := _term(part)) is not None)

    def as_search(self) -> str:
        """The same as a search that people can type and change."""
        named = replace(self, state="") if self.state == ("any" if self.text else "open") else self
        keys = [
            f"{key}:{_quoted(value) if ' ' in value else value}"
            for key, name in KEYS.items()
            if name != "tags" and (value := getattr(named, name))
        ]
        keys += [f"tag:{tag}" for tag in self.tags]
        return " ".join([*keys, *(["is:overdue"] if self.overdue else []), *([self.text] if self.text else [])])


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of tickets with their project, reporter and assignee, and the key that the next one begins after."""

    tickets: tuple[Ticket, ...]
    next_key: str


def parse_search(text: str, keys: Collection[str] = ("is", *KEYS)) -> Filters:
    """What a search like ``status:open priority:high assignee:me checkout -shop "Error 502"`` asks for.

    What stands in quotation marks is never a key. Raises SearchRefused, also for a key that isn't one of these, or
    TextRefused for what no text holds.
    """
    found: dict[str, Any] = {}
    words = []
    line = normalise_line(text, LONGEST_SEARCH, gettext_noop("The search"))
    for part in _PART.finditer(line):
        value = part["quoted"] or part["plain"] or ""
        key = part["key"] and _OLDER_KEYS.get(part["key"].lower(), part["key"].lower())
        if key is None:
            if value:
                words.append(part[0])
        elif key not in keys:
            raise SearchRefused(_unknown(part["key"], keys))
        elif part["without"]:
            raise SearchRefused(
                _(
                    "“-%(key)s:” is not known. A hyphen leaves out words alone, as in -%(word)s",
                    key=key,
                    word=value or "word",
                )
            )
        elif key == "is":
            if value.lower() != "overdue":
                raise SearchRefused(_("“is:%(value)s” is not known. Use is:overdue", value=value))
            found["overdue"] = True
        elif key == "tag":
            found["tags"] = tuple(dict.fromkeys((*found.get("tags", ()), _tag(value))))
        else:
            found[KEYS[key]] = value.lower()
    if "assignee" in found:
        found["assignee"] = _OLDER_ASSIGNEES.get(found["assignee"], found["assignee"])
    if found.get("state", "open") not in {*STAFF_LABELS, "any"}:
        raise SearchRefused(
            _("“status:%(value)s” is not known. Use status:open, waiting, closed or any", value=found["state"])
        )
    filters = Filters(**found, text=" ".join(words))
    _check_words(filters)
    return filters


def _tag(typed: str) -> str:
    try:
        return tag_of(typed)
    except TextRefused as refused:
        raise SearchRefused(refused.message) from None


def _unknown(key: str, keys: Collection[str]) -> str:
    known = [f"{name}:" for name in KEYS if name in keys]
    last = "is:overdue" if "is" in keys else known.pop()
    return _(
        "“%(key)s:” is not known. Use %(known)s or %(last)s. "
        "To look for words with a colon, put them in quotation marks",
        key=key,
        known=", ".join(known),
        last=last,
    )


def _check_words(filters: Filters) -> None:
    terms = filters.terms
    if filters.text and not terms:
        raise SearchRefused(_("“%(text)s” has no letter and no digit to look for", text=filters.text))
    if len(terms) > MOST_WORDS:
        raise SearchRefused(
            _("Search for %(most)s words at most; these are %(count)s", most=MOST_WORDS, count=len(terms))
        )


def _term(part: re.Match[str]) -> Term | None:
    """A word or phrase of a search; None where nothing of it could be found."""
    quoted = part["quoted"] is not None
    wanted = wanted_words(part["quoted"] or part["plain"] or "", whole=quoted)
    return Term(wanted, without=part["without"] is not None) if wanted.words else None


def reference_in(filters: Filters) -> str | None:
    """The reference, if the search is nothing but one, like "SUP-1042", "sup 1042" or a bare 1042."""
    if filters != Filters(text=filters.text):
        return None
    match = _REFERENCE.fullmatch(unicodedata.normalize("NFKC", filters.text))
    return f"{REFERENCE_PREFIX}{match[1]}" if match else None


def merge_filters(typed: Filters, chosen: Filters, shown: Filters) -> Filters:
    """One wish of a form that says it twice, as a search and by its choices.

    A choice that differs from what the form ``shown`` had counts; for all others the search does.
    """
    changed = {
        name: getattr(chosen, name)
        for name in ("priority", "project", "assignee", "overdue")
        if getattr(chosen, name) != getattr(shown, name)
    }
    if chosen.shown_state != shown.shown_state:
        changed["state"] = chosen.state
    return replace(typed, **changed)


def _quoted(words: str) -> str:
    return f'"{words}"'


def find_page(
    services: Services, filters: Filters, viewer_id: int, now: datetime, after: str = "", size: int = PAGE_SIZE
) -> QueuePage:
    """One page of the queue, for staff; ``after`` is the page before's ``next_key``.

    Raises NotPermitted, and NotFound for a key that is none.
    """
    with services.read() as database:
        require_staff(database, viewer_id)
        if filters.text:
            found = _with_words(database, filters, viewer_id, now, after, size + 1)
        else:
            rare = rare_tags(database, filters)
            statement = page_statement(filters, viewer_id, now, after, rare).limit(size + 1)
            found = database.scalars(_with_people(statement)).all()
    shown = tuple(found[:size])
    return QueuePage(shown, _key(filters, shown[-1]) if len(found) > size else "")


def find_own_page(
    services: Services, filters: Filters, account_id: int, now: datetime, after: str = "", size: int = PAGE_SIZE
) -> QueuePage:
    """One page of the tickets of a person's projects that hold the words of ``filters``, among what customers see.

    Where those name no status, tickets in all states are meant. Raises NotFound for a key that is none.
    """
    filters = replace(filters, state=filters.state or "any")
    mine = (
        select(Membership.project_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.account_id == account_id, Account.disabled_at.is_(None))
    )
    with services.read() as database:
        projects = tuple(database.scalars(mine.order_by(Membership.project_id)))
        audience = Audience(is_staff=False, projects=projects)
        found = _found(database, filters, audience, conditions_of(filters, account_id, now), after, size + 1)
    shown = tuple(found[:size])
    return QueuePage(shown, f"{shown[-1].id}" if len(found) > size else "")


def _with_words(
    database: Session, filters: Filters, viewer_id: int, now: datetime, after: str, most: int
) -> Sequence[Ticket]:
    projects = None
    if filters.project:
        # The index knows whose project a ticket is: a small one's are found among a million.
        projects = tuple(database.scalars(select(Project.id).where(Project.key == filters.project)))
    audience = Audience(is_staff=True, projects=projects)
    return _found(database, filters, audience, conditions_of(filters, viewer_id, now), after, most)


def _found(
    database: Session,
    filters: Filters,
    audience: Audience,
    conditions: Iterable[ColumnElement[bool]],
    after: str,
    most: int,
) -> Sequence[Ticket]:
    before = _place(after)[1] if after else 0
    numbers = find_tickets(database, filters.terms, audience, list(conditions), before, most)
    statement = select(Ticket).where(Ticket.id.in_(numbers)).order_by(Ticket.id.desc())
    return database.scalars(_with_people(statement)).all()


def _with_people(statement: Select[Ticket]) -> Select[Ticket]:
    return statement.options(joinedload(Ticket.project), joinedload(Ticket.reporter), joinedload(Ticket.assignee))


def page_statement(
    filters: Filters, viewer_id: int, now: datetime, after: str = "", rare: Collection[str] = ()
) -> Select[Ticket]:
    """The query of a page without words to look for, in its order, from its key on."""
    statement = select(Ticket)
    for condition in conditions_of(filters, viewer_id, now, rare):
        statement = statement.where(condition)
    place = tuple_(Ticket.queue_at, Ticket.id)
    if filters.shown_state == "any":
        statement = statement.order_by(Ticket.id.desc())
        return statement.where(Ticket.id < _place(after)[1]) if after else statement
    if filters.shown_state == "closed":
        # What was closed last comes first.
        statement = statement.order_by(Ticket.queue_at.desc(), Ticket.id.desc())
        return statement.where(place < _bound(after)) if after else statement
    statement = statement.order_by(Ticket.queue_at, Ticket.id)
    return statement.where(place > _bound(after)) if after else statement


def rare_tags(database: Session, filters: Filters) -> frozenset[str]:
    """Those of the tags wanted that few tickets have."""
    found = set()
    for tag in filters.tags:
        some = select(TicketTag.ticket_id).where(TicketTag.tag == tag).limit(MOST_OF_A_RARE_TAG + 1).subquery()
        if (database.scalar(select(func.count()).select_from(some)) or 0) <= MOST_OF_A_RARE_TAG:
            found.add(tag)
    return frozenset(found)


def conditions_of(
    filters: Filters, viewer_id: int, now: datetime, rare: Collection[str] = ()
) -> Iterator[ColumnElement[bool]]:
    """What a ticket must be to be among those of the filters, but for the words that they look for.

    The tickets of ``rare`` tags are looked up by these; of other tags, the queue is walked until a page is full.
    """
    if filters.shown_state != "any":
        yield Ticket.state == filters.shown_state
    if filters.priority:
        yield Ticket.priority == filters.priority
    if filters.project:
        yield Ticket.project_id == select(Project.id).where(Project.key == filters.project).scalar_subquery()
    if filters.assignee == "me":
        yield Ticket.assignee_id == viewer_id
    elif filters.assignee == "unassigned":
        yield Ticket.assignee_id.is_(None)
    elif filters.assignee:
        person = aliased(Account)
        yield Ticket.assignee_id == (
            select(person.id).where(person.email == address_to_find(filters.assignee)).scalar_subquery()
        )
    for tag in filters.tags:
        if tag in rare:
            yield Ticket.id.in_(select(TicketTag.ticket_id).where(TicketTag.tag == tag))
        else:
            # A sum has no index, so that no planner begins with all tickets of the tag.
            here = Ticket.id + literal_column("0", Integer)
            yield exists().where(TicketTag.ticket_id == here, TicketTag.tag == tag).correlate(Ticket)
    if filters.overdue:
        yield Ticket.queue_at < now
        yield Ticket.state != "closed"


def _key(filters: Filters, last: Ticket) -> str:
    """Where the next page begins: opaque to people, safe in an address."""
    return f"{last.id}" if filters.shown_state == "any" else f"{last.queue_at:%Y%m%dT%H%M%S%f}.{last.id}"


def _place(key: str) -> tuple[datetime | None, int]:
    instant, dot, number = key.rpartition(".")
    try:
        if not key.isascii() or len(key) > 60:
            raise ValueError(key)
        at = datetime.strptime(f"{instant}+0000", "%Y%m%dT%H%M%S%f%z") if dot else None
        place = int(number)
    except ValueError:
        raise NotFound from None
    if not 0 <= place < 2**31:
        raise NotFound
    return at, place


def _bound(key: str) -> Tuple:
    at, number = _place(key)
    if at is None:
        raise NotFound
    return tuple_(literal(at, UtcDateTime), literal(number))

"""The staff queue: which tickets, in what order, a page at a time.

Open tickets come by their next deadline, those without one last. A page begins where the one before
ended, by key: the database walks an index from there, however many tickets lie before it.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Tuple, exists, literal, or_, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from formapp.actors import require_staff
from formapp.database.engine import UtcDateTime
from formapp.errors import NotFound, UseCaseError
from formapp.mail_address import address_to_find
from formapp.models import Account, Message, Project, Ticket
from formapp.services import Services
from formapp.text import normalise_line
from formapp.tickets.queries import number_of
from formapp.tickets.status import STAFF_LABELS
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

PAGE_SIZE = 50
LONGEST_SEARCH = 500
KEYS = {"status": "state", "priority": "priority", "project": "project", "assignee": "assignee"}
# What searches said before; bookmarks may still hold them.
_OLDER_KEYS = {"assigned": "assignee"}
_OLDER_ASSIGNEES = {"nobody": "unassigned"}
COLUMNS = (
    "Reference",
    "Subject",
    "Project",
    "Priority",
    "Status",
    "Reporter",
    "Assignee",
    "Opened (UTC)",
    "Response due (UTC)",
    "Answered (UTC)",
    "Resolution due (UTC)",
    "Closed (UTC)",
)
# A cell that begins so is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Where the comma is for decimals, spreadsheets cut a line at semicolons, whatever stands in quotation marks.
_CUT_BEFORE_FORMULA = re.compile(r'([;\t]["\s]*)(?=[=+\-@＝＋－＠])')

# A word, or several in quotation marks, with a key before it or not; "https://" is no key.
_PART = re.compile(r'(?:(?P<key>[^\W\d_]+):(?!//))?(?:"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]*))')


class SearchRefused(UseCaseError):
    """A search that can't be understood; the sentence says what can."""

    field = "search"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which tickets are wanted. ``assignee`` is "me", "unassigned", an address, or empty for everybody's."""

    state: str = "open"
    priority: str = ""
    project: str = ""
    assignee: str = ""
    overdue: bool = False
    text: str = ""

    def as_search(self) -> str:
        """The same as a search that people can type and change."""
        keys = [
            f"{key}:{_quoted(value) if ' ' in value else value}"
            for key, name in KEYS.items()
            if (value := getattr(self, name)) and value != _default(name)
        ]
        words = [_quoted(word) if _reads_as_key(word) else word for word in self.text.split()]
        return " ".join([*keys, *(["is:overdue"] if self.overdue else []), *words])


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of tickets with their project, reporter and assignee, and the key that the next one begins after."""

    tickets: tuple[Ticket, ...]
    next_key: str


def parse_search(text: str) -> Filters:
    """What a search like ``status:open priority:high assignee:me checkout`` asks for.

    What stands in quotation marks is never a key. Raises SearchRefused, or TextRefused for what no text holds.
    """
    found: dict[str, Any] = {}
    words = []
    line = normalise_line(text, LONGEST_SEARCH, gettext_noop("The search"))
    for part in _PART.finditer(line):
        value = part["quoted"] or part["plain"] or ""
        key = part["key"] and _OLDER_KEYS.get(part["key"].lower(), part["key"])
        if key is None:
            words.append(value)
        elif key.lower() == "is":
            if value.lower() != "overdue":
                raise SearchRefused(_("“is:%(value)s” is not known. Use is:overdue", value=value))
            found["overdue"] = True
        elif key.lower() in KEYS:
            found[KEYS[key.lower()]] = value.lower()
        else:
            known = ", ".join(f"{known}:" for known in KEYS)
            raise SearchRefused(
                _(
                    "“%(key)s:” is not known. Use %(known)s or is:overdue. "
                    "To look for words with a colon, put them in quotation marks",
                    key=key,
                    known=known,
                )
            )
    if "assignee" in found:
        found["assignee"] = _OLDER_ASSIGNEES.get(found["assignee"], found["assignee"])
    if found.get("state", "open") not in {*STAFF_LABELS, "any"}:
        raise SearchRefused(
            _("“status:%(value)s” is not known. Use status:open, waiting, closed or any", value=found["state"])
        )
    return Filters(**found, text=" ".join(" ".join(words).split()))


def merge_filters(typed: Filters, chosen: Filters, shown: Filters) -> Filters:
    """One wish of a form that says it twice, as a search and by its choices.

    A choice that differs from what the form ``shown`` had counts; for all others the search does.
    """
    changed = {
        name: getattr(chosen, name)
        for name in (*KEYS.values(), "overdue")
        if getattr(chosen, name) != getattr(shown, name)
    }
    return replace(typed, **changed)


def _quoted(words: str) -> str:
    return f'"{words}"'


def _reads_as_key(word: str) -> bool:
    part = _PART.match(word)
    return part is not None and part["key"] is not None


def find_page(
    services: Services, filters: Filters, viewer_id: int, now: datetime, after: str = "", size: int = PAGE_SIZE
) -> QueuePage:
    """One page of the queue, for staff; ``after`` is the page before's ``next_key``.

    Raises NotPermitted, and NotFound for a key that is none.
    """
    with services.read() as database:
        require_staff(database, viewer_id)
        statement = page_statement(filters, viewer_id, now, after).limit(size + 1)
        found = database.scalars(
            statement.options(joinedload(Ticket.project), joinedload(Ticket.reporter), joinedload(Ticket.assignee))
        ).all()
    shown = tuple(found[:size])
    return QueuePage(shown, _key(filters, shown[-1]) if len(found) > size else "")


def page_statement(filters: Filters, viewer_id: int, now: datetime, after: str = "") -> Select[Ticket]:
    """The query of a page, in its order, from its key on."""
    statement = select(Ticket)
    for condition in _conditions(filters, viewer_id, now):
        statement = statement.where(condition)
    place = tuple_(Ticket.queue_at, Ticket.id)
    if filters.state == "any":
        statement = statement.order_by(Ticket.id.desc())
        return statement.where(Ticket.id < _place(after)[1]) if after else statement
    if filters.state == "closed":
        # What was closed last comes first.
        statement = statement.order_by(Ticket.queue_at.desc(), Ticket.id.desc())
        return statement.where(place < _bound(after)) if after else statement
    statement = statement.order_by(Ticket.queue_at, Ticket.id)
    return statement.where(place > _bound(after)) if after else statement


def _conditions(filters: Filters, viewer_id: int, now: datetime) -> Iterator[ColumnElement[bool]]:
    if filters.state != "any":
        yield Ticket.state == filters.state
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
    if filters.overdue:
        yield Ticket.queue_at < now
        yield Ticket.state != "closed"
    for word in filters.text.split():
        yield _holds(word)


def _holds(word: str) -> ColumnElement[bool]:
    """Whether a ticket is that of a reference, or holds a word in its text or its conversation."""
    try:
        return Ticket.id == number_of(word.upper())
    except NotFound:
        pass
    in_message = exists().where(Message.ticket_id == Ticket.id, Message.body.icontains(word, autoescape=True))
    return or_(
        Ticket.subject.icontains(word, autoescape=True), Ticket.description.icontains(word, autoescape=True), in_message
    )


def _key(filters: Filters, last: Ticket) -> str:
    """Where the next page begins: opaque to people, safe in an address."""
    return f"{last.id}" if filters.state == "any" else f"{last.queue_at:%Y%m%dT%H%M%S%f}.{last.id}"


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


def csv_rows(services: Services, filters: Filters, viewer_id: int, now: datetime) -> Iterator[str]:
    """All tickets of the filters as CSV (RFC 4180), for staff, read and handed out some hundred lines at a time.

    Raises NotPermitted at once, before any line is asked for.
    """
    with services.read() as database:
        require_staff(database, viewer_id)
    return _csv_lines(services, filters, viewer_id, now)


def _csv_lines(services: Services, filters: Filters, viewer_id: int, now: datetime) -> Iterator[str]:
    yield _line(COLUMNS)
    after = ""
    while True:
        page = find_page(services, filters, viewer_id, now, after, size=500)
        yield "".join(_line(_cells(ticket)) for ticket in page.tickets)
        after = page.next_key
        if not after:
            return


def _cells(ticket: Ticket) -> tuple[str, ...]:
    times = (ticket.opened_at, ticket.response_due_at, ticket.answered_at, ticket.resolution_due_at, ticket.closed_at)
    return (
        ticket.reference,
        ticket.subject,
        ticket.project.name,
        ticket.priority,
        STAFF_LABELS[ticket.state],
        ticket.reporter.name,
        ticket.assignee.name if ticket.assignee else "",
        *(f"{time:%Y-%m-%d %H:%M}" if time else "" for time in times),
    )


def _line(cells: tuple[str, ...]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(map(_as_text, cells))
    return text.getvalue()


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet reckons with."""
    whole = f"'{cell}" if cell.startswith(_FORMULA) else cell
    return _CUT_BEFORE_FORMULA.sub(r"\1'", whole)


def _default(name: str) -> object:
    return next(field.default for field in fields(Filters) if field.name == name)

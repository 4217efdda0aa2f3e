"""Asking the search index: one interface, and how each database is asked.

What is found comes by the number of the ticket, the newest first. SQLite reads its index in that order and stops after
a page. PostgreSQL's index has no order, so there the newest tickets are looked through first: they hold a page of a
common word, and of others the index finds the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.orm import Session

from formapp.models import (
    FIRST_REFERENCE,
    REFERENCE_PREFIX,
    SEARCH_PARTS,
    Account,
    Membership,
    Project,
    SearchText,
    Ticket,
)
from formapp.search_words import Wanted, index_words
from formapp.tickets.search_index import EVERYTHING, PERSON, PROJECT, TICKET

MOST_NAMED = 200
"""So many people, and projects, a word of a search may name; of more the newest count."""
NEWEST = 750
"""So many tickets are looked through on PostgreSQL before its index is asked."""
# SQLite's index knows the beginnings of words up to so many letters; of longer ones the text itself is asked.
_LONGEST_BEGINNING = 8


# A reference among other words, as index words have it.
_REFERENCE = re.compile(rf"{index_words(REFERENCE_PREFIX)} ([0-9]{{4,9}})")


class Term(NamedTuple):
    """A word or phrase of a search; with ``without`` what holds it isn't wanted."""

    wanted: Wanted
    without: bool


class _Named(NamedTuple):
    """A term with the index words of the people, projects and ticket that it names."""

    term: Term
    owners: tuple[str, ...]

    @property
    def exact(self) -> bool:
        """Whether the index alone can tell: it is one word, and short enough if it is the beginning of one."""
        words, whole = self.term.wanted
        return len(words) == 1 and (whole or len(words[0]) <= _LONGEST_BEGINNING)


class Audience(NamedTuple):
    """Who searches: staff in everything, a customer in what customers see; of these projects alone (None: of all)."""

    is_staff: bool
    projects: tuple[int, ...] | None


class _Newest(NamedTuple):
    """How many tickets, the number of the oldest of them (0: there are none), and all numbers with commas between."""

    how_many: int
    oldest: int
    numbers: str


def find_tickets(
    database: Session,
    terms: Iterable[Term],
    audience: Audience,
    conditions: Sequence[ColumnElement[bool]],
    before: int,
    most: int,
) -> list[int]:
    """The numbers of tickets that hold all terms and meet all conditions on ``Ticket``, the newest first.

    ``before`` is the ticket that they are older than (0: any).
    """
    if audience.projects == ():
        return []
    named = [_with_owners(database, term, audience) for term in terms]
    found: dict[int, None] = {}
    bound = before * SEARCH_PARTS
    if database.get_bind().dialect.name == "postgresql":
        newest = _newest(database, audience, before)
        found.update(_found_among(database, newest, named, audience, conditions))
        if newest.how_many < NEWEST or len(found) >= most:
            return list(found)[:most]
        bound = newest.oldest * SEARCH_PARTS
    while True:
        rows = database.scalars(match_statement(database, named, audience, conditions, bound).limit(most)).all()
        # A long conversation may be found in several of its parts.
        found.update(dict.fromkeys(row // SEARCH_PARTS for row in rows))
        if len(rows) < most or len(found) >= most:
            return list(found)[:most]
        bound = rows[-1] // SEARCH_PARTS * SEARCH_PARTS


def match_statement(
    database: Session,
    named: Sequence[_Named],
    audience: Audience,
    conditions: Sequence[ColumnElement[bool]],
    bound: int,
) -> Select[Any]:
    """The query of the numbers of rows below a bound, in its order."""
    is_sqlite = database.get_bind().dialect.name == "sqlite"
    source, number, ticket = _sqlite_source() if is_sqlite else _postgresql_source()
    matches = _sqlite_matches if is_sqlite else _postgresql_matches
    # PostgreSQL's index has no order, and its planner would rather walk all rows in order to find the next page of a
    # word that it takes for common: a sum has no index.
    place = number if is_sqlite else number + literal_column("0", Integer)
    statement = select(number).select_from(source).where(matches(named, audience)).order_by(place.desc())
    if bound:
        statement = statement.where(number < bound)
    for one in named:
        if one.term.without:
            part = SearchText.__table__.alias("part")
            held = _holds(part, one, audience)
            statement = statement.where(~exists().where(part.c.ticket_id == ticket, held).correlate(source))
        elif not one.exact:
            statement = statement.where(_holds(source, one, audience))
    of_ticket = [Ticket.id == ticket, *conditions]
    if audience.projects is not None:
        of_ticket.append(Ticket.project_id.in_(audience.projects))
    elif not conditions:
        return statement
    wanted_ticket = select(Ticket.id).where(*of_ticket).correlate(source)
    if not is_sqlite:
        # PostgreSQL would make a join of it and read all of a project's tickets where it takes the word for commoner
        # than it is; with OFFSET each ticket that the index finds is looked up by itself.
        wanted_ticket = wanted_ticket.offset(0)
    return statement.where(wanted_ticket.exists())


def _newest(database: Session, audience: Audience, before: int) -> _Newest:
    """The newest tickets of an audience."""
    of_all = select(Ticket.id).order_by(Ticket.id.desc()).limit(NEWEST)
    if before:
        of_all = of_all.where(Ticket.id < before)
    if audience.projects is not None:
        of_each = [of_all.where(Ticket.project_id == project).subquery() for project in audience.projects]
        together = union_all(*(select(one.c.id) for one in of_each)).subquery()
        of_all = select(together.c.id).order_by(together.c.id.desc()).limit(NEWEST)
    number = of_all.subquery().c.id
    # The numbers go back as they come: reading and writing hundreds of them would cost Python more than the search.
    numbers = func.coalesce(func.string_agg(cast(number, Text), ","), "")
    return _Newest(*database.execute(select(func.count(), func.coalesce(func.min(number), 0), numbers)).one())


def _found_among(
    database: Session,
    newest: _Newest,
    named: Sequence[_Named],
    audience: Audience,
    conditions: Sequence[ColumnElement[bool]],
) -> dict[int, None]:
    """Which of these tickets hold all terms and meet all conditions, by their texts, without the index."""
    texts = SearchText.__table__
    of_these = texts.c.ticket_id == func.any(cast(func.string_to_array(newest.numbers, ","), ARRAY(Integer)))
    held = [_holds(texts, one, audience) for one in named if not one.term.without]
    statement = select(texts.c.ticket_id).where(of_these, *held).order_by(texts.c.id.desc())
    if conditions:
        statement = statement.join(Ticket, Ticket.id == texts.c.ticket_id).where(*conditions)
    found = dict.fromkeys(database.scalars(statement))
    if unwanted := [_holds(texts, one, audience) for one in named if one.term.without]:
        for number in database.scalars(select(texts.c.ticket_id).where(of_these, or_(*unwanted))):
            found.pop(number, None)
    return found


def _with_owners(database: Session, term: Term, audience: Audience) -> _Named:
    """The term with the people and projects whose names, or for staff addresses, hold it."""
    pattern = _pattern(term.wanted)
    name = Account.name_words.contains(pattern, autoescape=True)
    if audience.is_staff:
        name = or_(name, Account.address_words.contains(pattern, autoescape=True))
    people = select(Account.id).where(name, Account.erased_at.is_(None))
    key = "-".join(term.wanted.words)
    of_name = select(Project.id).where(or_(Project.name_words.contains(pattern, autoescape=True), Project.key == key))
    if not audience.is_staff and audience.projects is not None:
        # One's own people before others of that name, should there be more of them than count.
        own = exists().where(Membership.account_id == Account.id, Membership.project_id.in_(audience.projects))
        people = people.order_by(own.desc())
        of_name = of_name.where(Project.id.in_(audience.projects))
    persons = database.scalars(people.order_by(Account.id.desc()).limit(MOST_NAMED))
    owners = [f"{PERSON}{number}" for number in persons]
    projects = database.scalars(of_name.order_by(Project.id.desc()).limit(MOST_NAMED))
    owners += [f"{PROJECT}{number}" for number in projects]
    reference = _REFERENCE.fullmatch(" ".join(term.wanted.words))
    if reference:
        owners.append(f"{TICKET}{int(reference[1]) - FIRST_REFERENCE}")
    return _Named(term, tuple(owners))


def _pattern(wanted: Wanted) -> str:
    """What the words look like in a text, in which each has a space before and after it."""
    return f" {' '.join(wanted.words)}{' ' if wanted.whole else ''}"


def _holds(source: FromClause, named: _Named, audience: Audience) -> ColumnElement[bool]:
    """Whether the text itself holds a term, or is of somebody whom it names."""
    patterns = [_pattern(named.term.wanted), *(f" {owner} " for owner in named.owners)]
    columns = (source.c.public, source.c.internal) if audience.is_staff else (source.c.public,)
    return or_(*(one.contains(pattern, autoescape=True) for pattern in patterns for one in columns))


def _sqlite_source() -> tuple[FromClause, ColumnElement[int], ColumnElement[int]]:
    index = table("search_index", column("rowid", Integer), column("public", Text), column("internal", Text))
    # Dividing whole numbers, SQLite leaves the rest away.
    return index, index.c.rowid, literal_column(f"search_index.rowid / {SEARCH_PARTS}", Integer)


def _postgresql_source() -> tuple[FromClause, ColumnElement[int], ColumnElement[int]]:
    texts = SearchText.__table__
    return texts, texts.c.id, texts.c.ticket_id


def _sqlite_matches(named: Sequence[_Named], audience: Audience) -> ColumnElement[bool]:
    def quoted(word: str, *, whole: bool = True) -> str:
        return f'"{word}"' if whole else f'"{word[:_LONGEST_BEGINNING]}" *'

    query = _query(named, audience, quoted, (" AND ", " OR ", " NOT "))
    if not audience.is_staff:
        query = f"{{public}} : ({query})"
    return literal_column("search_index", Text).op("MATCH", is_comparison=True)(query)


def _postgresql_matches(named: Sequence[_Named], audience: Audience) -> ColumnElement[bool]:
    def quoted(word: str, *, whole: bool = True) -> str:
        return f"'{word}'" if whole else f"'{word}':*"

    texts = "search_texts.public || search_texts.internal" if audience.is_staff else "search_texts.public"
    # To the letter as in the index, so without parameters; the words too, as the planner must see how common they are.
    vector: ColumnElement[Any] = literal_column(f"array_to_tsvector(array_remove(string_to_array({texts}, ' '), ''))")
    query = _query(named, audience, quoted, (" & ", " | ", " & !"))
    return vector.op("@@", is_comparison=True)(cast(bindparam(None, query, Text, literal_execute=True), TSQUERY))


def _query(named: Sequence[_Named], audience: Audience, quoted: Any, signs: tuple[str, str, str]) -> str:  # noqa: ANN401 - a function with a keyword
    """The terms in a database's own language, by its signs for and, or, and not."""
    both, either, but_not = signs
    wanted = [_alternatives(one, quoted, both, either) for one in named if not one.term.without]
    if audience.projects is not None:
        scope = either.join(quoted(f"{PROJECT}{number}") for number in audience.projects)
        wanted.insert(0, f"({scope})")
    wanted = wanted or [quoted(EVERYTHING)]
    query = both.join(wanted)
    unwanted = [_alternatives(one, quoted, both, either) for one in named if one.term.without and one.exact]
    return "".join([f"({query})", *(f"{but_not}{one}" for one in unwanted)])


def _alternatives(named: _Named, quoted: Any, both: str, either: str) -> str:  # noqa: ANN401 - a function with a keyword
    *before, last = named.term.wanted.words
    text = both.join([*map(quoted, before), quoted(last, whole=named.term.wanted.whole)])
    return f"({either.join([f'({text})', *map(quoted, named.owners)])})"

"""The search index: the words of each ticket, written in the transaction that changes it.

A row of ``search_texts`` holds a ticket's words and those of its conversation, what customers see apart from what only
staff do. A very long conversation has several rows, its parts, so that each reply costs as much as the one before.
Names and addresses aren't copied into it: a text holds the numbers of its people and its project, and a search asks
first whose name it is, so that a new name counts at once in a million tickets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Connection, delete, insert, literal, select, text, union_all, update
from sqlalchemy.orm import Session

from formapp.models import SEARCH_PARTS, Account, Attachment, Message, Project, SearchText, Ticket
from formapp.search_words import index_words
from formapp.services import Services

# Characters that nobody's words hold, as they are neither letters nor digits.
EVERYTHING = "\ue000"
"""A word that each row holds."""
BETWEEN = "\ue001"
"""Stands between two texts, so that no phrase is found across."""
PERSON = "\ue002"
PROJECT = "\ue003"
TICKET = "\ue004"
"""Before the number of a person, project or ticket: whose text it is, and of which ticket."""
PART_LENGTH = 60_000
"""A part with so many characters takes no further text."""
BATCH = 200
_INSERT = insert(SearchText)


class Piece(NamedTuple):
    """A text of a ticket as words; ``internal`` says that only staff see it."""

    words: str
    internal: bool = False


def add_ticket(
    connection: Connection,
    number: int,
    *,
    project_id: int,
    account_id: int,
    subject: str,
    url: str,
    description: str,
    files: Iterable[str],
    answers: Sequence[Mapping[str, str]] = (),
) -> None:
    """Index a ticket that this transaction has just made."""
    head = _head(number, project_id, account_id, subject)
    texts = [*_pieces(url, description), *_pieces(*_words_of(answers)), *_pieces(*files)]
    connection.execute(_INSERT, [_row(number, part) for part in _parts(number, head, texts)])


def add_message(database: Session, message: Message, files: Iterable[str]) -> None:
    """Index a message that this transaction has just added to a ticket that it has locked."""
    last = database.execute(
        select(SearchText.id, SearchText.public, SearchText.internal)
        .where(SearchText.ticket_id == message.ticket_id)
        .order_by(SearchText.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        # Somebody has emptied the index by hand.
        index_tickets(database.connection(), [message.ticket_id])
        return
    row = database.execute(
        select(Ticket.project_id, Ticket.account_id, Ticket.subject).where(Ticket.id == message.ticket_id)
    ).one()
    head = _head(message.ticket_id, *row)
    pieces = _message_pieces(message.kind, message.account_id, message.body, files)
    first, *more = _parts(message.ticket_id, head, pieces, (last.id, last.public, last.internal))
    changed = update(SearchText).where(SearchText.id == first[0]).values(public=first[1], internal=first[2])
    database.execute(changed.execution_options(synchronize_session=False))
    if more:
        database.execute(_INSERT, [_row(message.ticket_id, part) for part in more])


def index_tickets(connection: Connection, numbers: Sequence[int]) -> None:
    """Index tickets anew, because texts of theirs were changed or taken out. One that isn't there is taken out.

    Until the transaction ends nobody adds to them.
    """
    if not numbers:
        return
    connection.execute(select(Ticket.id).where(Ticket.id.in_(numbers)).order_by(Ticket.id).with_for_update())
    connection.execute(delete(SearchText).where(SearchText.ticket_id.in_(numbers)))
    if rows := list(expected_rows(connection, numbers)):
        connection.execute(_INSERT, rows)


def expected_rows(connection: Connection, numbers: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The rows that these tickets should have, in order, as they follow from their texts."""
    found = connection.execute(_texts_of(numbers))
    of_forms = select(Ticket.id, Ticket.form_answers).where(Ticket.id.in_(numbers), Ticket.form != "")
    answers = {row.id: row.form_answers for row in connection.execute(of_forms)}
    for number, rows in groupby(found, key=lambda row: row.ticket_id):
        ticket, *others = rows
        head = _head(number, ticket.project_id, ticket.account_id, ticket.text)
        pieces = [*_pieces(ticket.url, ticket.description), *_pieces(*_words_of(answers.get(number, ())))]
        for row in others:
            if row.is_file:
                pieces.append(Piece(index_words(row.text), row.kind == "note"))
            else:
                pieces += _message_pieces(row.kind, row.account_id, row.text, ())
        yield from (_row(number, part) for part in _parts(number, head, pieces))


def rebuild(services: Services) -> int:
    """Write the whole index anew, some tickets at a time; how many tickets it holds.

    SQLite's own index is made anew first, in one transaction that holds others up: a row can be taken out of it
    only by the words that it has there.
    """
    with services.write.begin() as database:
        if database.get_bind().dialect.name == "sqlite":
            database.execute(text("INSERT INTO search_index (search_index) VALUES ('rebuild')"))
        database.execute(delete(SearchText).where(SearchText.ticket_id.not_in(select(Ticket.id))))
        for row in (*database.scalars(select(Account)), *database.scalars(select(Project))):
            row.keep_all_words()
    done, last = 0, 0
    while True:
        with services.write.begin() as database:
            of_batch = select(Ticket.id).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)
            numbers = database.scalars(of_batch).all()
            index_tickets(database.connection(), numbers)
        if not numbers:
            break
        done, last = done + len(numbers), numbers[-1]
    return done


def _texts_of(numbers: Sequence[int]) -> Any:  # noqa: ANN401 - a compound select of rows with names
    """All texts of tickets: of each the ticket's own first, then its files, then its messages, each with its files."""
    none, no_number = literal(""), literal(0)
    tickets = select(
        Ticket.id.label("ticket_id"),
        no_number.label("message_id"),
        no_number.label("is_file"),
        no_number.label("place"),
        literal("reply").label("kind"),
        Ticket.account_id.label("account_id"),
        Ticket.project_id.label("project_id"),
        Ticket.subject.label("text"),
        Ticket.url.label("url"),
        Ticket.description.label("description"),
    ).where(Ticket.id.in_(numbers))
    messages = select(
        Message.ticket_id, Message.id, no_number, no_number, Message.kind, Message.account_id, no_number,
        Message.body, none, none,
    ).where(Message.ticket_id.in_(numbers))  # fmt: skip
    of_message = Message.id == Attachment.message_id
    files = (
        select(
            Attachment.ticket_id,
            text("coalesce(attachments.message_id, 0)"),
            literal(1),
            Attachment.id,
            text("coalesce(messages.kind, 'reply')"),
            Attachment.account_id,
            no_number,
            Attachment.name,
            none,
            none,
        )
        .join(Message, of_message, isouter=True)
        .where(Attachment.ticket_id.in_(numbers))
    )
    return union_all(tickets, messages, files).order_by("ticket_id", "message_id", "is_file", "place")


def _words_of(answers: Iterable[Mapping[str, str]]) -> Iterator[str]:
    """What the answers of a form are found by: each value, and its words where they say it differently."""
    for one in answers:
        yield one["value"] if one["words"] == one["value"] else f"{one['value']} {one['words']}"


def _head(number: int, project_id: int, account_id: int, subject: str) -> str:
    """What each part of a ticket begins with."""
    numbers = f"{TICKET}{number} {PROJECT}{project_id} {PERSON}{account_id}"
    return f" {EVERYTHING} {numbers} {BETWEEN} {index_words(subject)} "


def _message_pieces(kind: str, account_id: int, body: str, files: Iterable[str]) -> list[Piece]:
    internal = kind == "note"
    words = f"{PERSON}{account_id} {index_words(body)}"
    return [Piece(words, internal), *(Piece(index_words(name), internal) for name in files)]


def _pieces(*texts: str) -> list[Piece]:
    return [Piece(index_words(one)) for one in texts if one]


_Part = tuple[int, str, str]
"""A row's number, its public and its internal words."""


def _parts(number: int, head: str, pieces: Iterable[Piece], last: _Part | None = None) -> Iterator[_Part]:
    """The parts of a ticket from its ``last`` one on, or all of them, with these pieces added."""
    place, public, internal = last or (number * SEARCH_PARTS, head, "")
    for piece in pieces:
        for words in _cut(piece.words):
            # The last part takes whatever still comes.
            if len(public) + len(internal) >= PART_LENGTH and place % SEARCH_PARTS < SEARCH_PARTS - 1:
                yield place, public, internal
                place, public, internal = place + 1, head, ""
            if piece.internal:
                internal = f"{internal or ' '}{BETWEEN} {words} "
            else:
                public = f"{public}{BETWEEN} {words} "
    yield place, public, internal


def _cut(words: str) -> Iterator[str]:
    """Words in pieces of at most a part's length, the rest of the last word included."""
    while len(words) > PART_LENGTH:
        end = words.find(" ", PART_LENGTH)
        if end < 0:
            break
        yield words[:end]
        words = words[end + 1 :]
    yield words


def _row(ticket_id: int, part: _Part) -> dict[str, Any]:
    return {"id": part[0], "ticket_id": ticket_id, "public": part[1], "internal": part[2]}

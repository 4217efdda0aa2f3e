"""The search index: the words of each ticket, and of people's and projects' names, filled from what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import op

from formapp.search_words import index_words

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BATCH = 500
PARTS = 10_000
PART_LENGTH = 60_000
# FTS5 looks into the rows of search_texts, so that it keeps no second copy of them. The words come in one form already,
# so spaces alone divide them. The beginnings of words up to eight letters have an index of their own each: a page of
# what is found is read from its newest row back, however many rows there are.
_SQLITE = (
    """
    CREATE VIRTUAL TABLE search_index USING fts5(
        public, internal, content='search_texts', content_rowid='id', tokenize='ascii', prefix='1 2 3 4 5 6 7 8',
        detail='column', columnsize=0
    )
    """,
    """
    CREATE TRIGGER search_texts_added AFTER INSERT ON search_texts BEGIN
        INSERT INTO search_index (rowid, public, internal) VALUES (new.id, new.public, new.internal);
    END
    """,
    """
    CREATE TRIGGER search_texts_removed AFTER DELETE ON search_texts BEGIN
        INSERT INTO search_index (search_index, rowid, public, internal)
        VALUES ('delete', old.id, old.public, old.internal);
    END
    """,
    """
    CREATE TRIGGER search_texts_changed AFTER UPDATE ON search_texts BEGIN
        INSERT INTO search_index (search_index, rowid, public, internal)
        VALUES ('delete', old.id, old.public, old.internal);
        INSERT INTO search_index (rowid, public, internal) VALUES (new.id, new.public, new.internal);
    END
    """,
)
_POSTGRESQL = (
    """
    CREATE INDEX search_index_whole ON search_texts
    USING gin (array_to_tsvector(array_remove(string_to_array(public || internal, ' '), '')))
    """,
    """
    CREATE INDEX search_index_public ON search_texts
    USING gin (array_to_tsvector(array_remove(string_to_array(public, ' '), '')))
    """,
    # The newest tickets of a project are looked through before the index is asked, which has no order there.
    "CREATE INDEX search_index_projects ON tickets (project_id, id)",
)
_TEXTS = """
SELECT id AS ticket_id, 0 AS message_id, 0 AS is_file, 0 AS place, 'reply' AS kind, account_id, project_id,
    subject AS text, url, description
FROM tickets WHERE id > :after AND id <= :last
UNION ALL
SELECT ticket_id, id, 0, 0, kind, account_id, 0, body, '', '' FROM messages
WHERE ticket_id > :after AND ticket_id <= :last
UNION ALL
SELECT attachments.ticket_id, coalesce(attachments.message_id, 0), 1, attachments.id, coalesce(messages.kind, 'reply'),
    attachments.account_id, 0, attachments.name, '', ''
FROM attachments LEFT JOIN messages ON messages.id = attachments.message_id
WHERE attachments.ticket_id > :after AND attachments.ticket_id <= :last
ORDER BY ticket_id, message_id, is_file, place
"""


def upgrade() -> None:
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    texts = op.create_table(
        "search_texts",
        sa.Column(
            "id",
            big,
            nullable=False,
            autoincrement=False,
            comment="Ten thousand times the ticket's number, and the part's: the order of what is found",
        ),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("public", sa.Text(), nullable=False, comment="Words that customers see, in the one form of search"),
        sa.Column("internal", sa.Text(), nullable=False, comment="Words that only staff see: notes and their files"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_search_texts_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name="pk_search_texts"),
    )
    op.create_index(op.f("ix_search_texts_ticket_id"), "search_texts", ["ticket_id"])
    for table, column, what in (
        ("accounts", "name_words", "The name's words in the one form of search"),
        ("accounts", "address_words", "The address's words in the one form of search"),
        ("projects", "name_words", "The name's words in the one form of search"),
    ):
        op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default="", comment=what))
    connection = op.get_bind()
    _fill_names(connection, "accounts", {"name_words": "name", "address_words": "email"})
    _fill_names(connection, "projects", {"name_words": "name"})
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        op.execute(_SQLITE[0])
    for rows in _filled(connection):
        connection.execute(texts.insert(), rows)
    if sqlite:
        op.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
    for statement in _SQLITE[1:] if sqlite else _POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    else:
        op.execute("DROP INDEX search_index_projects")
    op.drop_table("search_texts")
    with op.batch_alter_table("projects") as projects:
        projects.drop_column("name_words")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("address_words")
        accounts.drop_column("name_words")


def _fill_names(connection: sa.Connection, name: str, columns: dict[str, str]) -> None:
    table = sa.table(name, sa.column("id"), *(sa.column(one) for pair in columns.items() for one in pair))
    rows = connection.execute(sa.select(table.c.id, *(table.c[source] for source in columns.values()))).all()
    changes = [
        {"number": number, **{word: f" {index_words(one)} " for word, one in zip(columns, texts, strict=True)}}
        for number, *texts in rows
    ]
    if changes:
        change = table.update().where(table.c.id == sa.bindparam("number"))
        connection.execute(change.values({word: sa.bindparam(word) for word in columns}), changes)


def _filled(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    """The rows of all tickets, as ``formapp.tickets.search_index`` makes them at this revision."""
    numbers = list(connection.scalars(sa.text("SELECT id FROM tickets ORDER BY id")))
    after = 0
    for start in range(0, len(numbers), BATCH):
        last = numbers[start : start + BATCH][-1]
        found = connection.execute(sa.text(_TEXTS), {"after": after, "last": last})
        groups = groupby(found, key=lambda row: row.ticket_id)
        yield [part for number, rows in groups for part in _parts_of(number, list(rows))]
        after = last


def _parts_of(number: int, rows: list[Any]) -> Iterator[dict[str, Any]]:
    ticket, *others = rows
    head = (
        f" \ue000 \ue004{number} \ue003{ticket.project_id} \ue002{ticket.account_id} \ue001 {index_words(ticket.text)} "
    )
    place, public, internal = number * PARTS, head, ""
    for words, is_note in [
        *((index_words(one), False) for one in (ticket.url, ticket.description) if one),
        *((_words(row), row.kind == "note") for row in others),
    ]:
        for piece in _cut(words):
            if len(public) + len(internal) >= PART_LENGTH and place % PARTS < PARTS - 1:
                yield {"id": place, "ticket_id": number, "public": public, "internal": internal}
                place, public, internal = place + 1, head, ""
            if is_note:
                internal = f"{internal or ' '}\ue001 {piece} "
            else:
                public = f"{public}\ue001 {piece} "
    yield {"id": place, "ticket_id": number, "public": public, "internal": internal}


def _words(row: Any) -> str:  # noqa: ANN401 - a row of the query above
    return index_words(row.text) if row.is_file else f"\ue002{row.account_id} {index_words(row.text)}"


def _cut(words: str) -> Iterable[str]:
    while len(words) > PART_LENGTH:
        end = words.find(" ", PART_LENGTH)
        if end < 0:
            break
        yield words[:end]
        words = words[end + 1 :]
    yield words

"""What search looks into: the words of each ticket."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base

SEARCH_PARTS = 10_000
"""So many parts a ticket's words may have; a part's number is that of the ticket times this, and its place."""


class SearchText(Base):
    """The words of a ticket and its conversation, or of a part of a very long one.

    The databases' indexes hang on this table: in SQLite the table ``search_index`` (FTS5), which triggers fill,
    in PostgreSQL two GIN indexes. Migration 0015 makes them.
    """

    __tablename__ = "search_texts"
    __table_args__ = (Index(None, "ticket_id"),)

    id: Mapped[int] = mapped_column(
        # Only so it is the row's own number in SQLite, which the index needs.
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        comment="Ten thousand times the ticket's number, and the part's: the order of what is found",
    )
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), comment="The ticket")
    public: Mapped[str] = mapped_column(Text, comment="Words that customers see, in the one form of search")
    internal: Mapped[str] = mapped_column(Text, comment="Words that only staff see: notes and their files")

"""What single persons have to do with a ticket: what they have read, whether they watch it, whether it was solved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime


class TicketRead(Base):
    """Up to where a person has read a ticket's conversation; what came later is new."""

    __tablename__ = "ticket_reads"
    __table_args__ = (Index(None, "ticket_id"),)

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="Who has read")
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    message_id: Mapped[int] = mapped_column(comment="Number of the newest message that was shown; 0: none was there")


class Watcher(Base):
    """A colleague in copy: gets the ticket's mails as long as the person is in its project."""

    __tablename__ = "watchers"
    __table_args__ = (Index(None, "account_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="Who is in copy")
    added_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who put the person in copy")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Since when")


class SolvedAnswer(Base):
    """Whether a closed ticket was solved, in the words of one person; the newest answer counts."""

    __tablename__ = "solved_answers"
    __table_args__ = (
        Index(None, "account_id"),
        CheckConstraint("solved OR length(because) > 0", name="because_when_not_solved"),
    )

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="Who says it")
    solved: Mapped[bool] = mapped_column(comment="Whether it was solved")
    because: Mapped[str] = mapped_column(Text, comment="What is still wrong, as typed, normalised; empty where solved")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was said last")

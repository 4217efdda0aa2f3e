"""What single persons have to do with a ticket: what they have read, whether they watch it, whether it was solved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
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
    """Somebody in copy: gets the ticket's mails, a colleague as long as the person is in its project.

    Who has left stays listed, so that no mail goes there for having written on the ticket.
    """

    __tablename__ = "watchers"
    __table_args__ = (Index(None, "account_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True, comment="Who is in copy")
    added_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who put the person in copy")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Since when")
    by_address: Mapped[bool] = mapped_column(
        default=False, server_default=false(), comment="Whether the person confirmed it by mail, in the project or not"
    )
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When the person left; empty: in copy")


class CopyInvitation(Base):
    """An address that was asked whether it wants to be in copy, and hasn't answered."""

    __tablename__ = "copy_invitations"
    __table_args__ = (UniqueConstraint("token_hash"), Index(None, "email"), Index(None, "expires_at"))

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    email: Mapped[str] = mapped_column(String(254), primary_key=True, comment="Who was asked, in small letters")
    token_hash: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the link's token, hex")
    invited_by_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who wants the person in copy")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was asked")
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Until when the link works")
    unreached_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the mail came back; empty: it didn't"
    )


class CopyRefusal(Base):
    """An address that doesn't want to be asked again whether it wants to be in copy."""

    __tablename__ = "copy_refusals"

    address_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="HMAC-SHA-256 of the address with the desk's secret key, hex"
    )
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the person said so")


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

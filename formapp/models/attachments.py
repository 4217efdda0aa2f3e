"""Files that came with a ticket or a message."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime
from formapp.models.constraints import one_of

SCAN_STATES = ("none", "pending", "clean", "infected", "failed")
PREVIEW_STATES = ("none", "pending", "made", "failed")


class Attachment(Base):
    """A file that came with a ticket or a message. Its bytes lie in the file store; the row and they go together."""

    __tablename__ = "attachments"
    __table_args__ = (
        UniqueConstraint("key"),
        CheckConstraint("length(name) > 0", name="name_not_empty"),
        CheckConstraint("size > 0", name="size_counted"),
        CheckConstraint("length(digest) = 64", name="digest_whole"),
        CheckConstraint(one_of("scan", SCAN_STATES), name="scan_known"),
        CheckConstraint(one_of("preview", PREVIEW_STATES), name="preview_known"),
        CheckConstraint("attempts >= 0", name="attempts_counted"),
        Index(None, "ticket_id", "id"),
        Index(None, "message_id"),
        Index(
            "ix_attachments_work",
            "work_at",
            sqlite_where=text("work_at IS NOT NULL"),
            postgresql_where=text("work_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order within the ticket")
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), comment="The ticket")
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id"), comment="The message it came with; empty: it came with the ticket"
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who sent it")
    key: Mapped[str] = mapped_column(String(64), comment="Its key in the file store; a file is attached once")
    name: Mapped[str] = mapped_column(String(255), comment="Name as sent, cleaned")
    kind: Mapped[str] = mapped_column(String(32), comment="Kind of the policy's list, by the last extension")
    media_type: Mapped[str] = mapped_column(String(100), comment="Media type that follows from the kind")
    size: Mapped[int] = mapped_column(comment="Size in bytes")
    digest: Mapped[str] = mapped_column(String(64), comment="SHA-256 of its bytes, hex")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was attached")
    scan: Mapped[str] = mapped_column(
        String(8), comment="none (no scanner is set), pending, clean, infected, or failed: to be tried again"
    )
    scan_detail: Mapped[str] = mapped_column(Text, default="", comment="What the scanner found, or why it failed")
    preview: Mapped[str] = mapped_column(String(8), comment="none (no picture), pending, made, or failed")
    attempts: Mapped[int] = mapped_column(default=0, comment="How often the worker has begun with it in a row")
    work_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When the worker looks at it next; empty: nothing is to be done"
    )

    @property
    def may_be_opened(self) -> bool:
        """Whether people get the file: it was found clean, or no scanner is set."""
        return self.scan in {"none", "clean"}


class AnonymousFile(Base):
    """A file that waits for its ticket and came from somebody signed out: all of them share one limit."""

    __tablename__ = "anonymous_files"
    __table_args__ = (Index(None, "staged_at"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True, comment="Its key in the file store")
    size: Mapped[int] = mapped_column(comment="Size in bytes")
    staged_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it came")

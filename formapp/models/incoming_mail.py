"""Mail that people sent to the desk: each message whole, and what became of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime
from formapp.models.constraints import one_of

MAIL_DOORS = ("pipe", "imap", "lmtp", "form")
INCOMING_STATES = ("new", "added", "asked", "held", "ignored", "bounce", "spam")


class IncomingMail(Base):
    """One message as it was received. It is stored first and processed afterwards, so that none is lost."""

    __tablename__ = "incoming_mails"
    __table_args__ = (
        CheckConstraint(one_of("door", MAIL_DOORS), name="door_known"),
        CheckConstraint(one_of("state", INCOMING_STATES), name="state_known"),
        Index(None, "state", "id"),
        Index(None, "ticket_id"),
        Index(None, "account_id"),
        Index(
            "ix_incoming_mails_unprocessed",
            "id",
            sqlite_where=text("state = 'new'"),
            postgresql_where=text("state = 'new'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the mail")
    received_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the desk took it")
    door: Mapped[str] = mapped_column(String(8), comment="How it came: pipe, imap, lmtp, or by the form")
    digest: Mapped[str] = mapped_column(
        String(64), unique=True, comment="SHA-256 of its Message-ID and content, hex: the same mail is taken once"
    )
    size: Mapped[int] = mapped_column(comment="Its length in bytes")
    raw: Mapped[bytes | None] = mapped_column(LargeBinary, comment="The whole message; empty once pruned or erased")
    state: Mapped[str] = mapped_column(String(8), comment="What became of it; new: not processed yet")
    reason: Mapped[str] = mapped_column(String(32), comment="Why, as a code; empty where the state says all")
    sender: Mapped[str] = mapped_column(String(254), comment="The address that it names as its sender, or empty")
    subject: Mapped[str] = mapped_column(String(200), comment="Its subject, shortened")
    confirmed: Mapped[bool] = mapped_column(
        comment="Whether the sender is proved: by an address of its own, or by the mail server"
    )
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="Whose address the sender is; of a bounce, whom mail doesn't reach"
    )
    ticket_id: Mapped[int | None] = mapped_column(
        ForeignKey("tickets.id", ondelete="SET NULL"), comment="The ticket that it belongs to"
    )
    message_id: Mapped[int | None] = mapped_column(
        ForeignKey("messages.id", ondelete="SET NULL"), unique=True, comment="The reply that it became"
    )
    processed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it got its state")
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="Who at the desk decided; empty: the rules"
    )
    draft_hash: Mapped[str | None] = mapped_column(
        String(64), comment="SHA-256 of the token of the form that was filled with it, hex"
    )
    attempts: Mapped[int] = mapped_column(default=0, server_default="0", comment="How often it was tried to process it")
    retry_at: Mapped[datetime] = mapped_column(
        UtcDateTime, comment="Not processed before: somebody is at it, or it failed"
    )
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it got an automatic answer")

"""Messages on their way, written in the transaction of what they tell about."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime
from formapp.models.constraints import one_of

OUTBOX_STATES = ("due", "sent", "dead", "kept")


class OutboxMessage(Base):
    """One message to one recipient, written in the transaction of what it tells about."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("message_id"),
        CheckConstraint(one_of("state", OUTBOX_STATES), name="state_known"),
        Index(
            "ix_outbox_due",
            "next_attempt_at",
            postgresql_where=text("state = 'due'"),
            sqlite_where=text("state = 'due'"),
        ),
        # Partial, so that the many that were sent cost nothing when staff look for the few that weren't.
        Index("ix_outbox_dead", "id", postgresql_where=text("state = 'dead'"), sqlite_where=text("state = 'dead'")),
        Index(None, "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order of sending within a ticket")
    channel: Mapped[str] = mapped_column(String(16), comment="mail, webhook, or announcement: to be spread")
    kind: Mapped[str] = mapped_column(String(32), comment="What it tells: received, link, ...")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), comment="The ticket it is about, if one")
    recipient: Mapped[str] = mapped_column(Text, comment="The one address it goes to")
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, comment="The facts it is written from when it is sent")
    message_id: Mapped[str] = mapped_column(String(200), comment="Stable id; a repeat carries the same")
    state: Mapped[str] = mapped_column(
        String(8), default="due", comment="due, sent, dead, or kept: shown because no server is set"
    )
    attempts: Mapped[int] = mapped_column(default=0, comment="How often it was tried")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was written")
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Not tried before")
    lease: Mapped[str | None] = mapped_column(String(64), comment="Which worker holds it; empty: none")
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="Until when; then another may take it")
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="When it was sent or given up")
    last_error: Mapped[str] = mapped_column(Text, default="", comment="Why the last try failed")

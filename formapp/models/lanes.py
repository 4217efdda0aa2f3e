"""How the worker is doing, as it notes itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime
from formapp.models.constraints import one_of

WORK_KINDS = ("notices", "rendering", "preview")


class LaneRound(Base):
    """The last round of one of the worker's lanes, whichever worker's."""

    __tablename__ = "lane_rounds"

    lane: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Name of the lane")
    finished_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it last finished a round, to 15 seconds")


class FailedWork(Base):
    """Work of the worker on one row that failed: put off, and after some tries given up until staff try it again."""

    __tablename__ = "failed_work"
    __table_args__ = (
        UniqueConstraint("kind", "item"),
        CheckConstraint(one_of("kind", WORK_KINDS), name="kind_known"),
        Index(None, "ticket_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the row")
    kind: Mapped[str] = mapped_column(String(16), comment="What was to be done: notices, rendering, preview")
    item: Mapped[int] = mapped_column(comment="Of which row: the ticket, the message, the file")
    ticket_id: Mapped[int] = mapped_column(
        ForeignKey("tickets.id", ondelete="CASCADE"), comment="The ticket that it belongs to"
    )
    attempts: Mapped[int] = mapped_column(comment="How often it was tried in a row")
    first_failed_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it first failed")
    retry_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Not tried before; counts until it is given up")
    given_up_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When it was given up; empty: it is tried again"
    )
    reason: Mapped[str] = mapped_column(Text, comment="Why the last try failed; nothing that anybody typed")

"""What readers and staff say of the guide's pages: whether one helped, and which should have answered a ticket."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime

PAGE_LENGTH = 300


class PageFeedback(Base):
    """One answer to "Was this page helpful?". Nothing tells who gave it, but what the person typed."""

    __tablename__ = "page_feedback"
    __table_args__ = (
        CheckConstraint("length(page) > 0", name="page_not_empty"),
        CheckConstraint("NOT helpful OR length(because) = 0", name="reason_when_not_helpful"),
        Index(None, "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the answer")
    page: Mapped[str] = mapped_column(String(PAGE_LENGTH), comment="Path of the guide's page")
    helpful: Mapped[bool] = mapped_column(comment="Whether it helped")
    because: Mapped[str] = mapped_column(Text, comment="What was missing, as typed, normalised; empty where not said")
    day: Mapped[date] = mapped_column(Date, comment="The day on which it was given, in the policy's zone")


class NamedPage(Base):
    """The page that should have answered a ticket, as staff name it; customers never see it."""

    __tablename__ = "named_pages"
    __table_args__ = (CheckConstraint("length(page) > 0", name="page_not_empty"), Index(None, "at"))

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, comment="The ticket")
    page: Mapped[str] = mapped_column(String(PAGE_LENGTH), comment="Path of the guide's page")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), comment="Who named it last")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was named last")

"""Who did what that somebody may ask about later; the database itself lets nobody change it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime

YOUNGEST_PRUNED_DAYS = 90
"""A row leaves the audit log only when the log has gone on for so many days after it; triggers see to that."""


class AuditEntry(Base):
    """One line of the audit log. Triggers of the database refuse to change it, and to delete it too early."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "at"), Index(None, "account_id"), Index(None, "subject_id"))

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order of the log")
    at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When")
    kind: Mapped[str] = mapped_column(String(32), comment="What was done: signed-in, ...")
    account_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="Who did it; empty: an operator, or somebody whom the desk doesn't know"
    )
    subject_id: Mapped[int | None] = mapped_column(
        ForeignKey("accounts.id"), comment="To which person it was done; empty: to none"
    )
    origin: Mapped[str] = mapped_column(
        String(100), comment="From where: an address as the rate limits see it, or the command line and its user"
    )
    details: Mapped[dict[str, Any]] = mapped_column(
        JSON, comment="Numbers, references and words of ours; never what was typed, a token or a link"
    )

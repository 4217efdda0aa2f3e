"""What the worker has pruned, so that nobody looks for it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime


class RetentionMark(Base):
    """Up to when rows of a kind may have been pruned."""

    __tablename__ = "retention_marks"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True, comment="What was pruned: outbox, ...")
    ended_before: Mapped[datetime] = mapped_column(UtcDateTime, comment="What was over before may be gone")

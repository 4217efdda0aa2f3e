"""How often something was done, shared by all workers."""

from __future__ import annotations

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base


class RateCounter(Base):
    """How often something was done in a window, shared by all workers."""

    __tablename__ = "rate_counters"
    __table_args__ = (Index(None, "expires_at"),)

    key: Mapped[str] = mapped_column(String(255), primary_key=True, comment="What is counted")
    amount: Mapped[int] = mapped_column(comment="How often in this window")
    expires_at: Mapped[int] = mapped_column(comment="When the window ends, seconds since 1970")

"""Time when support is closed during its usual hours."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime


class StoredClosure(Base):
    """Time in which support is closed beyond its usual hours; it counts for promises given from then on."""

    __tablename__ = "closures"
    __table_args__ = (CheckConstraint("ends_at > starts_at", name="ends_after_start"), Index(None, "ends_at"))

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the closure")
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="From when")
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="Until when")
    note: Mapped[str] = mapped_column(String(200), comment="Why, as the guide's banner says it")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was announced")
    cancelled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="When it was taken back; promises given before still count it"
    )

"""How the worker is doing, as it notes itself."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime


class LaneRound(Base):
    """The last round of one of the worker's lanes, whichever worker's."""

    __tablename__ = "lane_rounds"

    lane: Mapped[str] = mapped_column(String(32), primary_key=True, comment="Name of the lane")
    finished_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it last finished a round, to 15 seconds")

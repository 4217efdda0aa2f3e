"""What the database knows of the installation that it belongs to."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base


class Installation(Base):
    """The one row about this installation."""

    __tablename__ = "installation"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, comment="Always 1: there is one row")
    files_id: Mapped[str] = mapped_column(String(64), comment="The id of the file store that the files lie in")

"""Inserting a row that may be there already, in one statement on both databases."""

from __future__ import annotations

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from formapp.database.engine import Base


def insert_for(database: Connection | Session, model: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """The INSERT of this database; it knows ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
    connection = database if isinstance(database, Connection) else database.connection()
    if connection.dialect.name == "postgresql":
        return postgresql.insert(model)
    return sqlite.insert(model)

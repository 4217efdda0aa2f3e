"""Alembic's entry: run the migrations on the connection that ``formapp.database.schema`` hands over."""

from __future__ import annotations

from alembic import context

from formapp.database.engine import Base

connection = context.config.attributes["connection"]
# SQLite can't change a constraint in place; the batch mode copies the table.
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()

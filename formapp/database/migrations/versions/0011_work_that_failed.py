"""What the worker could not do: put off, at last given up and shown to staff. And which file store is the desk's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "failed_work",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the row"),
        sa.Column("kind", sa.String(16), nullable=False, comment="What was to be done: notices, rendering, preview"),
        sa.Column("item", sa.Integer(), nullable=False, comment="Of which row: the ticket, the message, the file"),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket that it belongs to"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often it was tried in a row"),
        sa.Column("first_failed_at", UtcDateTime(), nullable=False, comment="When it first failed"),
        sa.Column("retry_at", UtcDateTime(), nullable=False, comment="Not tried before; counts until it is given up"),
        sa.Column("given_up_at", UtcDateTime(), comment="When it was given up; empty: it is tried again"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why the last try failed; nothing that anybody typed"),
        sa.CheckConstraint("kind IN ('notices', 'rendering', 'preview')", name=op.f("ck_failed_work_kind_known")),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_failed_work_ticket_id_tickets"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_failed_work"),
        sa.UniqueConstraint("kind", "item", name=op.f("uq_failed_work_kind_item")),
    )
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="Always 1: there is one row"),
        sa.Column("files_id", sa.String(64), nullable=False, comment="The id of the file store that the files lie in"),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_only_one")),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )
    op.create_index(op.f("ix_failed_work_ticket_id"), "failed_work", ["ticket_id"])


def downgrade() -> None:
    op.drop_table("installation")
    op.drop_table("failed_work")

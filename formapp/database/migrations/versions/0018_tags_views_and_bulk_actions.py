"""Tags on tickets, saved views of the queue, actions on many tickets that can be undone; tickets by their month."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_tags",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("tag", sa.String(40), nullable=False, comment="In small letters, without spaces"),
        sa.CheckConstraint("length(tag) > 0", name=op.f("ck_ticket_tags_tag_not_empty")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_tags_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "tag", name=op.f("pk_ticket_tags")),
    )
    op.create_index("ix_ticket_tags_tag", "ticket_tags", ["tag", "ticket_id"])
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the view"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Whose it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="What it is called"),
        sa.Column("search", sa.Text(), nullable=False, comment="The search, as people type it"),
        sa.Column("is_shared", sa.Boolean(), nullable=False, comment="Whether everybody at the desk sees it"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was saved"),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_saved_views_name_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_views_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_account_id"), "saved_views", ["account_id"])
    op.create_table(
        "bulk_actions",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; events of its tickets carry it"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who did it, and may undo it"),
        sa.Column("kind", sa.String(16), nullable=False, comment="assign, tag or close"),
        sa.Column("details", sa.JSON(), nullable=False, comment="The assignee's account, or the tag"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was done"),
        sa.Column("outcomes", sa.JSON(), nullable=False, comment="What became of each ticket, by its number"),
        sa.Column("undone", sa.JSON(), comment="What undoing did with each ticket, by its number; empty: not undone"),
        sa.CheckConstraint("kind IN ('assign', 'tag', 'close')", name=op.f("ck_bulk_actions_kind_known")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_bulk_actions_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
    )
    op.create_index(op.f("ix_bulk_actions_at"), "bulk_actions", ["at"])
    op.create_index(op.f("ix_tickets_opened_at"), "tickets", ["opened_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_tickets_opened_at"), table_name="tickets")
    op.drop_table("bulk_actions")
    op.drop_table("saved_views")
    op.drop_table("ticket_tags")

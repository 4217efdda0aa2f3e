"""Saved replies: texts with fields that staff insert into what they write."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_replies",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the saved reply"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Whose it is"),
        sa.Column("name", sa.Text(), nullable=False, comment="What it is called"),
        sa.Column("body", sa.Text(), nullable=False, comment="The text, its fields not filled"),
        sa.Column("is_shared", sa.Boolean(), nullable=False, comment="Whether everybody at the desk sees it"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was saved first"),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_saved_replies_name_not_empty")),
        sa.CheckConstraint("length(body) > 0", name=op.f("ck_saved_replies_body_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_saved_replies_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_replies")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_saved_replies_account_id"), "saved_replies", ["account_id"])


def downgrade() -> None:
    op.drop_table("saved_replies")

"""Whether a page of the guide helped, and which page should have answered a ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "page_feedback",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the answer"),
        sa.Column("page", sa.String(length=300), nullable=False, comment="Path of the guide's page"),
        sa.Column("helpful", sa.Boolean(), nullable=False, comment="Whether it helped"),
        sa.Column(
            "because",
            sa.Text(),
            nullable=False,
            comment="What was missing, as typed, normalised; empty where not said",
        ),
        sa.Column("day", sa.Date(), nullable=False, comment="The day on which it was given, in the policy's zone"),
        sa.CheckConstraint("length(page) > 0", name=op.f("ck_page_feedback_page_not_empty")),
        sa.CheckConstraint("NOT helpful OR length(because) = 0", name=op.f("ck_page_feedback_reason_when_not_helpful")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_page_feedback")),
    )
    op.create_index(op.f("ix_page_feedback_day"), "page_feedback", ["day"])
    op.create_table(
        "named_pages",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("page", sa.String(length=300), nullable=False, comment="Path of the guide's page"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who named it last"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was named last"),
        sa.CheckConstraint("length(page) > 0", name=op.f("ck_named_pages_page_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_named_pages_account_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_named_pages_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_named_pages")),
    )
    op.create_index(op.f("ix_named_pages_at"), "named_pages", ["at"])


def downgrade() -> None:
    op.drop_table("named_pages")
    op.drop_table("page_feedback")

"""Attachments: a row for each file of a ticket or message; the bytes lie in the file store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TO_DO = sa.text("work_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order within the ticket"),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column(
            "message_id",
            sa.Integer(),
            nullable=True,
            comment="The message it came with; empty: it came with the ticket",
        ),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who sent it"),
        sa.Column(
            "key", sa.String(length=64), nullable=False, comment="Its key in the file store; a file is attached once"
        ),
        sa.Column("name", sa.String(length=255), nullable=False, comment="Name as sent, cleaned"),
        sa.Column(
            "kind", sa.String(length=32), nullable=False, comment="Kind of the policy's list, by the last extension"
        ),
        sa.Column("media_type", sa.String(length=100), nullable=False, comment="Media type that follows from the kind"),
        sa.Column("size", sa.Integer(), nullable=False, comment="Size in bytes"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of its bytes, hex"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was attached"),
        sa.Column(
            "scan",
            sa.String(length=8),
            nullable=False,
            comment="none (no scanner is set), pending, clean, infected, or failed: to be tried again",
        ),
        sa.Column("scan_detail", sa.Text(), nullable=False, comment="What the scanner found, or why it failed"),
        sa.Column(
            "preview", sa.String(length=8), nullable=False, comment="none (no picture), pending, made, or failed"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="How often the worker has begun with it in a row"),
        sa.Column(
            "work_at",
            UtcDateTime(),
            nullable=True,
            comment="When the worker looks at it next; empty: nothing is to be done",
        ),
        sa.CheckConstraint("length(name) > 0", name=op.f("ck_attachments_name_not_empty")),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size_counted")),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_attachments_digest_whole")),
        sa.CheckConstraint(
            "scan IN ('none', 'pending', 'clean', 'infected', 'failed')", name=op.f("ck_attachments_scan_known")
        ),
        sa.CheckConstraint(
            "preview IN ('none', 'pending', 'made', 'failed')", name=op.f("ck_attachments_preview_known")
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_attachments_attempts_counted")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_attachments_ticket_id_tickets")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id_messages")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_attachments_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sa.UniqueConstraint("key", name=op.f("uq_attachments_key")),
    )
    op.create_index(op.f("ix_attachments_ticket_id_id"), "attachments", ["ticket_id", "id"])
    op.create_index(op.f("ix_attachments_message_id"), "attachments", ["message_id"])
    op.create_index("ix_attachments_work", "attachments", ["work_at"], postgresql_where=TO_DO, sqlite_where=TO_DO)


def downgrade() -> None:
    op.drop_index("ix_attachments_work", "attachments")
    op.drop_table("attachments")

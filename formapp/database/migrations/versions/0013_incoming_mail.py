"""Mail that people send to the desk: each message whole, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "incoming_mails",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the mail"),
        sa.Column("received_at", UtcDateTime(), nullable=False, comment="When the desk took it"),
        sa.Column(
            "door",
            sa.String(8),
            nullable=False,
            comment="How it came: pipe, imap, lmtp, or by the form",
        ),
        sa.Column(
            "digest",
            sa.String(64),
            nullable=False,
            comment="SHA-256 of its Message-ID and content, hex: the same mail is taken once",
        ),
        sa.Column("size", sa.Integer(), nullable=False, comment="Its length in bytes"),
        sa.Column("raw", sa.LargeBinary(), comment="The whole message; empty once pruned or erased"),
        sa.Column("state", sa.String(8), nullable=False, comment="What became of it; new: not processed yet"),
        sa.Column("reason", sa.String(32), nullable=False, comment="Why, as a code; empty where the state says all"),
        sa.Column(
            "sender", sa.String(254), nullable=False, comment="The address that it names as its sender, or empty"
        ),
        sa.Column("subject", sa.String(200), nullable=False, comment="Its subject, shortened"),
        sa.Column(
            "confirmed",
            sa.Boolean(),
            nullable=False,
            comment="Whether the sender is proved: by an address of its own, or by the mail server",
        ),
        sa.Column(
            "account_id",
            sa.Integer(),
            comment="Whose address the sender is; of a bounce, whom mail doesn't reach",
        ),
        sa.Column("ticket_id", sa.Integer(), comment="The ticket that it belongs to"),
        sa.Column("message_id", sa.Integer(), comment="The reply that it became"),
        sa.Column("processed_at", UtcDateTime(), comment="When it got its state"),
        sa.Column("decided_by_id", sa.Integer(), comment="Who at the desk decided; empty: the rules"),
        sa.Column("draft_hash", sa.String(64), comment="SHA-256 of the token of the form that was filled with it, hex"),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, server_default="0", comment="How often it was tried to process it"
        ),
        sa.Column(
            "retry_at", UtcDateTime(), nullable=False, comment="Not processed before: somebody is at it, or it failed"
        ),
        sa.Column("answered_at", UtcDateTime(), comment="When it got an automatic answer"),
        sa.CheckConstraint("door IN ('pipe', 'imap', 'lmtp', 'form')", name=op.f("ck_incoming_mails_door_known")),
        sa.CheckConstraint(
            "state IN ('new', 'added', 'asked', 'held', 'ignored', 'bounce', 'spam')",
            name=op.f("ck_incoming_mails_state_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_incoming_mails_account_id_accounts")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["accounts.id"], name=op.f("fk_incoming_mails_decided_by_id_accounts")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_incoming_mails_message_id_messages"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_incoming_mails_ticket_id_tickets"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_incoming_mails"),
        sa.UniqueConstraint("digest", name=op.f("uq_incoming_mails_digest")),
        sa.UniqueConstraint("message_id", name=op.f("uq_incoming_mails_message_id")),
    )
    op.create_index(op.f("ix_incoming_mails_state_id"), "incoming_mails", ["state", "id"])
    op.create_index(op.f("ix_incoming_mails_ticket_id"), "incoming_mails", ["ticket_id"])
    op.create_index(op.f("ix_incoming_mails_account_id"), "incoming_mails", ["account_id"])
    op.create_index(
        "ix_incoming_mails_unprocessed",
        "incoming_mails",
        ["id"],
        sqlite_where=sa.text("state = 'new'"),
        postgresql_where=sa.text("state = 'new'"),
    )


def downgrade() -> None:
    op.drop_table("incoming_mails")

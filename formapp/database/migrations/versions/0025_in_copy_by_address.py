"""People in copy by an outside address, and saved views whose numbers are never given twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_NUMBER = "Number of the view"


def upgrade() -> None:
    op.add_column(
        "watchers",
        sa.Column(
            "by_address",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="Whether the person confirmed it by mail, in the project or not",
        ),
    )
    op.add_column("watchers", sa.Column("left_at", UtcDateTime(), comment="When the person left; empty: in copy"))
    op.add_column(
        "messages",
        sa.Column(
            "from_copy",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="Whether somebody in copy wrote it who is not in the project",
        ),
    )
    op.create_table(
        "copy_invitations",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("email", sa.String(254), nullable=False, comment="Who was asked, in small letters"),
        sa.Column("token_hash", sa.String(64), nullable=False, comment="SHA-256 of the link's token, hex"),
        sa.Column("invited_by_id", sa.Integer(), nullable=False, comment="Who wants the person in copy"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was asked"),
        sa.Column("expires_at", UtcDateTime(), nullable=False, comment="Until when the link works"),
        sa.Column("unreached_at", UtcDateTime(), comment="When the mail came back; empty: it didn't"),
        sa.ForeignKeyConstraint(
            ["invited_by_id"], ["accounts.id"], name=op.f("fk_copy_invitations_invited_by_id_accounts")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_copy_invitations_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "email", name=op.f("pk_copy_invitations")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_copy_invitations_token_hash")),
    )
    op.create_index(op.f("ix_copy_invitations_email"), "copy_invitations", ["email"])
    op.create_index(op.f("ix_copy_invitations_expires_at"), "copy_invitations", ["expires_at"])
    op.create_table(
        "copy_refusals",
        sa.Column(
            "address_hash",
            sa.String(64),
            nullable=False,
            comment="HMAC-SHA-256 of the address with the desk's secret key, hex",
        ),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When the person said so"),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_copy_refusals")),
    )
    # PostgreSQL never gives a number twice; SQLite does, unless its table is told not to, which makes it anew.
    with op.batch_alter_table(
        "saved_views",
        recreate="always" if op.get_bind().dialect.name == "sqlite" else "never",
        table_kwargs={"sqlite_autoincrement": True},
    ) as views:
        views.alter_column(
            "id",
            existing_type=sa.Integer(),
            existing_nullable=False,
            existing_comment=_NUMBER,
            comment=f"{_NUMBER}; none is given twice",
        )


def downgrade() -> None:
    with op.batch_alter_table(
        "saved_views", recreate="always" if op.get_bind().dialect.name == "sqlite" else "never"
    ) as views:
        views.alter_column(
            "id",
            existing_type=sa.Integer(),
            existing_nullable=False,
            existing_comment=f"{_NUMBER}; none is given twice",
            comment=_NUMBER,
        )
    op.drop_table("copy_refusals")
    op.drop_table("copy_invitations")
    op.drop_column("messages", "from_copy")
    op.drop_column("watchers", "left_at")
    op.drop_column("watchers", "by_address")

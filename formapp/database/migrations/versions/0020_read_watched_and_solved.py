"""What each person has read of a ticket, who is in copy of it, and whether it was solved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ticket_reads",
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who has read"),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column(
            "message_id",
            sa.Integer(),
            nullable=False,
            comment="Number of the newest message that was shown; 0: none was there",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_ticket_reads_account_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_reads_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("account_id", "ticket_id", name=op.f("pk_ticket_reads")),
    )
    op.create_index(op.f("ix_ticket_reads_ticket_id"), "ticket_reads", ["ticket_id"])
    # What was written before this was kept is news to nobody.
    op.execute(
        "INSERT INTO ticket_reads (account_id, ticket_id, message_id) "
        "SELECT tickets.account_id, tickets.id, MAX(messages.id) "
        "FROM tickets JOIN messages ON messages.ticket_id = tickets.id GROUP BY tickets.account_id, tickets.id"
    )
    op.create_table(
        "watchers",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who is in copy"),
        sa.Column("added_by_id", sa.Integer(), nullable=False, comment="Who put the person in copy"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="Since when"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_watchers_account_id_accounts")),
        sa.ForeignKeyConstraint(["added_by_id"], ["accounts.id"], name=op.f("fk_watchers_added_by_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_watchers_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "account_id", name=op.f("pk_watchers")),
    )
    op.create_index(op.f("ix_watchers_account_id"), "watchers", ["account_id"])
    op.create_table(
        "solved_answers",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who says it"),
        sa.Column("solved", sa.Boolean(), nullable=False, comment="Whether it was solved"),
        sa.Column(
            "because",
            sa.Text(),
            nullable=False,
            comment="What is still wrong, as typed, normalised; empty where solved",
        ),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was said last"),
        sa.CheckConstraint("solved OR length(because) > 0", name=op.f("ck_solved_answers_because_when_not_solved")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_solved_answers_account_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_solved_answers_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "account_id", name=op.f("pk_solved_answers")),
    )
    op.create_index(op.f("ix_solved_answers_account_id"), "solved_answers", ["account_id"])


def downgrade() -> None:
    op.drop_table("solved_answers")
    op.drop_table("watchers")
    op.drop_table("ticket_reads")

"""Conversation, clock and closures."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NO_DEADLINE = datetime(9999, 12, 31, tzinfo=UTC)


def upgrade() -> None:
    _create_conversation()
    _create_clock()
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(
            sa.Column(
                "answered_at", UtcDateTime(), nullable=True, comment="First staff reply; it stops the response clock"
            )
        )
        tickets.add_column(
            sa.Column("closed_at", UtcDateTime(), nullable=True, comment="When it was closed; empty while it is not")
        )
        tickets.add_column(
            sa.Column("merged_into_id", sa.Integer(), nullable=True, comment="The ticket it is a duplicate of")
        )
        tickets.add_column(sa.Column("assignee_id", sa.Integer(), nullable=True, comment="The staff member who has it"))
        tickets.add_column(
            sa.Column(
                "notice_at",
                UtcDateTime(),
                nullable=True,
                comment="When the clock next has something to notice; empty while it has not",
            )
        )
        # Filled below for the tickets that are there already; only then may it be required.
        tickets.add_column(sa.Column("queue_at", UtcDateTime(), nullable=True))
    _fill_tickets()
    with op.batch_alter_table("tickets") as tickets:
        tickets.alter_column(
            "queue_at",
            existing_type=UtcDateTime(),
            nullable=False,
            comment="Place in the queue: the next deadline, or the far end",
        )
        tickets.create_index("ix_tickets_queue", ["state", "queue_at", "id"])
        tickets.create_index("ix_tickets_project_queue", ["project_id", "state", "queue_at", "id"])
        tickets.create_index(op.f("ix_tickets_notice_at"), ["notice_at"])
        tickets.create_index("ix_tickets_assignee_queue", ["assignee_id", "state", "queue_at", "id"])
        tickets.create_index("ix_tickets_priority_queue", ["priority", "state", "queue_at", "id"])
        tickets.create_foreign_key(op.f("fk_tickets_merged_into_id_tickets"), "tickets", ["merged_into_id"], ["id"])
        tickets.create_foreign_key(op.f("fk_tickets_assignee_id_accounts"), "accounts", ["assignee_id"], ["id"])
        tickets.create_check_constraint(
            op.f("ck_tickets_merged_is_closed"), "merged_into_id IS NULL OR state = 'closed'"
        )
        tickets.create_check_constraint(
            op.f("ck_tickets_closed_at_when_closed"), "(closed_at IS NULL) = (state <> 'closed')"
        )


def _create_conversation() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order within the ticket"),
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Who wrote it"),
        sa.Column("by_staff", sa.Boolean(), nullable=False, comment="Whether the writer worked at the desk then"),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="reply, or note (never shown to customers)"),
        sa.Column("body", sa.Text(), nullable=False, comment="Markdown as typed, normalised"),
        sa.Column("html", sa.Text(), nullable=True, comment="Safe HTML, rendered once by the worker; empty until then"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was written"),
        sa.Column(
            "submission", sa.String(length=100), nullable=False, comment="Id of the form that sent it; once per account"
        ),
        sa.CheckConstraint("kind IN ('reply', 'note')", name=op.f("ck_messages_kind_known")),
        sa.CheckConstraint("length(body) > 0", name=op.f("ck_messages_body_not_empty")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_messages_account_id_accounts")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_messages_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sa.UniqueConstraint("account_id", "submission", name=op.f("uq_messages_account_id_submission")),
    )
    op.create_index(op.f("ix_messages_ticket_id_id"), "messages", ["ticket_id", "id"])
    unrendered = sa.text("html IS NULL")
    op.create_index("ix_messages_unrendered", "messages", ["id"], sqlite_where=unrendered, postgresql_where=unrendered)


def _create_clock() -> None:
    op.create_table(
        "clock_notices",
        sa.Column("ticket_id", sa.Integer(), nullable=False, comment="The ticket"),
        sa.Column("target", sa.String(length=16), nullable=False, comment="response or resolution"),
        sa.Column("kind", sa.String(length=16), nullable=False, comment="due-soon or missed"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When it was noticed"),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_clock_notices_ticket_id_tickets")),
        sa.PrimaryKeyConstraint("ticket_id", "target", "kind", name=op.f("pk_clock_notices")),
    )
    op.create_table(
        "closures",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the closure"),
        sa.Column("starts_at", UtcDateTime(), nullable=False, comment="From when"),
        sa.Column("ends_at", UtcDateTime(), nullable=False, comment="Until when"),
        sa.Column("note", sa.String(length=200), nullable=False, comment="Why, as the guide's banner says it"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was announced"),
        sa.Column(
            "cancelled_at",
            UtcDateTime(),
            nullable=True,
            comment="When it was taken back; promises given before still count it",
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_closures_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closures")),
    )
    op.create_index(op.f("ix_closures_ends_at"), "closures", ["ends_at"])


def _fill_tickets() -> None:
    tickets = sa.table(
        "tickets",
        sa.column("response_due_at", UtcDateTime()),
        sa.column("resolution_due_at", UtcDateTime()),
        sa.column("queue_at", UtcDateTime()),
        sa.column("closed_at", UtcDateTime()),
        sa.column("opened_at", UtcDateTime()),
        sa.column("state", sa.String()),
        sa.column("notice_at", UtcDateTime()),
    )
    op.execute(
        tickets.update().values(
            queue_at=sa.func.coalesce(
                tickets.c.response_due_at, tickets.c.resolution_due_at, sa.literal(NO_DEADLINE, UtcDateTime())
            ),
            # The clock looks at each of them once, soon, and sets the real instant.
            notice_at=tickets.c.opened_at,
        )
    )
    closed = tickets.update().where(tickets.c.state == "closed")
    op.execute(closed.values(closed_at=tickets.c.opened_at, notice_at=None))


def downgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_constraint(op.f("ck_tickets_closed_at_when_closed"), type_="check")
        tickets.drop_constraint(op.f("ck_tickets_merged_is_closed"), type_="check")
        tickets.drop_constraint(op.f("fk_tickets_assignee_id_accounts"), type_="foreignkey")
        tickets.drop_constraint(op.f("fk_tickets_merged_into_id_tickets"), type_="foreignkey")
        for index in (
            "ix_tickets_priority_queue",
            "ix_tickets_assignee_queue",
            "ix_tickets_notice_at",
            "ix_tickets_project_queue",
            "ix_tickets_queue",
        ):
            tickets.drop_index(index)
        for column in ("queue_at", "notice_at", "assignee_id", "merged_into_id", "closed_at", "answered_at"):
            tickets.drop_column(column)
    op.drop_table("closures")
    op.drop_table("clock_notices")
    op.drop_table("messages")

"""A ticket says which of the policy's forms filed it, what was answered there, and what the desk knew of a date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(
            sa.Column(
                "form",
                sa.String(64),
                nullable=False,
                server_default="",
                comment="The policy's form that filed it; empty: the one for any ticket",
            )
        )
        tickets.add_column(
            sa.Column(
                "form_answers",
                sa.JSON(),
                nullable=False,
                server_default="[]",
                comment="Evidence: the answers to that form's own fields, with labels and words as they were asked",
            )
        )
        tickets.add_column(
            sa.Column(
                "registrations",
                sa.JSON(),
                nullable=True,
                comment="Evidence: the planned dates that the desk knew of, where an answer counts on one; else empty",
            )
        )


def downgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_column("registrations")
        tickets.drop_column("form_answers")
        tickets.drop_column("form")

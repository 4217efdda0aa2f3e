"""A ticket can follow one that was closed too long ago to be reopened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.add_column(
            sa.Column("follows_id", sa.Integer(), nullable=True, comment="The closed ticket that it goes on from")
        )
        tickets.create_foreign_key(
            op.f("fk_tickets_follows_id_tickets"), "tickets", ["follows_id"], ["id"], ondelete="SET NULL"
        )
    op.create_index(op.f("ix_tickets_follows_id"), "tickets", ["follows_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_tickets_follows_id"), table_name="tickets")
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_constraint(op.f("fk_tickets_follows_id_tickets"), type_="foreignkey")
        tickets.drop_column("follows_id")

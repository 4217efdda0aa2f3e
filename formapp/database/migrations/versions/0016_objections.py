"""A customer can say that a change isn't right; the ticket is flagged until staff answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tickets",
        sa.Column(
            "objected_at",
            UtcDateTime(),
            comment="When the customer said that a change isn't right; empty once staff have answered",
        ),
    )


def downgrade() -> None:
    op.drop_column("tickets", "objected_at")

"""When each of the worker's lanes last finished a round."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lane_rounds",
        sa.Column("lane", sa.String(32), nullable=False, comment="Name of the lane"),
        sa.Column("finished_at", UtcDateTime(), nullable=False, comment="When it last finished a round, to 15 seconds"),
        sa.PrimaryKeyConstraint("lane", name="pk_lane_rounds"),
    )


def downgrade() -> None:
    op.drop_table("lane_rounds")

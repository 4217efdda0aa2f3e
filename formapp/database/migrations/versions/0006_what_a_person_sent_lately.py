"""The index on who sent what begins with when: what a person sent within the hour is counted at each filing."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_tickets_digest", "tickets")
    op.create_index("ix_tickets_sender", "tickets", ["account_id", "opened_at", "digest"])


def downgrade() -> None:
    op.drop_index("ix_tickets_sender", "tickets")
    op.create_index("ix_tickets_digest", "tickets", ["account_id", "digest", "opened_at"])

"""In which language a person reads pages and mails, and in which one a ticket was written."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    spoken = "Language of pages and mails, as in de; empty: not known yet"
    written = "Language of the form that it was written on; empty: not known"
    op.add_column("accounts", sa.Column("language", sa.String(16), comment=spoken))
    op.add_column("tickets", sa.Column("language", sa.String(16), server_default="", nullable=False, comment=written))


def downgrade() -> None:
    op.drop_column("tickets", "language")
    op.drop_column("accounts", "language")

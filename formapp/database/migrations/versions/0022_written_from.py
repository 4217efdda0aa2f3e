"""Which page of the guide a ticket was written from, and which pages were suggested before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    said = "What the link for help said of its page: path, title, section, version, missing address"
    shown = "Pages suggested while the subject was typed, titles by path"
    op.add_column("tickets", sa.Column("written_from", sa.JSON(), server_default="{}", nullable=False, comment=said))
    op.add_column("tickets", sa.Column("pages_shown", sa.JSON(), server_default="{}", nullable=False, comment=shown))


def downgrade() -> None:
    op.drop_column("tickets", "pages_shown")
    op.drop_column("tickets", "written_from")

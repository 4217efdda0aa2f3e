"""Which mails a person gets: customers choose among tickets, staff among occasions. Nothing changes by itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

CHOICES = {
    "mails_new": "Whether staff get mails of new and unassigned tickets",
    "mails_assigned": "Whether staff get mails of tickets assigned to them",
    "mails_mentioned": "Whether staff get a mail when a colleague mentions them",
    "mails_due": "Whether staff get mails of dates due soon and missed",
}


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(
            sa.Column(
                "customer_mails",
                sa.String(16),
                nullable=False,
                server_default="own",
                comment="Which tickets' mails a customer gets",
            )
        )
        for name, comment in CHOICES.items():
            accounts.add_column(
                sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.true(), comment=comment)
            )
        accounts.create_check_constraint(
            op.f("ck_accounts_customer_mails_known"), "customer_mails IN ('projects', 'own', 'none')"
        )


def downgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(op.f("ck_accounts_customer_mails_known"), type_="check")
        for name in (*CHOICES, "customer_mails"):
            accounts.drop_column(name)

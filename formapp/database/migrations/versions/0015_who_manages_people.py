"""Who may change people and projects; new addresses that wait for their link; names and addresses of before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as accounts:
        accounts.add_column(
            sa.Column(
                "manages_people",
                sa.Boolean(),
                nullable=False,
                server_default=sa.false(),
                comment="Whether the person may change people and projects",
            )
        )
        accounts.create_check_constraint(op.f("ck_accounts_who_manages_is_staff"), "is_staff OR NOT manages_people")
    op.create_table(
        "address_changes",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False, comment="Whose address changes"),
        sa.Column("token_hash", sa.String(64), nullable=False, comment="SHA-256 of the link's token, hex"),
        sa.Column(
            "email", sa.String(254), nullable=False, comment="The new address, in small letters; the link went there"
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was asked for"),
        sa.Column("expires_at", UtcDateTime(), nullable=False, comment="Until when the link works"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_address_changes_account_id_accounts")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_address_changes")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_address_changes_token_hash")),
    )
    op.create_table(
        "former_details",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order of the changes"),
        sa.Column("account_id", sa.Integer(), nullable=False, comment="Whose they were"),
        sa.Column("name", sa.String(200), nullable=False, comment="Name before the change"),
        sa.Column("email", sa.String(254), nullable=False, comment="Address before the change"),
        sa.Column("until", UtcDateTime(), nullable=False, comment="When one of them was changed"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_former_details_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_former_details")),
    )
    op.create_index(op.f("ix_former_details_account_id"), "former_details", ["account_id"])


def downgrade() -> None:
    op.drop_table("former_details")
    op.drop_table("address_changes")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_constraint(op.f("ck_accounts_who_manages_is_staff"), type_="check")
        accounts.drop_column("manages_people")

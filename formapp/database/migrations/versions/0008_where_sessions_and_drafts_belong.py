"""Sessions say in which browser they were opened, and from where; a draft says for whom alone it opens."""

from __future__ import annotations

from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_LINKS = sa.table("signin_links", sa.column("account_id"), sa.column("draft_token"), sa.column("next_path"))
_DRAFTS = sa.table("drafts", sa.column("token_hash"), sa.column("account_id"))


def upgrade() -> None:
    with op.batch_alter_table("sessions") as sessions:
        for name, length, comment in (
            ("browser", 100, "Browser and system in words; empty: not known"),
            ("address", 64, "Network address that it was opened from; empty: not known"),
        ):
            sessions.add_column(sa.Column(name, sa.String(length), server_default="", nullable=False, comment=comment))
    with op.batch_alter_table("drafts") as drafts:
        drafts.add_column(
            sa.Column(
                "account_id",
                sa.Integer(),
                nullable=True,
                comment="For whom alone it opens; empty: for nobody, the address has no account",
            )
        )
        drafts.create_foreign_key(op.f("fk_drafts_account_id_accounts"), "accounts", ["account_id"], ["id"])
        drafts.create_index(op.f("ix_drafts_account_id"), ["account_id"])
    _give_drafts_to_the_accounts_of_their_links()


def _give_drafts_to_the_accounts_of_their_links() -> None:
    """The tickets and replies that wait behind a link at this moment stay one press away."""
    connection = op.get_bind()
    for link in connection.execute(sa.select(_LINKS)).all():
        token = link.draft_token or parse_qs(urlsplit(link.next_path).query).get("draft", [""])[0]
        if token:
            mine = _DRAFTS.c.token_hash == sha256(token.encode()).hexdigest()
            connection.execute(sa.update(_DRAFTS).where(mine).values(account_id=link.account_id))


def downgrade() -> None:
    with op.batch_alter_table("drafts") as drafts:
        drafts.drop_index(op.f("ix_drafts_account_id"))
        drafts.drop_constraint(op.f("fk_drafts_account_id_accounts"), type_="foreignkey")
        drafts.drop_column("account_id")
    with op.batch_alter_table("sessions") as sessions:
        sessions.drop_column("address")
        sessions.drop_column("browser")

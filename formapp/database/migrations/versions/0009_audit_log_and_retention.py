"""The audit log, which only grows; what the worker has pruned; since when a person is erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# A row may go only when the log has gone on for 90 days after it. Who would add a row of the far future to get
# round that leaves this very row, which stays.
_SQLITE = (
    """
    CREATE TRIGGER audit_log_stays BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'the audit log can''t be changed'); END
    """,
    """
    CREATE TRIGGER audit_log_kept BEFORE DELETE ON audit_log
    WHEN OLD.at > datetime((SELECT max(at) FROM audit_log), '-90 days')
    BEGIN SELECT RAISE(ABORT, 'the audit log keeps each row for 90 days'); END
    """,
)
_POSTGRESQL = (
    """
    CREATE FUNCTION audit_log_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' THEN
            RAISE EXCEPTION 'the audit log can''t be changed';
        ELSIF TG_OP = 'TRUNCATE' THEN
            RAISE EXCEPTION 'the audit log keeps each row for 90 days';
        ELSIF OLD.at > (SELECT max(at) FROM audit_log) - interval '90 days' THEN
            RAISE EXCEPTION 'the audit log keeps each row for 90 days';
        END IF;
        RETURN OLD;
    END $$
    """,
    """
    CREATE TRIGGER audit_log_stays BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_stays()
    """,
    """
    CREATE TRIGGER audit_log_kept BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_stays()
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order of the log"),
        sa.Column("at", UtcDateTime(), nullable=False, comment="When"),
        sa.Column("kind", sa.String(32), nullable=False, comment="What was done: signed-in, ..."),
        sa.Column(
            "account_id",
            sa.Integer(),
            nullable=True,
            comment="Who did it; empty: an operator, or somebody whom the desk doesn't know",
        ),
        sa.Column("subject_id", sa.Integer(), nullable=True, comment="To which person it was done; empty: to none"),
        sa.Column(
            "origin",
            sa.String(100),
            nullable=False,
            comment="From where: an address as the rate limits see it, or the command line and its user",
        ),
        sa.Column(
            "details",
            sa.JSON(),
            nullable=False,
            comment="Numbers, references and words of ours; never what was typed, a token or a link",
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_audit_log_account_id_accounts"),
        sa.ForeignKeyConstraint(["subject_id"], ["accounts.id"], name="fk_audit_log_subject_id_accounts"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    for column in ("at", "account_id", "subject_id"):
        op.create_index(f"ix_audit_log_{column}", "audit_log", [column])
    for statement in _SQLITE if _is_sqlite() else _POSTGRESQL:
        op.execute(statement)
    op.create_table(
        "retention_marks",
        sa.Column("kind", sa.String(32), nullable=False, comment="What was pruned: outbox, ..."),
        sa.Column("ended_before", UtcDateTime(), nullable=False, comment="What was over before may be gone"),
        sa.PrimaryKeyConstraint("kind", name="pk_retention_marks"),
    )
    op.add_column(
        "accounts",
        sa.Column("erased_at", UtcDateTime(), nullable=True, comment="When the person was erased; empty: never"),
    )
    op.add_column(
        "tickets",
        sa.Column(
            "events_pruned",
            sa.Integer(),
            nullable=False,
            server_default="0",
            comment="How many of its events were pruned after it was closed",
        ),
    )


def downgrade() -> None:
    with op.batch_alter_table("tickets") as tickets:
        tickets.drop_column("events_pruned")
    with op.batch_alter_table("accounts") as accounts:
        accounts.drop_column("erased_at")
    op.drop_table("retention_marks")
    op.drop_table("audit_log")
    if not _is_sqlite():
        op.execute("DROP FUNCTION audit_log_stays()")


def _is_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"

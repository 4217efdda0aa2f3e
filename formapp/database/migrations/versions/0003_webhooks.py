"""Webhooks: endpoints, their secrets, the delivery log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from formapp.database.engine import UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

OF_WEBHOOKS = sa.text("channel = 'webhook'")
DUE_OF_WEBHOOKS = sa.text("channel = 'webhook' AND state = 'due'")


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number of the endpoint"),
        sa.Column("url", sa.Text(), nullable=False, comment="Address that the messages are posted to"),
        sa.Column("project_id", sa.Integer(), nullable=True, comment="Only this project's tickets; empty: all tickets"),
        sa.Column("events", sa.JSON(), nullable=False, comment="Event types that it is told of; none named: all"),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was added"),
        sa.Column("disabled_at", UtcDateTime(), nullable=True, comment="Since when nothing is sent; empty: it is"),
        sa.Column("disabled_reason", sa.Text(), nullable=False, comment="Why nothing is sent; empty while it is"),
        sa.Column(
            "failures", sa.Integer(), nullable=False, comment="Tries in a row that got no answer or were put off"
        ),
        sa.Column("failing_since", UtcDateTime(), nullable=True, comment="The first of those tries; empty: none"),
        sa.Column("paused_until", UtcDateTime(), nullable=True, comment="Nothing is sent before; empty: no pause"),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhook_endpoints_failures_counted")),
        sa.CheckConstraint(
            "(failing_since IS NULL) = (failures = 0)", name=op.f("ck_webhook_endpoints_failing_since_first_failure")
        ),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name=op.f("fk_webhook_endpoints_project_id_projects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the newest signs first"),
        sa.Column("endpoint_id", sa.Integer(), nullable=False, comment="The endpoint"),
        sa.Column(
            "secret", sa.String(length=100), nullable=False, comment="The secret as handed out: whsec_ and base64"
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False, comment="When it was made"),
        sa.Column(
            "expires_at",
            UtcDateTime(),
            nullable=True,
            comment="Until when it signs beside its successor; empty: it is the present one",
        ),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_secrets_endpoint_id_webhook_endpoints")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_secrets")),
    )
    op.create_index(op.f("ix_webhook_secrets_endpoint_id"), "webhook_secrets", ["endpoint_id"])
    op.create_table(
        "webhook_attempts",
        sa.Column("id", sa.Integer(), nullable=False, comment="Number; the order of the tries"),
        sa.Column("endpoint_id", sa.Integer(), nullable=False, comment="Whom it went to"),
        sa.Column("outbox_id", sa.Integer(), nullable=True, comment="The message; empty: a ping"),
        sa.Column(
            "message_id",
            sa.String(length=200),
            nullable=False,
            comment="The header webhook-id; a repeat carries the same",
        ),
        sa.Column("event", sa.String(length=32), nullable=False, comment="Event type, or ping"),
        sa.Column("attempted_at", UtcDateTime(), nullable=False, comment="When the try began"),
        sa.Column("status", sa.Integer(), nullable=True, comment="Status code of the answer; empty: none came"),
        sa.Column("error", sa.Text(), nullable=False, comment="What went wrong, in words; empty: delivered"),
        sa.Column("duration_ms", sa.Integer(), nullable=False, comment="How long the try took, in milliseconds"),
        sa.CheckConstraint("status IS NOT NULL OR error <> ''", name=op.f("ck_webhook_attempts_status_or_error")),
        sa.ForeignKeyConstraint(
            ["endpoint_id"], ["webhook_endpoints.id"], name=op.f("fk_webhook_attempts_endpoint_id_webhook_endpoints")
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_webhook_attempts_outbox_id_outbox")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_attempts")),
    )
    op.create_index(op.f("ix_webhook_attempts_endpoint_id_id"), "webhook_attempts", ["endpoint_id", "id"])
    op.create_index(op.f("ix_webhook_attempts_outbox_id_id"), "webhook_attempts", ["outbox_id", "id"])
    op.create_index(
        "ix_outbox_webhooks", "outbox", ["recipient", "id"], postgresql_where=OF_WEBHOOKS, sqlite_where=OF_WEBHOOKS
    )
    op.create_index(
        "ix_outbox_webhooks_due",
        "outbox",
        ["recipient", "id"],
        postgresql_where=DUE_OF_WEBHOOKS,
        sqlite_where=DUE_OF_WEBHOOKS,
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_webhooks_due", "outbox")
    op.drop_index("ix_outbox_webhooks", "outbox")
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_secrets")
    op.drop_table("webhook_endpoints")

"""What the desk stores of webhooks: who is told, with which secrets, and how each try went."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from formapp.database.engine import Base, UtcDateTime
from formapp.models.outbox import OutboxMessage


class WebhookEndpoint(Base):
    """An address that is told of events: of all tickets, or of one project's."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("failures >= 0", name="failures_counted"),
        CheckConstraint("(failing_since IS NULL) = (failures = 0)", name="failing_since_first_failure"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number of the endpoint")
    url: Mapped[str] = mapped_column(Text, comment="Address that the messages are posted to")
    project_id: Mapped[int | None] = mapped_column(
        ForeignKey("projects.id"), comment="Only this project's tickets; empty: all tickets"
    )
    events: Mapped[list[str]] = mapped_column(JSON, comment="Event types that it is told of; none named: all")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was added")
    disabled_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Since when nothing is sent; empty: it is"
    )
    disabled_reason: Mapped[str] = mapped_column(Text, default="", comment="Why nothing is sent; empty while it is")
    failures: Mapped[int] = mapped_column(default=0, comment="Tries in a row that got no answer or were put off")
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="The first of those tries; empty: none")
    paused_until: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Nothing is sent before; empty: no pause"
    )


class WebhookSecret(Base):
    """A key that signs an endpoint's messages; kept as it is, because signing needs it."""

    __tablename__ = "webhook_secrets"
    __table_args__ = (Index(None, "endpoint_id"),)

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the newest signs first")
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"), comment="The endpoint")
    secret: Mapped[str] = mapped_column(String(100), comment="The secret as handed out: whsec_ and base64")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When it was made")
    expires_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="Until when it signs beside its successor; empty: it is the present one"
    )


class WebhookAttempt(Base):
    """One try to deliver a message: the delivery log."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (
        CheckConstraint("status IS NOT NULL OR error <> ''", name="status_or_error"),
        Index(None, "endpoint_id", "id"),
        Index(None, "outbox_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, comment="Number; the order of the tries")
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"), comment="Whom it went to")
    outbox_id: Mapped[int | None] = mapped_column(ForeignKey("outbox.id"), comment="The message; empty: a ping")
    message_id: Mapped[str] = mapped_column(String(200), comment="The header webhook-id; a repeat carries the same")
    event: Mapped[str] = mapped_column(String(32), comment="Event type, or ping")
    attempted_at: Mapped[datetime] = mapped_column(UtcDateTime, comment="When the try began")
    status: Mapped[int | None] = mapped_column(comment="Status code of the answer; empty: none came")
    error: Mapped[str] = mapped_column(Text, default="", comment="What went wrong, in words; empty: delivered")
    duration_ms: Mapped[int] = mapped_column(comment="How long the try took, in milliseconds")


# Partial, so that filing a ticket without webhooks pays nothing for them.
Index(
    "ix_outbox_webhooks",
    OutboxMessage.recipient,
    OutboxMessage.id,
    postgresql_where=text("channel = 'webhook'"),
    sqlite_where=text("channel = 'webhook'"),
)
Index(
    "ix_outbox_webhooks_due",
    OutboxMessage.recipient,
    OutboxMessage.id,
    postgresql_where=text("channel = 'webhook' AND state = 'due'"),
    sqlite_where=text("channel = 'webhook' AND state = 'due'"),
)

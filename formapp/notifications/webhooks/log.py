"""The delivery log: what an endpoint was sent, how each try went, and sending it once more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp import audit
from formapp.actors import Actor, require_staff
from formapp.database.retry import tried_again
from formapp.errors import NotFound, UseCaseError
from formapp.models import LARGEST_ID, OutboxMessage, WebhookAttempt, WebhookEndpoint, reference_of
from formapp.notifications.outbox import make_due, record_replay
from formapp.notifications.webhooks.endpoints import OF_WEBHOOKS, endpoint_numbered
from formapp.notifications.webhooks.messages import CHANNEL, endpoint_id_of, recipient_of
from formapp.services import Services
from formapp.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint and its attempts, oldest first. ``state`` is due, sent or dead.

    ``next_attempt_at`` counts while it is due; ``reason`` says why the last try failed, or why it is dead.
    """

    id: int
    endpoint_id: int
    message_id: str
    event: str
    reference: str
    state: str
    reason: str
    created_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None
    attempts: tuple[WebhookAttempt, ...]


def deliveries(
    services: Services, endpoint_id: int, *, before: int | None = None, most: int = 50
) -> tuple[Delivery, ...]:
    """An endpoint's messages, newest first; the next page begins ``before`` the last one's id. Raises NotFound."""
    endpoint_numbered(services, endpoint_id)
    chosen = select(OutboxMessage).where(OF_WEBHOOKS, OutboxMessage.recipient == recipient_of(endpoint_id))
    if before is not None:
        chosen = chosen.where(OutboxMessage.id < min(before, LARGEST_ID))
    with services.read() as database:
        rows = database.scalars(chosen.order_by(OutboxMessage.id.desc()).limit(most)).all()
        return _with_attempts(database, *rows)


def pings(services: Services, endpoint_id: int, most: int = 10) -> tuple[WebhookAttempt, ...]:
    """The latest pings that were sent to an endpoint, newest first."""
    with services.read() as database:
        newest = select(WebhookAttempt).where(
            WebhookAttempt.endpoint_id == endpoint_id, WebhookAttempt.outbox_id.is_(None)
        )
        return tuple(database.scalars(newest.order_by(WebhookAttempt.id.desc()).limit(most)))


@tried_again
def replay(services: Services, actor: Actor, number: int, now: datetime, *, by: audit.Origin | None = None) -> None:
    """Send a message once more, for staff, under the id that it had: a receiver that has it already can tell.

    One that is more than a week old is tried once. What still waits is tried now. Raises NotFound, NotPermitted, and
    UseCaseError where the endpoint is switched off or a worker is at the message.
    """
    with services.write.begin() as database:
        require_staff(database, actor)
        message = _message(database, number)
        endpoint = database.get_one(WebhookEndpoint, endpoint_id_of(message.recipient))
        if endpoint.disabled_at is not None:
            raise UseCaseError(
                _("The endpoint is switched off: %(reason)s. Switch it on first", reason=endpoint.disabled_reason)
            )
        if message.leased_until is not None and message.leased_until > now:
            raise UseCaseError(_("This message is being sent at this moment"))
        make_due(message, now)
        record_replay(database, message, by, now)


def _message(database: Session, number: int) -> OutboxMessage:
    message = database.get(OutboxMessage, number, with_for_update=True) if 0 < number <= LARGEST_ID else None
    if message is None or message.channel != CHANNEL:
        raise NotFound(f"There is no delivery {number}")
    return message


def _with_attempts(database: Session, *rows: OutboxMessage) -> tuple[Delivery, ...]:
    attempts: dict[int | None, list[WebhookAttempt]] = defaultdict(list)
    wanted = select(WebhookAttempt).where(WebhookAttempt.outbox_id.in_([row.id for row in rows]))
    for attempt in database.scalars(wanted.order_by(WebhookAttempt.id)):
        attempts[attempt.outbox_id].append(attempt)
    return tuple(_delivery(row, attempts[row.id]) for row in rows)


def _delivery(row: OutboxMessage, attempts: list[WebhookAttempt]) -> Delivery:
    return Delivery(
        id=row.id,
        endpoint_id=endpoint_id_of(row.recipient),
        message_id=row.message_id,
        event=row.kind,
        reference=reference_of(row.ticket_id) if row.ticket_id else "",
        state=row.state,
        reason=row.last_error,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        finished_at=row.finished_at,
        attempts=tuple(attempts),
    )

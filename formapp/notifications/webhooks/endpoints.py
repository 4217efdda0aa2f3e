"""Endpoints: adding one, turning its secret over, switching it off and on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, literal, or_, select, update
from sqlalchemy.orm import Session

from formapp.errors import NotFound, UnknownProject, UseCaseError
from formapp.models import LARGEST_ID, OutboxMessage, Project, WebhookAttempt, WebhookEndpoint, WebhookSecret
from formapp.notifications.webhooks.addresses import Resolve, checked_addresses, parse, system_addresses
from formapp.notifications.webhooks.messages import CHANNEL, EVENT_TYPES, recipient_of
from formapp.notifications.webhooks.signing import new_secret
from formapp.services import Services

# How long a replaced secret still signs beside its successor, so that receivers can change over.
OVERLAP = timedelta(hours=24)
RESOLVE_SECONDS = 5.0
BY_HAND = "by hand"
# Written into the statement, not bound: SQLite uses a partial index only where it sees the value.
OF_WEBHOOKS = OutboxMessage.channel == literal(CHANNEL, literal_execute=True)
IS_DUE = OutboxMessage.state == literal("due", literal_execute=True)


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """An endpoint as staff see it, without its secrets. ``project`` is a key; empty: all tickets."""

    id: int
    url: str
    project: str
    events: tuple[str, ...]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str
    failing_since: datetime | None
    paused_until: datetime | None


def add_endpoint(
    services: Services,
    url: str,
    now: datetime,
    *,
    project: str = "",
    events: Iterable[str] = (),
    resolve: Resolve = system_addresses,
) -> tuple[int, str]:
    """Add an endpoint; its number and its secret, which is shown only this once.

    No project: all tickets. No events: all types, those of later releases too. Raises UseCaseError for an
    address that no message may go to, for an unknown event, and UnknownProject.
    """
    target = parse(url)
    types = _known(events)
    checked_addresses(target, services.settings.webhook_private, resolve, RESOLVE_SECONDS)
    secret = new_secret()
    with services.write.begin() as database:
        project_id = _project_id(database, project) if project else None
        endpoint = WebhookEndpoint(
            url=url, project_id=project_id, events=types, created_at=now, disabled_reason="", failures=0
        )
        database.add(endpoint)
        database.flush()
        database.add(WebhookSecret(endpoint_id=endpoint.id, secret=secret, created_at=now))
        return endpoint.id, secret


def _known(events: Iterable[str]) -> list[str]:
    types = list(dict.fromkeys(events))
    for event in types:
        if event not in EVENT_TYPES:
            raise UseCaseError(f"There is no event {event}; known are {', '.join(EVENT_TYPES)}", "events")
    return types


def _project_id(database: Session, key: str) -> int:
    number = database.scalar(select(Project.id).where(Project.key == key))
    if number is None:
        raise UnknownProject(f"There is no project {key}")
    return number


def endpoints(services: Services) -> tuple[EndpointFacts, ...]:
    """All endpoints, by number."""
    with services.read() as database:
        rows = database.execute(
            select(WebhookEndpoint, Project.key)
            .outerjoin(Project, Project.id == WebhookEndpoint.project_id)
            .order_by(WebhookEndpoint.id)
        )
        return tuple(_facts(endpoint, key) for endpoint, key in rows)


def endpoint_numbered(services: Services, number: int) -> EndpointFacts:
    """One endpoint. Raises NotFound."""
    with services.read() as database:
        endpoint = _endpoint(database, number)
        project = database.get(Project, endpoint.project_id) if endpoint.project_id else None
        return _facts(endpoint, project.key if project else None)


def _facts(endpoint: WebhookEndpoint, project: str | None) -> EndpointFacts:
    return EndpointFacts(
        endpoint.id,
        endpoint.url,
        project or "",
        tuple(endpoint.events),
        endpoint.created_at,
        endpoint.disabled_at,
        endpoint.disabled_reason,
        endpoint.failing_since,
        endpoint.paused_until,
    )


def _endpoint(database: Session, number: int) -> WebhookEndpoint:
    endpoint = database.get(WebhookEndpoint, number) if 0 < number <= LARGEST_ID else None
    if endpoint is None:
        raise NotFound(f"There is no webhook endpoint {number}")
    return endpoint


def rotate(services: Services, number: int, now: datetime) -> str:
    """A new secret, shown only this once; the one before signs beside it for ``OVERLAP``. Raises NotFound."""
    secret = new_secret()
    with services.write.begin() as database:
        _endpoint(database, number)
        database.execute(
            update(WebhookSecret)
            .where(WebhookSecret.endpoint_id == number, WebhookSecret.expires_at.is_(None))
            .values(expires_at=now + OVERLAP)
        )
        database.add(WebhookSecret(endpoint_id=number, secret=secret, created_at=now))
    return secret


def signing_secrets(database: Session, number: int, now: datetime) -> tuple[str, ...]:
    """The secrets that sign an endpoint's messages at this instant, the present one first."""
    valid = or_(WebhookSecret.expires_at.is_(None), WebhookSecret.expires_at > now)
    newest_first = select(WebhookSecret.secret).where(WebhookSecret.endpoint_id == number, valid)
    return tuple(database.scalars(newest_first.order_by(WebhookSecret.id.desc())))


def disable(services: Services, number: int, now: datetime) -> None:
    """Send nothing more to an endpoint; what waited for it is dead, and can be replayed. Raises NotFound."""
    with services.write.begin() as database:
        _endpoint(database, number)
        switch_off(database, number, BY_HAND, now)


def switch_off(database: Session, number: int, reason: str, now: datetime) -> None:
    """Disable an endpoint inside the caller's transaction, with what waits for it.

    A row that a worker holds is left to that worker, which will find the endpoint disabled.
    """
    database.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == number, WebhookEndpoint.disabled_at.is_(None))
        .values(disabled_at=now, disabled_reason=reason)
    )
    free = or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until <= now)
    database.execute(
        update(OutboxMessage)
        .where(OF_WEBHOOKS, IS_DUE, OutboxMessage.recipient == recipient_of(number), free)
        .values(state="dead", finished_at=now, lease=None, leased_until=None, last_error=_off(reason))
        .execution_options(synchronize_session=False)
    )


def remove(services: Services, number: int, now: datetime) -> None:
    """Remove an endpoint that is switched off, with its secrets and its delivery log.

    Raises NotFound, and UseCaseError where it is on, or a worker is at a message for it.
    """
    with services.write.begin() as database:
        if _endpoint(database, number).disabled_at is None:
            raise UseCaseError(f"Endpoint {number} is on. Switch it off first: formapp webhook disable {number}")
        own = select(OutboxMessage.id).where(OF_WEBHOOKS, OutboxMessage.recipient == recipient_of(number))
        if database.scalars(own.where(OutboxMessage.leased_until > now).limit(1)).all():
            raise UseCaseError("A message is being sent to it at this moment. Try again")
        unsynchronised = {"synchronize_session": False}
        for rows in (
            delete(WebhookAttempt).where(or_(WebhookAttempt.endpoint_id == number, WebhookAttempt.outbox_id.in_(own))),
            delete(OutboxMessage).where(OutboxMessage.id.in_(own)),
            delete(WebhookSecret).where(WebhookSecret.endpoint_id == number),
            delete(WebhookEndpoint).where(WebhookEndpoint.id == number),
        ):
            database.execute(rows.execution_options(**unsynchronised))


def _off(reason: str) -> str:
    return f"The endpoint is switched off: {reason}"


def enable(services: Services, number: int) -> None:
    """Send to an endpoint again, from the next event on; what died meanwhile stays dead until replayed.

    Raises NotFound.
    """
    with services.write.begin() as database:
        endpoint = _endpoint(database, number)
        endpoint.disabled_at, endpoint.disabled_reason = None, ""
        endpoint.failures, endpoint.failing_since, endpoint.paused_until = 0, None, None

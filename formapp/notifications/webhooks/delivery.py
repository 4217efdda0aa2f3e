"""Delivering: one outbox row to one endpoint, noted in the log, judged for what comes next.

An endpoint that gives no answer, or asks for patience, is left alone for a growing while with all that
waits for it; the row that was tried goes behind the others, so that one message that a receiver chokes
on holds up none of the rest. Any other answer than 2xx concerns its own row alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from formapp.backoff import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from formapp.errors import UseCaseError
from formapp.models import OutboxMessage, WebhookAttempt, WebhookEndpoint
from formapp.notifications.outbox import GIVE_UP_AFTER, SENT, Outcome
from formapp.notifications.webhooks.addresses import Resolve, checked_addresses, parse, system_addresses
from formapp.notifications.webhooks.endpoints import IS_DUE, OF_WEBHOOKS, endpoint_numbered, signing_secrets, switch_off
from formapp.notifications.webhooks.messages import endpoint_id_of, message_body, recipient_of
from formapp.notifications.webhooks.request import LIMITS, Limits, NoAnswer, post
from formapp.notifications.webhooks.signing import new_message_id, signed_headers
from formapp.services import Services

PING = "ping"
# A silent endpoint is tried again at least this often, so that its return is noticed.
LONGEST_SILENCE = timedelta(hours=1)
_BEHIND = timedelta(seconds=1)
_GONE = 410
_BE_PATIENT = (429, 503)
_BUSY = (*_BE_PATIENT, 502, 504)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went. ``status`` None: no answer came; ``error`` empty: delivered."""

    message_id: str
    event: str
    at: datetime
    status: int | None
    error: str
    duration_ms: int
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver took it."""
        return not self.error


def deliver(
    services: Services,
    message: OutboxMessage,
    clock: Callable[[], datetime],
    *,
    resolve: Resolve = system_addresses,
    limits: Limits = LIMITS,
) -> Outcome:
    """Try to deliver a leased outbox row, and say what becomes of it."""
    number, now = endpoint_id_of(message.recipient), clock()
    with services.read() as database:
        endpoint = database.get(WebhookEndpoint, number)
        signing = signing_secrets(database, number, now)
    if endpoint is None:
        return Outcome(sent=False, error="The endpoint was removed", permanent=True)
    if endpoint.disabled_at is not None:
        return Outcome(sent=False, error=f"The endpoint is switched off: {endpoint.disabled_reason}", permanent=True)
    parcel = _Parcel(message.message_id, message.kind, message.payload)
    attempt = _send(services, endpoint.url, parcel, signing, now, resolve, limits)
    with services.write.begin() as database:
        _write_down(database, number, message.id, attempt)
        return _outcome_of(database, endpoint, message, attempt, clock())


def ping(
    services: Services,
    number: int,
    now: datetime,
    *,
    resolve: Resolve = system_addresses,
    limits: Limits = LIMITS,
) -> Attempt:
    """Send a signed ping at once, to an endpoint that is switched off as well. Raises NotFound.

    The log notes it; the endpoint's state stays as it is, whatever the answer.
    """
    url = endpoint_numbered(services, number).url
    with services.read() as database:
        signing = signing_secrets(database, number, now)
    parcel = _Parcel(new_message_id(), PING, message_body(PING, now, {}))
    attempt = _send(services, url, parcel, signing, now, resolve, limits)
    with services.write.begin() as database:
        _write_down(database, number, None, attempt)
    return attempt


@dataclass(frozen=True, slots=True)
class _Parcel:
    message_id: str
    event: str
    body: dict[str, Any]


def _send(
    services: Services,
    url: str,
    parcel: _Parcel,
    signing: tuple[str, ...],
    now: datetime,
    resolve: Resolve,
    limits: Limits,
) -> Attempt:
    """One request, from the name to the answer, within the limits."""
    began = time.monotonic()
    until = began + limits.total
    content = json.dumps(parcel.body, separators=(",", ":")).encode("ascii")
    status, error, retry_after = None, "", None
    try:
        target = parse(url)
        found = checked_addresses(target, services.settings.webhook_private, resolve, limits.connect)
        headers = signed_headers(parcel.message_id, now, content, signing)
        answer = post(target, found, headers, content, until, limits)
        status = answer.status
        error = _in_words(status, answer.excerpt)
        retry_after = _retry_after(answer.retry_after, now) if status in _BE_PATIENT else None
    except UseCaseError as refused:
        error = refused.message
    except NoAnswer as no_answer:
        error = str(no_answer)
    milliseconds = round((time.monotonic() - began) * 1000)
    return Attempt(parcel.message_id, parcel.event, now, status, error, milliseconds, retry_after)


def _in_words(status: int, excerpt: str) -> str:
    if 200 <= status < 300:
        return ""
    words = f"Answered {status}"
    if 300 <= status < 400:
        return f"{words}, a redirect; webhooks follow none"
    return f"{words}: {excerpt}" if excerpt else words


def _retry_after(header: str, now: datetime) -> timedelta | None:
    """How long a Retry-After asks us to wait, in seconds or until a date, within our own bounds."""
    header = header.strip()
    if header.isascii() and header.isdigit():
        pause = timedelta(seconds=min(int(header[:12]), LONGEST_PAUSE.total_seconds()))
    else:
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return None
        pause = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
    return min(max(pause, FIRST_PAUSE), LONGEST_PAUSE)


def _write_down(database: Session, number: int, outbox_id: int | None, attempt: Attempt) -> None:
    database.add(
        WebhookAttempt(
            endpoint_id=number,
            outbox_id=outbox_id,
            message_id=attempt.message_id,
            event=attempt.event,
            attempted_at=attempt.at,
            status=attempt.status,
            error=attempt.error,
            duration_ms=attempt.duration_ms,
        )
    )


def _outcome_of(
    database: Session, endpoint: WebhookEndpoint, message: OutboxMessage, attempt: Attempt, now: datetime
) -> Outcome:
    if attempt.delivered:
        _recovered(database, endpoint)
        return SENT
    if attempt.status == _GONE:
        switch_off(database, endpoint.id, "it answered 410 Gone", now)
        return Outcome(sent=False, error=attempt.error, permanent=True)
    if attempt.status is not None and attempt.status not in _BUSY:
        return Outcome(sent=False, error=attempt.error)
    since = endpoint.failing_since or now
    if now - since >= GIVE_UP_AFTER:
        switch_off(database, endpoint.id, f"no delivery for {GIVE_UP_AFTER.days} days; {attempt.error}", now)
        return Outcome(sent=False, error=attempt.error, permanent=True)
    pause = attempt.retry_after or min(pause_after(endpoint.failures + 1), LONGEST_SILENCE)
    _back_off(database, endpoint, message, since, now + pause)
    own = pause if attempt.retry_after else max(pause, pause_after(message.attempts))
    return Outcome(sent=False, error=attempt.error, retry_after=own + _BEHIND)


def _recovered(database: Session, endpoint: WebhookEndpoint) -> None:
    """The endpoint takes messages again."""
    if endpoint.failures:
        database.execute(
            update(WebhookEndpoint)
            .where(WebhookEndpoint.id == endpoint.id)
            .values(failures=0, failing_since=None, paused_until=None)
        )


def _back_off(
    database: Session, endpoint: WebhookEndpoint, message: OutboxMessage, since: datetime, until: datetime
) -> None:
    """Put off all that waits for an endpoint; later messages begin with the same pause."""
    database.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint.id)
        .values(failures=WebhookEndpoint.failures + 1, failing_since=since, paused_until=until)
    )
    database.execute(
        update(OutboxMessage)
        .where(
            OF_WEBHOOKS,
            IS_DUE,
            OutboxMessage.recipient == recipient_of(endpoint.id),
            OutboxMessage.id != message.id,
            OutboxMessage.next_attempt_at < until,
        )
        .values(next_attempt_at=until)
        .execution_options(synchronize_session=False)
    )

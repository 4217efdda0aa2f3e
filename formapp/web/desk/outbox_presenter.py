"""Plain values for what goes out: messages that were given up, webhook endpoints, and what these were sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from formapp.models import OutboxMessage, WebhookAttempt, reference_of
from formapp.notifications import webhooks
from formapp.notifications.webhooks.endpoints import EndpointFacts
from formapp.notifications.webhooks.log import Delivery
from formapp.notifications.webhooks.messages import endpoint_id_of
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

CHANNELS = {"mail": gettext_noop("Mail"), "webhook": gettext_noop("Webhook"), "announcement": gettext_noop("Event")}
KINDS = {
    "received": gettext_noop("Ticket received"),
    "replied": gettext_noop("We replied"),
    "closed": gettext_noop("Closed"),
    "reopened": gettext_noop("Reopened"),
    "priority-changed": gettext_noop("Priority changed"),
    "files-refused": gettext_noop("Files that were not taken"),
    "link": gettext_noop("Sign-in link"),
    "unknown-address": gettext_noop("Unknown address"),
    "staff-new": gettext_noop("New ticket, to staff"),
    "staff-reply": gettext_noop("New message, to staff"),
    "staff-due-soon": gettext_noop("Due soon, to staff"),
    "staff-missed": gettext_noop("Missed, to staff"),
}
DELIVERY_LABELS = {
    "due": gettext_noop("On its way"),
    "sent": gettext_noop("Delivered"),
    "dead": gettext_noop("Given up"),
}
NO_REASON = gettext_noop("No reason was recorded")


@dataclass(frozen=True, slots=True)
class GivenUpMessage:
    """A message that was given up; ``to`` is empty for one that has no single recipient."""

    number: int
    what: str
    to: str
    reference: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint of webhooks. ``paused_until`` is None where messages are sent to it at once."""

    number: int
    url: str
    subscription: str
    disabled_at: datetime | None
    disabled_reason: str
    failing_since: datetime | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One delivery attempt: when, and how it ended."""

    at: datetime
    outcome: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A message to an endpoint, with its attempts; ``next_attempt_at`` is None where none is to come."""

    number: int
    event: str
    reference: str
    status: str
    finished_at: datetime | None
    next_attempt_at: datetime | None
    reason: str
    attempts: tuple[AttemptView, ...]


def present_given_up(messages: Iterable[OutboxMessage], endpoints: Sequence[EndpointFacts]) -> list[GivenUpMessage]:
    """The messages, each with whom it was for."""
    urls = {endpoint.id: endpoint.url for endpoint in endpoints}
    return [
        GivenUpMessage(
            number=message.id,
            what=_what(message),
            to=_recipient(message, urls),
            reference=reference_of(message.ticket_id) if message.ticket_id else "",
            at=message.finished_at or message.created_at,
            reason=message.last_error or _(NO_REASON),
        )
        for message in messages
    ]


def _what(message: OutboxMessage) -> str:
    channel, kind = _(CHANNELS.get(message.channel, message.channel)), _(KINDS.get(message.kind, message.kind))
    return f"{channel}: {kind}"


def _recipient(message: OutboxMessage, urls: dict[int, str]) -> str:
    is_webhook = message.channel == webhooks.CHANNEL
    return urls.get(endpoint_id_of(message.recipient), "") if is_webhook else message.recipient


def present_endpoint(facts: EndpointFacts, now: datetime) -> EndpointView:
    """The endpoint, with how it fares."""
    events = ", ".join(facts.events) or _("all events")
    subscription = _("Gets %(events)s of all tickets", events=events)
    if facts.project:
        subscription = _("Gets %(events)s of tickets of %(project)s", events=events, project=facts.project)
    is_paused = facts.failing_since is not None and facts.paused_until is not None and facts.paused_until > now
    return EndpointView(
        number=facts.id,
        url=facts.url,
        subscription=subscription,
        disabled_at=facts.disabled_at,
        disabled_reason=facts.disabled_reason,
        failing_since=facts.failing_since,
        paused_until=facts.paused_until if is_paused else None,
    )


def present_delivery(delivery: Delivery, now: datetime) -> DeliveryView:
    """One message to an endpoint."""
    waits = delivery.finished_at is None and delivery.next_attempt_at > now
    return DeliveryView(
        number=delivery.id,
        event=delivery.event,
        reference=delivery.reference,
        status=_(DELIVERY_LABELS.get(delivery.state, delivery.state)),
        finished_at=delivery.finished_at,
        next_attempt_at=delivery.next_attempt_at if waits else None,
        reason=(delivery.reason or _(NO_REASON)) if delivery.state == "dead" else "",
        attempts=tuple(present_attempt(attempt) for attempt in delivery.attempts),
    )


def present_attempt(attempt: WebhookAttempt) -> AttemptView:
    """When it was, and "Answered 204, 12 ms"."""
    outcome = attempt.error or _("Answered %(status)s", status=attempt.status)
    return AttemptView(attempt.attempted_at, _("%(outcome)s, %(time)s ms", outcome=outcome, time=attempt.duration_ms))

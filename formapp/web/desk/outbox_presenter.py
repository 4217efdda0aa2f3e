"""What goes out, in words: messages that were given up, endpoints of webhooks, and what these were sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from formapp.models import OutboxMessage, WebhookAttempt, reference_of
from formapp.notifications import webhooks
from formapp.notifications.webhooks.endpoints import EndpointFacts
from formapp.notifications.webhooks.log import Delivery
from formapp.notifications.webhooks.messages import endpoint_id_of
from formapp.web.layout.filters import instant_html
from formapp.when import short_words
from supportpolicy import Policy

CHANNELS = {"mail": "Mail", "webhook": "Webhook", "announcement": "Announcement"}
KINDS = {
    "received": "Your ticket is received",
    "replied": "We replied",
    "closed": "Closed",
    "reopened": "Reopened",
    "link": "Sign-in link",
    "unknown-address": "Unknown address",
    "staff-new": "New ticket, to staff",
    "staff-reply": "New message, to staff",
    "staff-due-soon": "Due soon, to staff",
    "staff-missed": "Missed, to staff",
}
STATES = {"due": "On its way", "sent": "Delivered", "dead": "Given up"}
NO_REASON = "No reason was noted"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message that was given up; ``to`` is empty for one that is told to nobody in particular."""

    number: int
    what: str
    to: str
    reference: str
    at: Markup
    reason: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint of webhooks; ``state`` is a sentence, ``is_off`` says that nothing can be sent to it."""

    number: int
    url: str
    told: str
    state: Markup
    is_off: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A message to an endpoint, with its tries."""

    number: int
    event: str
    reference: str
    state: Markup
    reason: str
    tries: tuple[Markup, ...]


def given_up(
    messages: Iterable[OutboxMessage], endpoints: Sequence[EndpointFacts], policy: Policy, now: datetime
) -> list[GivenUp]:
    """The messages, each with whom it was for."""
    urls = {endpoint.id: endpoint.url for endpoint in endpoints}
    found = []
    for message in messages:
        is_webhook = message.channel == webhooks.CHANNEL
        channel = CHANNELS.get(message.channel, message.channel)
        found.append(
            GivenUp(
                number=message.id,
                what=f"{channel}: {KINDS.get(message.kind, message.kind)}",
                to=urls.get(endpoint_id_of(message.recipient), "") if is_webhook else message.recipient,
                reference=reference_of(message.ticket_id) if message.ticket_id else "",
                at=_at(message.finished_at or message.created_at, policy, now),
                reason=message.last_error or NO_REASON,
            )
        )
    return found


def endpoint_words(facts: EndpointFacts, policy: Policy, now: datetime) -> Endpoint:
    """The endpoint, with how it fares."""
    tickets = f"tickets of {facts.project}" if facts.project else "all tickets"
    if facts.disabled_at is not None:
        state = Markup("Switched off since {}: {}").format(_at(facts.disabled_at, policy, now), facts.disabled_reason)
    elif facts.failing_since is not None:
        state = Markup("Failing since {}").format(_at(facts.failing_since, policy, now))
        if facts.paused_until is not None and facts.paused_until > now:
            state += Markup("; nothing is sent before {}").format(_at(facts.paused_until, policy, now))
    else:
        state = Markup("On")
    told = f"Told of {tickets}, {', '.join(facts.events) or 'all events'}"
    return Endpoint(facts.id, facts.url, told, state, facts.disabled_at is not None)


def sent_words(delivery: Delivery, policy: Policy, now: datetime) -> Sent:
    """One message to an endpoint."""
    state = Markup("{}").format(STATES.get(delivery.state, delivery.state))
    if delivery.finished_at is not None:
        state += Markup(", {}").format(_at(delivery.finished_at, policy, now))
    elif delivery.next_attempt_at > now:
        state += Markup("; the next try is {}").format(_at(delivery.next_attempt_at, policy, now))
    return Sent(
        number=delivery.id,
        event=delivery.event,
        reference=delivery.reference,
        state=state,
        reason=(delivery.reason or NO_REASON) if delivery.state == "dead" else "",
        tries=tuple(attempt_words(attempt, policy, now) for attempt in delivery.tries),
    )


def attempt_words(attempt: WebhookAttempt, policy: Policy, now: datetime) -> Markup:
    """ "Tue 24 Nov, 15:00 (Paris): answered 204 in 12 ms"."""
    outcome = attempt.error or f"Answered {attempt.status}"
    return Markup("{}: {}, {} ms").format(_at(attempt.attempted_at, policy, now), outcome, attempt.duration_ms)


def _at(instant: datetime, policy: Policy, now: datetime) -> Markup:
    return instant_html(short_words(instant, policy.calendar.zone, now), instant, policy)

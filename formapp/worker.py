"""The worker: sends what the outbox holds. Any number may run, on any number of machines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Event

from formapp import mail, outbox
from formapp.models import OutboxMessage
from formapp.outbox import Outcome
from formapp.services import Services
from formapp.tickets import policy_of

IDLE_SECONDS = 2.0


def send(services: Services, message: OutboxMessage) -> Outcome:
    """Send one message by its channel."""
    version = message.payload.get("policy_version")
    policy = policy_of(services, version) if version else services.policy
    return mail.deliver(services, message, policy)


def run_once(services: Services, clock: Callable[[], datetime]) -> int:
    """Send all that is due and return how many were tried."""
    total = 0
    while tried := outbox.send_due(services, lambda message: send(services, message), clock):
        total += tried
    return total


def run(services: Services, clock: Callable[[], datetime], stop: Event) -> None:
    """Send what comes due until told to stop."""
    while not stop.is_set():
        run_once(services, clock)
        stop.wait(IDLE_SECONDS)

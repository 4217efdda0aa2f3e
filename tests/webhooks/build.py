"""Telling the endpoints of a ticket's event, and delivering, as the desk's acts and its worker do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from formapp.models import OutboxMessage, Project, Ticket
from formapp.notifications import outbox, webhooks
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.notifications.webhooks.log import Delivery, deliveries
from formapp.services import Services
from formapp.tickets import events
from tests.builders import NOW, Clock, build_customer, file_ticket
from tests.webhooks.receiver import Receiver


def build_ticket(services: Services, **changes: Any) -> int:
    """A customer's ticket; its number."""
    return file_ticket(services, build_customer(services), **changes).ticket.id


def tell(services: Services, ticket_id: int, kind: str = "created", now: datetime = NOW, **more: Any) -> int:
    """Record an event on a ticket and tell the endpoints, in one transaction; how many are told."""
    with services.write.begin() as database:
        return tell_within(database, services, ticket_id, kind, now, **more)


def tell_within(
    database: Session, services: Services, ticket_id: int, kind: str, now: datetime = NOW, **more: Any
) -> int:
    """The same, within a transaction of the test's own."""
    ticket = database.get_one(Ticket, ticket_id)
    project = database.get_one(Project, ticket.project_id)
    sequence = events.record(database, ticket_id, kind, None, now, {})
    facts = webhooks.facts_of(ticket, project, services.settings.base_url)
    return webhooks.enqueue(database, kind, facts, now, sequence=sequence, **more)


def told_endpoint(services: Services, receiver: Receiver, ticket_id: int = 0) -> tuple[int, str]:
    """An endpoint at this receiver for which one message about a ticket waits; its number and secret."""
    number, secret = add_endpoint(services, receiver.url(), NOW)
    tell(services, ticket_id or build_ticket(services))
    return number, secret


def send(services: Services, clock: Clock, **more: Any) -> int:
    """Deliver the webhooks that are due now; how many were tried."""
    return outbox.send_due(
        services,
        lambda message: deliver(services, message, clock, **more),
        clock,
        only=OutboxMessage.channel == webhooks.CHANNEL,
    )


def newest(services: Services, number: int) -> Delivery:
    """The newest message to an endpoint."""
    return deliveries(services, number, most=1)[0]


class Answers:
    """A resolver that gives one answer after the other, as a name server of bad intent would."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]

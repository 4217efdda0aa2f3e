"""Telling the endpoints of a ticket's event, as the desk's acts do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from formapp import events, webhooks
from formapp.models import Project, Ticket
from formapp.services import Services
from tests.builders import NOW


def tell(services: Services, ticket_id: int, kind: str, now: datetime = NOW, **more: Any) -> int:
    """Record an event on a ticket and tell the endpoints, in one transaction; how many are told."""
    with services.write.begin() as database:
        ticket = database.get_one(Ticket, ticket_id)
        project = database.get_one(Project, ticket.project_id)
        sequence = events.record(database, ticket_id, kind, None, now, {})
        facts = webhooks.facts_of(ticket, project, services.settings.base_url)
        return webhooks.enqueue(database, kind, facts, now, sequence=sequence, **more)

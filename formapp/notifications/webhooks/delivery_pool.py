"""Webhooks are delivered side by side, each endpoint's one after the other.

A receiver may take all of its fifteen seconds: it then holds up one delivery, no mail and no other endpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock

from sqlalchemy import and_

from formapp.models import OutboxMessage
from formapp.notifications import outbox
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.messages import CHANNEL
from formapp.services import Services

POOL_SIZE = 4


class DeliveryPool:
    """What the deliveries of one worker share: which endpoints one of them is at."""

    def __init__(self, services: Services, clock: Callable[[], datetime]) -> None:
        self._services, self._clock = services, clock
        self._lock = Lock()
        self._busy: set[str] = set()

    def deliver_next(self) -> bool:
        """Deliver one message to an endpoint that no other delivery is at; False where none is due."""
        with self._lock:
            free = and_(OutboxMessage.channel == CHANNEL, OutboxMessage.recipient.not_in(self._busy))
            message = outbox.lease_next(self._services, self._clock(), free)
            if message is None:
                return False
            self._busy.add(message.recipient)
        try:
            outbox.send_leased(
                self._services, message, lambda leased: deliver(self._services, leased, self._clock), self._clock
            )
        finally:
            with self._lock:
                self._busy.discard(message.recipient)
        return True

"""From a ticket's transaction to a receiver: signed, once written, tried until it is taken."""

from __future__ import annotations

from formapp import worker
from formapp.services import Services
from formapp.webhooks.endpoints import add_endpoint
from tests.builders import NOW, Clock, build_customer, file_ticket
from tests.webhooks.build import tell
from tests.webhooks.receiver import Receiver


def test_a_receiver_gets_a_message_that_its_own_library_finds_genuine(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, secret = add_endpoint(desk, receiver.url(), NOW)
    ticket = file_ticket(desk, build_customer(desk)).ticket
    tell(desk, ticket.id, "created")
    worker.run_once(desk, clock)
    (message,) = receiver.received
    assert message.path == "/hook"
    body = message.verified(secret)
    assert body["type"] == "ticket.created"

"""A worker's lanes: an endpoint that hangs holds up neither mail nor another endpoint."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import select

from formapp import worker
from formapp.models import OutboxMessage
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from tests.builders import NOW, Clock, build_customer, file_ticket
from tests.webhooks.receiver import Receiver, Reply

PATIENCE = 10


@contextmanager
def running(services: Services, clock: Clock) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(services, clock, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_one_hanging_endpoint_holds_up_nothing_else(desk: Services, receiver: Receiver, clock: Clock) -> None:
    hanging = Receiver()
    all_there, held = threading.Semaphore(0), threading.Semaphore(0)

    def hang(_handler: object) -> None:
        held.release()
        hanging.released.wait(PATIENCE)

    hanging.replies = [Reply(instead=hang) for _ in range(6)]
    receiver.replies = [Reply(instead=lambda handler: _taken(handler, all_there)) for _ in range(6)]
    add_endpoint(desk, hanging.url(), NOW)
    add_endpoint(desk, receiver.url(), NOW)
    ada = build_customer(desk)
    for each in range(6):
        file_ticket(desk, ada, submission=f"form-{each}", subject=f"Ticket {each}")
    with running(desk, clock), closing(hanging):
        assert held.acquire(timeout=PATIENCE)
        for _ in range(6):
            assert all_there.acquire(timeout=PATIENCE), "another endpoint waited for the one that hangs"
        # One lane is at the silent endpoint; the others leave it to that one.
        assert len(hanging.received) == 1
        with desk.read() as database:
            states = set(database.scalars(select(OutboxMessage.state).where(OutboxMessage.channel == "mail")))
        assert "due" not in states
    subjects = [message.body["data"]["subject"] for message in receiver.received]
    assert sorted(subjects) == [f"Ticket {each}" for each in range(6)]


def _taken(handler: object, arrived: threading.Semaphore) -> None:
    handler.send_response(204)  # type: ignore[attr-defined]
    handler.end_headers()  # type: ignore[attr-defined]
    arrived.release()

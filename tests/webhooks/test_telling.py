"""Who is told of what: public facts, to the endpoints of the desk and of the ticket's project, in order."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from formapp import worker
from formapp.models import OutboxMessage
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.notifications.webhooks.log import deliveries
from formapp.services import Services
from formapp.tickets import replies, triage
from formapp.tickets.replies import MessageInput
from tests.builders import NOW, REASON, Clock, build_account, build_customer, build_project, file_ticket
from tests.webhooks.build import build_ticket, send, tell, tell_within
from tests.webhooks.receiver import Receiver, Reply

CANARY = "canary-7f3a"
FACTS = {
    "reference": "SUP-1001",
    "url": "http://127.0.0.1:8000/support/tickets/SUP-1001",
    "project": "shop",
    "subject": "Checkout fails",
    "priority": "high",
    "state": "open",
    "opened_at": "2026-11-24T14:00:00Z",
    "response_due_at": "2026-11-25T14:00:00Z",
    "resolution_due_at": None,
    "closed_at": None,
}


def test_the_body_is_the_type_the_instant_and_the_documented_facts(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    add_endpoint(sqlite_desk, receiver.url(), NOW)
    ticket = build_ticket(sqlite_desk)
    tell(sqlite_desk, ticket, "priority-changed", NOW + timedelta(hours=1), previous_priority="low", by="support")
    clock.now += timedelta(hours=2)
    send(sqlite_desk, clock)
    (message,) = receiver.received
    assert message.body == {
        "type": "ticket.priority_changed",
        "timestamp": "2026-11-24T15:00:00Z",
        "data": {**FACTS, "by": "support", "previous_priority": "low"},
    }


@pytest.mark.parametrize("kind", ["noted", "assigned", "reopened", "merged", "absorbed", "ping", ""])
def test_what_is_not_for_customers_is_not_told(sqlite_desk: Services, receiver: Receiver, kind: str) -> None:
    add_endpoint(sqlite_desk, receiver.url(), NOW)
    assert tell(sqlite_desk, build_ticket(sqlite_desk), kind) == 0


def test_an_endpoint_hears_of_its_project_and_its_events_alone(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    ada = build_customer(desk)
    build_project(desk, "museum", ada.email)
    add_endpoint(desk, receiver.url("/all"), NOW)
    add_endpoint(desk, receiver.url("/shop"), NOW, project="shop")
    add_endpoint(desk, receiver.url("/museum"), NOW, project="museum")
    add_endpoint(desk, receiver.url("/closed"), NOW, events=["ticket.closed", "ticket.missed"])
    shop = file_ticket(desk, ada).ticket.id
    museum = file_ticket(desk, ada, project="museum", submission="form-2").ticket.id

    def told(ticket: int, kind: str) -> set[str]:
        tell(desk, ticket, kind)
        receiver.received.clear()
        send(desk, clock)
        return {message.path for message in receiver.received}

    assert told(shop, "created") == {"/all", "/shop"}
    assert told(museum, "replied") == {"/all", "/museum"}
    assert told(shop, "closed") == {"/all", "/shop", "/closed"}
    assert told(museum, "missed") == {"/all", "/museum", "/closed"}


def test_an_event_that_is_undone_tells_nobody(desk: Services, receiver: Receiver, clock: Clock) -> None:
    add_endpoint(desk, receiver.url(), NOW)
    ticket = build_ticket(desk)
    with desk.write.begin() as database:
        assert tell_within(database, desk, ticket, "closed") == 1
        database.rollback()
    assert send(desk, clock) == 0
    assert receiver.received == []


def test_an_event_told_twice_is_one_message(desk: Services, receiver: Receiver, clock: Clock) -> None:
    add_endpoint(desk, receiver.url(), NOW)
    build_ticket(desk)
    worker.run_once(desk, clock)
    with desk.write.begin() as database:
        # As if the worker had died between telling and marking.
        told = database.scalars(select(OutboxMessage).where(OutboxMessage.channel == "announcement")).one()
        told.state, told.finished_at = "due", None
    worker.run_once(desk, clock)
    assert [message.body["type"] for message in receiver.received] == ["ticket.created"]
    with desk.read() as database:
        assert database.get_one(OutboxMessage, told.id).state == "sent"


def test_the_desk_s_acts_are_told_without_what_customers_never_see(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    """Notes, staff's names and addresses, descriptions, texts, rules and the clock's workings stay inside."""
    _, secret = add_endpoint(desk, receiver.url(), NOW)
    ada = build_customer(desk)
    sam = build_account(desk, f"sam.{CANARY}@platform.example", name=f"Sam {CANARY}", is_staff=True)
    answers = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
    ticket = file_ticket(desk, ada, description=f"Secret {CANARY}", answers=answers, page=f"/{CANARY}/").ticket.id
    replies.add_note(desk, sam.id, ticket, MessageInput(f"Note {CANARY}", "n-1"), clock())
    replies.reply_as_staff(desk, sam.id, ticket, MessageInput(f"Reply {CANARY}", "r-1"), "waiting", clock())
    replies.reply_as_customer(desk, ada.id, ticket, MessageInput(f"Reply {CANARY}", "r-2"), clock())
    lesser = {"need": "question"}
    triage.correct_answers(desk, sam.id, ticket, lesser, clock(), seen=1000, reason=REASON)
    triage.close(desk, sam.id, ticket, clock())
    worker.run_once(desk, clock)

    bodies = [message.verified(secret) for message in receiver.received]
    assert [(body["type"], body["data"]["state"], body["data"].get("by")) for body in bodies] == [
        ("ticket.created", "open", "customer"),
        ("ticket.replied", "waiting", "support"),
        ("ticket.replied", "open", "customer"),
        ("ticket.priority_changed", "open", "support"),
        ("ticket.closed", "closed", "support"),
    ]
    for message in receiver.received:
        everything = message.content.decode() + json.dumps(message.headers) + message.path
        assert CANARY not in everything
        assert set(message.body["data"]) <= {*FACTS, "by", "target", "previous_priority"}
        assert set(message.body) == {"type", "timestamp", "data"}


def test_missed_and_due_soon_name_the_promise(desk: Services, receiver: Receiver, clock: Clock) -> None:
    add_endpoint(desk, receiver.url(), NOW, events=["ticket.due_soon", "ticket.missed"])
    build_ticket(desk, priority="high")
    while not any(message.body["type"] == "ticket.missed" for message in receiver.received):
        clock.now += timedelta(minutes=30)
        worker.run_once(desk, clock)
    assert [(message.body["type"], message.body["data"]["target"]) for message in receiver.received] == [
        ("ticket.due_soon", "response"),
        ("ticket.missed", "response"),
    ]
    assert all("by" not in message.body["data"] for message in receiver.received)


def test_messages_about_one_ticket_come_in_order(desk: Services, receiver: Receiver, clock: Clock) -> None:
    add_endpoint(desk, receiver.url("/one"), NOW)
    add_endpoint(desk, receiver.url("/two"), NOW)
    ticket = build_ticket(desk)
    for kind in ("created", "replied", "closed"):
        tell(desk, ticket, kind)
    receiver.replies = [Reply(500)]
    send(desk, clock)
    assert _types(receiver, "/two") == ["ticket.created", "ticket.replied", "ticket.closed"]
    assert _types(receiver, "/one") == ["ticket.created"]
    clock.now += timedelta(minutes=1)
    send(desk, clock)
    assert _types(receiver, "/one") == ["ticket.created", "ticket.created", "ticket.replied", "ticket.closed"]


def test_one_message_that_a_receiver_chokes_on_holds_up_no_other_ticket(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    ada = build_customer(sqlite_desk)
    number, _ = add_endpoint(sqlite_desk, receiver.url(), NOW)
    tickets = [file_ticket(sqlite_desk, ada, submission=f"form-{each}", subject=f"{each}").ticket.id for each in "abc"]
    for ticket in tickets:
        tell(sqlite_desk, ticket, "created")

    def choke(handler: Any) -> None:
        if receiver.received[-1].body["data"]["subject"] == "a":
            handler.connection.close()
        else:
            handler.send_response(204)
            handler.end_headers()

    receiver.replies = [Reply(instead=choke) for _ in range(50)]
    for _ in range(6):
        send(sqlite_desk, clock)
        clock.now += timedelta(seconds=50)
    states = {one.reference: one.state for one in deliveries(sqlite_desk, number)}
    assert states == {"SUP-1001": "due", "SUP-1002": "sent", "SUP-1003": "sent"}
    assert "closed the connection" in deliveries(sqlite_desk, number)[-1].reason


def _types(receiver: Receiver, path: str) -> list[str]:
    return [message.body["type"] for message in receiver.received if message.path == path]

"""From a ticket's transaction to a receiver: signed, written once, tried until it is taken."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import WebhookVerificationError

from formapp.models import OutboxMessage
from formapp.notifications.webhooks.addresses import AddressRefused
from formapp.notifications.webhooks.endpoints import add_endpoint, disable, enable, endpoint_numbered
from formapp.notifications.webhooks.log import deliveries
from formapp.services import Services
from tests.builders import NOW, Clock, build_customer, file_ticket
from tests.webhooks.build import Answers, build_ticket, newest, send, tell, told_endpoint
from tests.webhooks.receiver import Receiver, Reply


def test_the_receivers_own_library_finds_a_message_genuine(desk: Services, receiver: Receiver, clock: Clock) -> None:
    number, secret = add_endpoint(desk, receiver.url("/hook?key=ä"), NOW)
    assert tell(desk, build_ticket(desk), "created", clock.now) == 1
    clock.now += timedelta(minutes=3)
    assert send(desk, clock) == 1

    (message,) = receiver.received
    assert message.verified(secret)["type"] == "ticket.created"
    assert message.path == "/hook?key=%C3%A4"
    assert message.headers["content-type"] == "application/json"
    # Receivers refuse an old message, so the header has the time of the try, the body that of the event.
    assert message.headers["webhook-timestamp"] == str(int(clock.now.timestamp()))
    assert message.body["timestamp"] == "2026-11-24T14:00:00Z"
    delivery = newest(desk, number)
    assert (delivery.state, delivery.message_id) == ("sent", message.id)
    assert [(one.status, one.error) for one in delivery.attempts] == [(204, "")]
    with pytest.raises(WebhookVerificationError):
        message.verified("whsec_" + "A" * 43 + "=")


def test_a_repeat_carries_the_same_id_and_a_signature_of_its_own_time(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, secret = told_endpoint(desk, receiver)
    receiver.replies = [Reply(500, content=b"boom \x00\xff <b>"), Reply(404), Reply(200, content=b"thanks")]
    for _ in range(3):
        assert send(desk, clock) == 1
        assert send(desk, clock) == 0
        clock.now += timedelta(minutes=5)

    assert len({message.id for message in receiver.received}) == 1
    assert len({message.headers["webhook-signature"] for message in receiver.received}) == 3
    assert all(message.verified(secret) for message in receiver.received)
    delivery = newest(desk, number)
    assert delivery.state == "sent"
    assert [one.error for one in delivery.attempts] == ["Answered 500: boom � <b>", "Answered 404", ""]
    assert send(desk, clock) == 0


def test_what_never_reaches_a_receiver_is_given_up_after_a_week_and_shown(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(desk, receiver)
    receiver.replies = [Reply(500)] * 200
    while newest(desk, number).state == "due":
        clock.now = newest(desk, number).next_attempt_at
        assert send(desk, clock) == 1
    delivery = newest(desk, number)
    assert (delivery.state, delivery.reason) == ("dead", "Answered 500")
    assert delivery.finished_at is not None
    assert timedelta(days=7) <= delivery.finished_at - NOW < timedelta(days=7, hours=8)
    assert 25 < len(delivery.attempts) < 60


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(
    sqlite_desk: Services, receiver: Receiver, clock: Clock, status: int
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    receiver.replies = [Reply(status, {"Location": receiver.url("/elsewhere")})]
    send(sqlite_desk, clock)
    assert [message.path for message in receiver.received] == ["/hook"]
    delivery = newest(sqlite_desk, number)
    assert (delivery.state, delivery.reason) == ("due", f"Answered {status}, a redirect; webhooks follow none")


def test_a_name_that_turns_inwards_later_gets_nothing(
    sqlite_services: Services, receiver: Receiver, clock: Clock
) -> None:
    desk = sqlite_services  # which allows no private network
    rebinding = Answers(["93.184.215.14"], ["127.0.0.1"])
    number, _ = add_endpoint(desk, receiver.url(host="hooks.example"), NOW, resolve=rebinding)
    tell(desk, build_ticket(desk))
    send(desk, clock, resolve=rebinding)
    assert receiver.received == []
    assert newest(desk, number).reason.startswith("hooks.example leads to 127.0.0.1. 127.0.0.1 is not a public address")
    with pytest.raises(AddressRefused):
        add_endpoint(desk, receiver.url(host="hooks.example"), NOW, resolve=rebinding)


def test_the_address_that_was_checked_is_the_one_connected_to(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    # Allowed at the first look, inwards at any later one; no other resolver knows the name.
    rebinding = Answers(["127.0.0.1"], ["10.0.0.1"])
    number, secret = add_endpoint(sqlite_desk, receiver.url(host="hooks.example"), NOW, resolve=Answers(["127.0.0.1"]))
    tell(sqlite_desk, build_ticket(sqlite_desk))
    send(sqlite_desk, clock, resolve=rebinding)
    assert newest(sqlite_desk, number).state == "sent"
    assert rebinding.asked == ["hooks.example"]
    (message,) = receiver.received
    assert message.headers["host"] == f"hooks.example:{receiver.port}"
    assert message.verified(secret)


def test_410_switches_the_endpoint_off_and_gives_up_what_waits_for_it(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    ticket = build_ticket(desk)
    other, _ = add_endpoint(desk, receiver.url("/other"), NOW, events=["ticket.closed"])
    number, _ = told_endpoint(desk, receiver, ticket)
    tell(desk, ticket, "replied")
    tell(desk, ticket, "closed")
    receiver.replies = [Reply(410)]
    send(desk, clock)

    assert [message.path for message in receiver.received] == ["/hook", "/other"]
    assert endpoint_numbered(desk, number).disabled_reason == "it answered 410 Gone"
    assert endpoint_numbered(desk, other).disabled_at is None
    reasons = [(one.state, one.reason) for one in deliveries(desk, number)]
    gone = ("dead", "The endpoint is switched off: it answered 410 Gone")
    assert reasons == [gone, gone, ("dead", "Answered 410")]
    assert tell(desk, ticket, "replied") == 0
    enable(desk, number)
    assert tell(desk, ticket, "replied") == 1
    assert send(desk, clock) == 1


def test_an_endpoint_is_switched_off_by_hand_with_what_waits(desk: Services, receiver: Receiver, clock: Clock) -> None:
    number, _ = told_endpoint(desk, receiver)
    disable(desk, number, NOW)
    assert send(desk, clock) == 0
    assert receiver.received == []
    delivery = newest(desk, number)
    assert (delivery.state, delivery.reason) == ("dead", "The endpoint is switched off: by hand")


def test_a_message_written_while_its_endpoint_was_switched_off_is_not_sent(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    disable(sqlite_desk, number, NOW)
    with sqlite_desk.write.begin() as database:
        row = database.scalars(select(OutboxMessage).where(OutboxMessage.channel == "webhook")).one()
        row.state, row.finished_at = "due", None
    send(sqlite_desk, clock)
    assert receiver.received == []
    assert newest(sqlite_desk, number).state == "dead"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        ("600", 600, 602),
        (format_datetime(NOW + timedelta(seconds=900), usegmt=True), 900, 902),
        ("0", 30, 32),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 30, 32),
        ("99999999999999999999", 6 * 3600, 6 * 3600 + 2),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), 6 * 3600, 6 * 3600 + 2),
        ("", 20, 40),
        ("soon", 20, 40),
        ("-5", 20, 40),
        ("²", 20, 40),
    ],
)
def test_retry_after_is_honoured_within_bounds(
    sqlite_desk: Services, receiver: Receiver, clock: Clock, status: int, asked: str, least: int, most: int
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    receiver.replies = [Reply(status, {"Retry-After": asked} if asked else {})]
    send(sqlite_desk, clock)
    wait = (newest(sqlite_desk, number).next_attempt_at - NOW).total_seconds()
    assert least <= wait <= most
    assert [one.status for one in newest(sqlite_desk, number).attempts] == [status]
    clock.now += timedelta(seconds=least - 1)
    assert send(sqlite_desk, clock) == 0
    clock.now = newest(sqlite_desk, number).next_attempt_at
    assert send(sqlite_desk, clock) == 1
    assert newest(sqlite_desk, number).state == "sent"


def test_an_endpoint_that_asks_for_patience_gets_nothing_else_meanwhile(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    ada = build_customer(desk)
    ticket, second, third = (file_ticket(desk, ada, submission=each, subject=each).ticket.id for each in "abc")
    steady, _ = add_endpoint(desk, receiver.url("/steady"), NOW)
    busy, _ = add_endpoint(desk, receiver.url("/busy"), NOW, events=["ticket.closed", "ticket.replied"])
    tell(desk, ticket, "closed")
    tell(desk, second, "closed")
    receiver.replies = [Reply(), Reply(503, {"Retry-After": "600"})]
    send(desk, clock)
    assert sorted(message.path for message in receiver.received) == ["/busy", "/steady", "/steady"]
    assert endpoint_numbered(desk, busy).paused_until == NOW + timedelta(seconds=600)
    clock.now += timedelta(seconds=599)
    tell(desk, third, "replied", clock.now)
    send(desk, clock)
    assert sum(message.path == "/busy" for message in receiver.received) == 1
    clock.now += timedelta(seconds=3)
    send(desk, clock)
    assert sum(message.path == "/busy" for message in receiver.received) == 4
    assert endpoint_numbered(desk, busy).failing_since is None
    assert {one.state for one in deliveries(desk, steady)} == {"sent"}

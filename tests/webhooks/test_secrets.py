"""A secret is turned over without a gap, and shown only once."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from formapp.notifications.webhooks.endpoints import OVERLAP, add_endpoint, endpoints, rotate
from formapp.services import Services
from tests.builders import NOW, Clock
from tests.webhooks.build import build_ticket, send, tell
from tests.webhooks.receiver import Received, Receiver


def verifies(message: Received, secret: str) -> bool:
    try:
        message.verified(secret)
    except WebhookVerificationError:
        return False
    return True


def test_secrets_are_turned_over_with_a_day_of_both(desk: Services, receiver: Receiver, clock: Clock) -> None:
    number, first = add_endpoint(desk, receiver.url(), NOW)
    ticket = build_ticket(desk)

    def secrets_that_verify(at_hour: float) -> list[bool]:
        clock.now = NOW + timedelta(hours=at_hour)
        tell(desk, ticket, "replied", clock.now)
        send(desk, clock)
        return [verifies(receiver.received[-1], secret) for secret in (first, second, third)]

    second = rotate(desk, number, NOW + timedelta(hours=1))
    third = rotate(desk, number, NOW + timedelta(hours=2))
    assert timedelta(hours=24) == OVERLAP
    # Turned over twice in a day, and neither of the older ones is cut short.
    assert secrets_that_verify(3) == [True, True, True]
    assert len(receiver.received[-1].headers["webhook-signature"].split(" ")) == 3
    assert secrets_that_verify(24.99) == [True, True, True]
    assert secrets_that_verify(25) == [False, True, True]
    assert secrets_that_verify(26) == [False, False, True]
    assert len(receiver.received[-1].headers["webhook-signature"].split(" ")) == 1


def test_each_endpoint_has_a_secret_of_its_own(sqlite_desk: Services, receiver: Receiver, clock: Clock) -> None:
    _, one = add_endpoint(sqlite_desk, receiver.url("/one"), NOW)
    _, two = add_endpoint(sqlite_desk, receiver.url("/two"), NOW)
    for secret in (one, two):
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) == 32
    tell(sqlite_desk, build_ticket(sqlite_desk))
    send(sqlite_desk, clock)
    verified = {message.path: [verifies(message, one), verifies(message, two)] for message in receiver.received}
    assert verified == {"/one": [True, False], "/two": [False, True]}
    assert len({message.id for message in receiver.received}) == 2


def test_no_listing_holds_a_secret(sqlite_desk: Services, receiver: Receiver) -> None:
    _, secret = add_endpoint(sqlite_desk, receiver.url(), NOW)
    assert secret not in repr(endpoints(sqlite_desk))


def test_a_changed_body_or_id_is_found_out(sqlite_desk: Services, receiver: Receiver, clock: Clock) -> None:
    _, secret = add_endpoint(sqlite_desk, receiver.url(), NOW)
    tell(sqlite_desk, build_ticket(sqlite_desk))
    send(sqlite_desk, clock)
    (message,) = receiver.received
    for forged in (
        Received(message.path, message.headers, message.content.replace(b"high", b"low")),
        Received(message.path, {**message.headers, "webhook-id": "msg_other"}, message.content),
    ):
        with pytest.raises(WebhookVerificationError):
            forged.verified(secret)

"""Receivers that hang, drip, flood, lie or break off: each gets its limits, and a sentence in the log."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from formapp.notifications.outbox import GIVE_UP_AFTER
from formapp.notifications.webhooks.endpoints import add_endpoint, endpoint_numbered
from formapp.notifications.webhooks.log import deliveries
from formapp.notifications.webhooks.request import LIMITS, Limits
from formapp.services import Services
from tests.builders import NOW, Clock, build_services
from tests.webhooks.build import Answers, build_ticket, newest, send, tell, told_endpoint
from tests.webhooks.conftest import LOOPBACK
from tests.webhooks.receiver import Receiver, Reply

SHORT = Limits(connect=0.3, total=0.3)


def raw(*pieces: bytes, pause: float = 0.0, endless: bool = False) -> Any:
    """Writes bytes as they are, and the last of them again and again where it is endless."""

    def write(handler: Any) -> None:
        handler.close_connection = True
        for piece in pieces:
            handler.wfile.write(piece)
        deadline = time.monotonic() + 5
        while endless and time.monotonic() < deadline:
            try:
                handler.wfile.write(pieces[-1])
            except OSError:
                return
            time.sleep(pause)

    return write


def test_the_limits_are_those_that_receivers_are_told() -> None:
    assert (LIMITS.connect, LIMITS.total, LIMITS.most_bytes) == (5, 15, 64 * 1024)


@pytest.mark.parametrize(
    ("pieces", "pause", "endless", "words"),
    [
        ([b"HTTP/1.1 200 OK\r\nX-A: 1\r\n"], 0.02, True, "gave no answer within 0.3 seconds"),
        ([b"H"], 0.02, True, "gave no answer within 0.3 seconds"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], 0.02, True, "gave no answer within 0.3 seconds"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n"], 0, True, "sent more than 64 kB of headers"),
        ([b"HTTP/1.1 200 OK\r\nX: ", b"x" * 8192], 0, True, "sent more than 64 kB of headers"),
        ([b"SSH-2.0-OpenSSH_9.6\r\n"], 0, False, "answered with something that isn't HTTP"),
        ([b"HTTP/1.1 abc\r\n\r\n"], 0, False, "answered with something that isn't HTTP"),
        ([b""], 0, False, "closed the connection without an answer"),
    ],
    ids=["drip", "first-letter", "slow-continue", "continue", "endless-header", "ssh", "status", "silent"],
)
def test_what_is_no_answer_is_a_failure_in_words(
    sqlite_desk: Services,
    receiver: Receiver,
    clock: Clock,
    pieces: list[bytes],
    pause: float,
    endless: bool,
    words: str,
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    receiver.replies = [Reply(instead=raw(*pieces, pause=pause, endless=endless))]
    limits = SHORT if pause else Limits()
    began = time.monotonic()
    send(sqlite_desk, clock, limits=limits)
    assert time.monotonic() - began < 3
    delivery = newest(sqlite_desk, number)
    assert (delivery.state, delivery.reason) == ("due", f"127.0.0.1 {words}")
    (tried,) = delivery.attempts
    assert (tried.status, tried.error) == (None, delivery.reason)
    assert tried.duration_ms < 3000


def test_a_receiver_that_hangs_is_left_after_the_time_limit(desk: Services, receiver: Receiver, clock: Clock) -> None:
    number, _ = told_endpoint(desk, receiver)
    receiver.replies = [Reply(instead=receiver.hang)]
    send(desk, clock, limits=SHORT)
    delivery = newest(desk, number)
    assert delivery.reason == "127.0.0.1 gave no answer within 0.3 seconds"
    assert 250 <= delivery.attempts[0].duration_ms < 2000
    clock.now += timedelta(minutes=1)
    send(desk, clock)
    assert newest(desk, number).state == "sent"


@pytest.mark.parametrize("length", [b"", b"Content-Length: 99999999999\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_an_endless_answer_is_read_to_its_limit_and_its_status_counts(
    sqlite_desk: Services, receiver: Receiver, clock: Clock, length: bytes
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    written = 0

    def flood(handler: Any) -> None:
        nonlocal written
        handler.close_connection = True
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + length + b"\r\n")
        with suppress(OSError):
            while written < 24_000_000:
                written += handler.wfile.write(b"2000\r\n" + b"x" * 8192 + b"\r\n")

    receiver.replies = [Reply(instead=flood)]
    began = time.monotonic()
    send(sqlite_desk, clock)
    assert time.monotonic() - began < 3
    assert newest(sqlite_desk, number).state == "sent"
    receiver.close()
    # What lay in the system's buffers was written as well; 24 MB were on offer.
    assert written < 12_000_000


def test_an_answer_whose_body_never_ends_still_has_a_status(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)

    def half(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        receiver.hang(handler)

    receiver.replies = [Reply(instead=half)]
    send(sqlite_desk, clock, limits=SHORT)
    assert newest(sqlite_desk, number).state == "sent"


def test_a_port_where_nobody_listens_and_a_name_that_nobody_knows(
    sqlite_desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(sqlite_desk, receiver)
    receiver.close()
    send(sqlite_desk, clock)
    assert newest(sqlite_desk, number).reason == "127.0.0.1 can't be reached: Connection refused"
    clock.now += timedelta(minutes=2)
    send(sqlite_desk, clock, resolve=Answers([]))
    assert newest(sqlite_desk, number).reason == "The name 127.0.0.1 can't be found"


def test_of_several_addresses_the_first_that_answers_is_taken(tmp_path: Path, receiver: Receiver, clock: Clock) -> None:
    desk = build_services(tmp_path, webhook_private=(*LOOPBACK, ip_network("::1/128")))
    both = Answers(["::1", "127.0.0.1"])
    number, _ = add_endpoint(desk, receiver.url(host="hooks.example"), NOW, resolve=both)
    tell(desk, build_ticket(desk))
    send(desk, clock, resolve=both)
    assert newest(desk, number).state == "sent"
    desk.database.engine.dispose()


def test_a_silent_endpoint_is_tried_ever_more_seldom_and_left_after_a_week(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(desk, receiver)
    ticket = newest(desk, number)
    receiver.close()
    tries, pauses = 0, []
    while endpoint_numbered(desk, number).disabled_at is None:
        tries += send(desk, clock)
        paused = endpoint_numbered(desk, number).paused_until
        waits = [one.next_attempt_at for one in deliveries(desk, number) if one.state == "due"]
        if paused is None or not waits:
            break
        pauses.append(paused - clock.now)
        assert min(waits) >= paused
        clock.now = min(waits)
        assert tries < 500
    assert all(timedelta(seconds=20) < pause <= timedelta(hours=1) for pause in pauses)
    assert clock.now - NOW >= GIVE_UP_AFTER
    assert ticket.reference == newest(desk, number).reference
    assert newest(desk, number).state == "dead"
    assert endpoint_numbered(desk, number).disabled_reason.startswith("no delivery for 7 days; 127.0.0.1 can't be")
    assert tell(desk, 1, "replied") == 0

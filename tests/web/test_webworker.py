"""The desk as it is really served: to clients that never end what they begin, and by workers that share the work."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.builders import POLICY, REPOSITORY, build_services

THREADS = 2
SERVE = """
import sys
from formapp import server, webworker
port, workers, threads = map(int, sys.argv[1:4])
for name, seconds in zip(('AT_ONCE', 'HEAD', 'STALLED', 'REQUEST'), sys.argv[4:], strict=True):
    setattr(webworker, f'{name}_SECONDS', float(seconds))
server.serve("127.0.0.1", port, workers=workers, threads=threads, with_worker=False)
"""
LONG = "60"
PATIENT = (LONG, LONG, LONG)
HEAD = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\nX-More: "
HEALTH = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BODY = (
    b"POST /support/tickets HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\na="
)


class Served:
    """A desk with these patiences: for a head, for a stalled client, for a whole request."""

    def __init__(
        self, folder: Path, *seconds: str, workers: int = 1, threads: int = THREADS, at_once: str = "0.002"
    ) -> None:
        services = build_services(folder)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port: int = listening.getsockname()[1]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
            "FORMAPP_VAR": str(folder),
            "FORMAPP_POLICY": str(POLICY),
            "FORMAPP_DATABASE_URL": services.settings.database_url,
        }
        command = [sys.executable, "-c", SERVE, str(self.port), str(workers), str(threads), at_once, *seconds]
        self.process = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL)

    def answers_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=left)
            try:
                connection.request("GET", "/support/healthz")
                return connection.getresponse().status == 200
            except ConnectionRefusedError:
                time.sleep(0.1)
            except TimeoutError:
                return False
            finally:
                connection.close()
        return False


Serve = Callable[..., Served]
Connect = Callable[[Served], socket.socket]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a desk that ends with the test; patient, where nothing else is said."""
    with ExitStack() as ending:

        def start(*seconds: str, **more: Any) -> Served:
            desk = Served(tmp_path, *(seconds or PATIENT), **more)
            ending.callback(desk.process.wait, timeout=30)
            ending.callback(desk.process.terminate)
            assert desk.answers_within(60)
            return desk

        yield start


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections that last as long as the test."""
    with ExitStack() as clients:
        yield lambda desk: clients.enter_context(socket.create_connection(("127.0.0.1", desk.port), timeout=10))


@pytest.mark.parametrize(
    ("begun", "seconds", "dripping"),
    [(HEAD, ("2", LONG, LONG), True), (BODY, (LONG, "2", LONG), False), (BODY, (LONG, LONG, "3"), True)],
    ids=["a head that never ends", "a body that stalls", "a body that drips"],
)
def test_a_client_that_never_ends_its_request_holds_no_thread_for_ever(
    serve: Serve, connect: Connect, begun: bytes, seconds: tuple[str, ...], dripping: bool
) -> None:
    desk = serve(*seconds)
    clients = [connect(desk) for _ in range(THREADS)]
    for client in clients:
        client.sendall(begun)
    time.sleep(0.5)
    # All threads wait for them now, and nobody else is answered.
    assert not desk.answers_within(0.5)
    assert freed(desk, clients, b"x" if dripping else b"")


def freed(desk: Served, clients: list[socket.socket], more: bytes) -> bool:
    """Whether the desk answers again within a time, while the clients go on sending so much."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for client in clients:
            try:
                client.sendall(more)
            except OSError:
                # The desk has ended it.
                continue
        if desk.answers_within(0.5):
            return True
    return False


def test_a_worker_without_a_free_thread_leaves_new_clients_to_another(serve: Serve, connect: Connect) -> None:
    desk = serve(workers=2, threads=1)
    connect(desk).sendall(BODY)
    # Each comes over a connection of its own, which both workers could take.
    for _ in range(40):
        time.sleep(0.1)
        assert desk.answers_within(2)


def test_a_new_client_is_answered_while_the_known_ones_leave_no_thread_a_pause(serve: Serve, connect: Connect) -> None:
    desk = serve(threads=1)
    known = [connect(desk) for _ in range(8)]
    ended = threading.Event()

    def go_on(client: socket.socket) -> None:
        while not ended.is_set():
            client.sendall(HEALTH * 50)
            assert answers(client, 50)

    with ThreadPoolExecutor(len(known)) as pool:
        going_on = [pool.submit(go_on, client) for client in known]
        try:
            time.sleep(1)
            assert [desk.answers_within(5) for _ in range(3)] == [True] * 3
        finally:
            ended.set()
    assert [future.exception() for future in going_on] == [None] * len(known)


@pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="only Linux holds silent connections back")
def test_a_connection_over_which_nothing_comes_holds_no_thread(serve: Serve, connect: Connect) -> None:
    desk = serve()
    for _ in range(THREADS * 3):
        connect(desk)
    time.sleep(0.3)
    assert desk.answers_within(2)


def test_requests_over_one_connection_are_answered_whenever_they_come(serve: Serve, connect: Connect) -> None:
    """At once, after the thread has left the connection, together, and while all threads are wanted."""
    desk = serve()
    one = connect(desk)
    for pause, number in ((0.0, 1), (0.0, 1), (0.3, 1), (0.0, 3), (0.3, 2)):
        time.sleep(pause)
        one.sendall(HEALTH * number)
        assert answers(one, number)
    clients = [connect(desk) for _ in range(THREADS * 4)]
    for _ in range(3):
        for client in clients:
            client.sendall(HEALTH)
        assert all(answers(client, 1) for client in clients)


def test_a_thread_stays_with_no_connection_while_others_wait_for_it(serve: Serve, connect: Connect) -> None:
    desk = serve(threads=1, at_once="2")
    clients = [connect(desk) for _ in range(6)]
    begun = time.monotonic()
    for client in clients:
        client.sendall(HEALTH)
    assert all(answers(client, 1) for client in clients)
    assert time.monotonic() - begun < 1.9
    # They are known by now, and wait for their turn within the worker.
    for client in clients:
        client.sendall(HEALTH)
    assert all(answers(client, 1) for client in clients)
    assert time.monotonic() - begun < 6


def answers(client: socket.socket, number: int) -> bool:
    """Whether so many answers come, each of them good."""
    received = b""
    while received.count(b"HTTP/1.1 200 OK") < number or not received.endswith(b"\r\n\r\nok\n"):
        chunk = client.recv(65536)
        if not chunk:
            return False
        received += chunk
    return True


def test_no_header_says_under_which_address_people_come(serve: Serve) -> None:
    desk = serve()
    for name, value in (
        ("SCRIPT_NAME", "/elsewhere"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
    ):
        with closing(HTTPConnection("127.0.0.1", desk.port, timeout=10)) as connection:
            connection.request("GET", "/support/account", headers={name: value})
            assert connection.getresponse().getheader("Location") == "/support/sign-in?next=/support/account"

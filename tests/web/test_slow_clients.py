"""The desk as it is really served: to clients that never end what they begin, and by workers that share the work."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.client import HTTPConnection
from pathlib import Path

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


@pytest.fixture
def open_clients() -> Iterator[ExitStack]:
    with ExitStack() as clients:
        yield clients


@pytest.mark.parametrize(
    ("begun", "seconds", "dripping"),
    [(HEAD, ("2", LONG, LONG), True), (BODY, (LONG, "2", LONG), False), (BODY, (LONG, LONG, "3"), True)],
    ids=["a head that never ends", "a body that stalls", "a body that drips"],
)
def test_a_client_that_never_ends_its_request_holds_no_thread_for_ever(
    tmp_path: Path, open_clients: ExitStack, begun: bytes, seconds: tuple[str, ...], dripping: bool
) -> None:
    desk = Served(tmp_path, *seconds)
    try:
        assert desk.answers_within(60)
        clients = [
            open_clients.enter_context(socket.create_connection(("127.0.0.1", desk.port))) for _ in range(THREADS)
        ]
        for client in clients:
            client.sendall(begun)
        time.sleep(0.5)
        # All threads wait for them now, and nobody else is answered.
        assert not desk.answers_within(0.5)
        assert freed(desk, clients, b"x" if dripping else b"")
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


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


@pytest.fixture
def desk_of_two_workers(tmp_path: Path) -> Iterator[Served]:
    desk = Served(tmp_path, LONG, LONG, LONG, workers=2, threads=1)
    try:
        yield desk
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


def test_a_worker_without_a_free_thread_leaves_new_clients_to_another(
    desk_of_two_workers: Served, open_clients: ExitStack
) -> None:
    assert desk_of_two_workers.answers_within(60)
    client = open_clients.enter_context(socket.create_connection(("127.0.0.1", desk_of_two_workers.port)))
    client.sendall(BODY)
    # Each comes over a connection of its own, which both workers could take.
    for _ in range(40):
        time.sleep(0.1)
        assert desk_of_two_workers.answers_within(2)


def test_a_new_client_is_answered_while_the_known_ones_leave_no_thread_a_pause(
    tmp_path: Path, open_clients: ExitStack
) -> None:
    desk = Served(tmp_path, LONG, LONG, LONG, threads=1)
    try:
        assert desk.answers_within(60)
        place = ("127.0.0.1", desk.port)
        known = [open_clients.enter_context(socket.create_connection(place, timeout=10)) for _ in range(8)]
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
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


@pytest.mark.skipif(not hasattr(socket, "TCP_DEFER_ACCEPT"), reason="only Linux holds silent connections back")
def test_a_connection_over_which_nothing_comes_holds_no_thread(tmp_path: Path, open_clients: ExitStack) -> None:
    desk = Served(tmp_path, LONG, LONG, LONG)
    try:
        assert desk.answers_within(60)
        for _ in range(THREADS * 3):
            open_clients.enter_context(socket.create_connection(("127.0.0.1", desk.port)))
        time.sleep(0.3)
        assert desk.answers_within(2)
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


def test_requests_over_one_connection_are_answered_whenever_they_come(tmp_path: Path) -> None:
    """At once, after the thread has left the connection, together, and while all threads are wanted."""
    desk = Served(tmp_path, LONG, LONG, LONG)
    try:
        assert desk.answers_within(60)
        with socket.create_connection(("127.0.0.1", desk.port), timeout=10) as client:
            for pause, number in ((0.0, 1), (0.0, 1), (0.3, 1), (0.0, 3), (0.3, 2)):
                time.sleep(pause)
                client.sendall(HEALTH * number)
                assert answers(client, number)
        clients = [socket.create_connection(("127.0.0.1", desk.port), timeout=10) for _ in range(THREADS * 4)]
        for _ in range(3):
            for client in clients:
                client.sendall(HEALTH)
            assert all(answers(client, 1) for client in clients)
        for client in clients:
            client.close()
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


def test_a_thread_stays_with_no_connection_while_others_wait_for_it(tmp_path: Path, open_clients: ExitStack) -> None:
    desk = Served(tmp_path, LONG, LONG, LONG, threads=1, at_once="2")
    try:
        assert desk.answers_within(60)
        place = ("127.0.0.1", desk.port)
        clients = [open_clients.enter_context(socket.create_connection(place, timeout=10)) for _ in range(6)]
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
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=30)


def answers(client: socket.socket, number: int) -> bool:
    """Whether so many answers come, each of them good."""
    received = b""
    while received.count(b"HTTP/1.1 200 OK") < number or not received.endswith(b"\r\n\r\nok\n"):
        chunk = client.recv(65536)
        if not chunk:
            return False
        received += chunk
    return True


def test_no_header_says_under_which_address_people_come(desk_of_two_workers: Served) -> None:
    assert desk_of_two_workers.answers_within(60)
    for name, value in (
        ("SCRIPT_NAME", "/elsewhere"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
    ):
        with closing(HTTPConnection("127.0.0.1", desk_of_two_workers.port, timeout=10)) as connection:
            connection.request("GET", "/support/account", headers={name: value})
            assert connection.getresponse().getheader("Location") == "/support/sign-in?next=/support/account"

"""The desk as it is really served, to clients that begin a request and never end it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.builders import POLICY, REPOSITORY, build_services

THREADS = 2
SERVE = """
import sys
from formapp import server
server.HEAD_SECONDS, server.STALLED_SECONDS, server.REQUEST_SECONDS = map(float, sys.argv[2:])
server.serve("127.0.0.1", int(sys.argv[1]), workers=1, threads=2, with_worker=False)
"""
LONG = "60"
HEAD = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\nX-More: "
BODY = (
    b"POST /support/tickets HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\na="
)


class Served:
    """A desk of two threads with these patiences: for a head, for a stalled client, for a whole request."""

    def __init__(self, folder: Path, *seconds: str) -> None:
        services = build_services(folder)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.port: int = listening.getsockname()[1]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
            "FORMAPP_VAR": str(folder),
            "FORMAPP_POLICY": str(POLICY),
            "FORMAPP_DATABASE_URL": services.settings.database_url,
        }
        command = [sys.executable, "-c", SERVE, str(self.port), *seconds]
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

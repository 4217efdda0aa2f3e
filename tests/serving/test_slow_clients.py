"""Clients that never end what they begin: however many there are, honest people file at once."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from statistics import quantiles
from urllib.parse import urlencode

import pytest

from formapp.accounts import projects, sessions
from formapp.attachments import service as attachments
from formapp.models import Attachment, Ticket
from formapp.services import Services, utc_now
from tests.builders import NOW, build_account, build_project, stored
from tests.serving.conftest import PATIENCE, Serve, Served

SLOW = 100
SENDERS = 8
EACH = 25
BOUNDARY = "a-boundary"
HEAD = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\nX-More: "
UPLOAD = (
    b"POST /support/tickets HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\na="
)
LARGE_PAGE = b"GET /support/policy.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 40
UNCLOSED = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
KINDS = {
    "a head that never ends": (HEAD, b"x"),
    "a body that drips": (UPLOAD, b"x"),
    "nothing at all": (b"", b""),
    "an answer that is never read": (LARGE_PAGE, b""),
    "a socket that stays open": (UNCLOSED, b""),
}


@contextmanager
def slow_clients(desk: Served, kinds: Iterator[tuple[bytes, bytes]]) -> Iterator[None]:
    """Clients that go on as slowly as they can, until the block ends."""
    over = threading.Event()
    with ExitStack() as open_ones:
        clients = []
        for begun, more in kinds:
            client = open_ones.enter_context(desk.connect())
            client.sendall(begun)
            clients.append((client, more))

        def drip() -> None:
            while not over.wait(0.2):
                for client, more in clients:
                    if more:
                        try:
                            client.sendall(more)
                        except OSError:
                            continue

        dripping = threading.Thread(target=drip)
        dripping.start()
        try:
            yield
        finally:
            over.set()
            dripping.join()


def file_some(desk: Served, sender: int, token: str) -> list[float]:
    """File tickets one after another over one connection; how long each took, in seconds."""
    waits = []
    with closing(http.client.HTTPConnection(desk.host, desk.port, timeout=PATIENCE)) as connection:
        for number in range(EACH):
            form = {
                "project": "shop",
                "subject": f"Order {sender}.{number} fails",
                "description": "It says 502.",
                "priority": "high",
                "submission": f"form-{sender}-{number}",
            }
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": f"support-login={token}",
                "Origin": desk.environment["FORMAPP_BASE_URL"],
            }
            begun = time.monotonic()
            connection.request("POST", "/support/tickets", urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.monotonic() - begun)
            assert (answer.status, answer.headers["Location"].endswith("/sent")) == (303, True)
    return waits


def token_of(services: Services, email: str) -> str:
    account = build_account(services, email)
    projects.add_member(services, email, "shop", NOW)
    return sessions.open_session(services, account.id, utc_now())


def test_honest_people_file_at_once_beside_a_hundred_slow_clients_of_each_kind(
    serve: Serve, sqlite_services: Services
) -> None:
    build_project(sqlite_services, "shop")
    tokens = [token_of(sqlite_services, f"sender-{number}@shop.example") for number in range(SENDERS)]
    desk = serve("--no-worker")
    clients = (kind for kind in KINDS.values() for _ in range(SLOW))
    with slow_clients(desk, clients), ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(file_some, desk, number, token) for number, token in enumerate(tokens)]
        waits = [wait for future in sending for wait in future.result()]
    assert len(stored(sqlite_services, Ticket)) == SENDERS * EACH
    assert quantiles(waits, n=100)[98] < 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_of_slow_client_holds_a_thread(serve: Serve, kind: str) -> None:
    """Many more than there are threads, of one kind; each probe is answered."""
    desk = serve("--no-worker", "--workers=1", "--threads=2")
    with slow_clients(desk, iter([KINDS[kind]] * 20)):
        for _ in range(10):
            begun = time.monotonic()
            assert desk.answers()
            assert time.monotonic() - begun < 1.0


def test_a_slow_upload_that_is_honest_arrives_whole(serve: Serve, sqlite_services: Services) -> None:
    build_project(sqlite_services, "shop")
    token = token_of(sqlite_services, "ada@shop.example")
    desk = serve("--no-worker", "--workers=1", "--threads=1")
    content = b"Error 502 at 14:00\n" * 20_000
    fields = {"project": "shop", "subject": "Log", "description": "It says 502.", "priority": "high"}
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(('name="files"; filename="error.log"', content))
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    body += f"--{BOUNDARY}--\r\n".encode()
    head = (
        f"POST /support/tickets HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {desk.environment['FORMAPP_BASE_URL']}\r\n"
        f"Cookie: support-login={token}\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with desk.connect() as client:
        client.sendall(head)
        for start in range(0, len(body), 8192):
            client.sendall(body[start : start + 8192])
            # Others are served between any two pieces.
            if start % (8192 * 8) == 0:
                assert desk.answers()
        assert client.recv(1024).startswith(b"HTTP/1.1 303")
    (attached,) = stored(sqlite_services, Attachment)
    assert b"".join(attachments.content(sqlite_services, attached)) == content


def test_requests_over_one_connection_are_answered_whenever_they_come(serve: Serve) -> None:
    desk = serve("--no-worker", "--workers=1", "--threads=2")
    health = b"GET /support/healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    with desk.connect() as client:
        for number in (1, 1, 3, 2):
            client.sendall(health * number)
            assert answered(client, number)


def answered(client: socket.socket, number: int) -> bool:
    """Whether so many answers come, each of them good."""
    received = b""
    while received.count(b"HTTP/1.1 200 OK") < number or not received.endswith(b"\r\n\r\nok\n"):
        chunk = client.recv(65536)
        if not chunk:
            return False
        received += chunk
    return True


@pytest.mark.parametrize(
    ("name", "value"),
    [("SCRIPT_NAME", "/elsewhere"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example")],
)
def test_no_header_says_under_which_address_people_come(serve: Serve, name: str, value: str) -> None:
    desk = serve("--no-worker", "--workers=1")
    with closing(http.client.HTTPConnection(desk.host, desk.port, timeout=10)) as connection:
        connection.request("GET", "/support/account", headers={name: value})
        assert connection.getresponse().getheader("Location") == "/support/sign-in?next=/support/account"

"""The desk as it is really served: memory while 25 MB come and go, and connections that break off."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from formapp.accounts.magic_links import create_link
from formapp.models import Attachment, Ticket
from formapp.services import Services, utc_now
from tests.builders import POLICY, build_customer, build_services, stored
from tests.web.conftest import filled
from tests.web.page import BOUNDARY, part

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"
OWN = {"Sec-Fetch-Site": "same-origin"}
END = f"--{BOUNDARY}--\r\n".encode()
# Nothing repeats, so that a file that was mixed up would be seen.
PIECE = b"".join(f"{number:015d}\n".encode() for number in range(4096))
# Measured: 4.5 MB. What held the files only once would take 25 MB.
MOST_GROWTH = 12_000_000


@dataclass(frozen=True)
class Answer:
    """What the server said; of the body only its digest."""

    status: int
    headers: list[tuple[str, str]]
    digest: str


@dataclass
class Server:
    """A running gunicorn with one web worker."""

    services: Services
    port: int
    process: subprocess.Popen[bytes]

    def worker(self) -> int:
        """The process that answers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        assert len(children) == 1
        return int(children[0])

    def most_memory(self) -> int:
        """The most that the worker ever had in memory, in bytes."""
        status = Path(f"/proc/{self.worker()}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def kept(self) -> int:
        return len({key for key, _ in self.services.files.listing()})

    def request(self, method: str, path: str, body: Iterator[bytes] | bytes | None = None, **headers: str) -> Answer:
        chunked = body is not None and not isinstance(body, bytes) and "Content-Length" not in headers
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.request(method, path, body, {**OWN, **headers}, encode_chunked=chunked)
            answer = connection.getresponse()
            content = sha256()
            while chunk := answer.read(1 << 16):
                content.update(chunk)
            return Answer(answer.status, answer.getheaders(), content.hexdigest())


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[Server]:
    """A server that has had nothing large in memory yet."""
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for stories that leave no row and no file."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    services = build_services(folder)
    build_customer(services)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    environment = {
        **os.environ,
        "FORMAPP_VAR": str(folder),
        "FORMAPP_POLICY": str(POLICY),
        "FORMAPP_SECRET_KEY": services.settings.secret_key,
        "FORMAPP_DATABASE_URL": services.settings.database_url,
        # The allocator keeps what was freed for later; here what is in use is asked for.
        "MALLOC_TRIM_THRESHOLD_": "0",
    }
    command = [sys.executable, "-m", "formapp", "serve", "--port", str(port), "--workers", "1", "--no-worker"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    running = Server(services, port, process)
    try:
        wait_for(running)
        yield running
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(server: Server) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.process.poll() is None
        try:
            if server.request("GET", "/support/healthz").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server doesn't answer")


def sign_in(server: Server) -> str:
    """The cookie of a session of the customer's."""
    link = create_link(server.services, "ada@shop.example", utc_now())
    answer = server.request("POST", link.removeprefix(server.services.settings.base_url), b"")
    assert answer.status == 303
    cookies = [value.partition(";")[0] for name, value in answer.headers if name == "Set-Cookie"]
    return "; ".join(cookies)


def form(*files: tuple[str, int]) -> Iterator[bytes]:
    """A form with files of so many pieces, made while it is sent."""
    yield b"".join(part(name, value.encode()) for name, value in filled().items())
    for name, pieces in files:
        yield part("files", b"", name)[:-2]
        for _ in range(pieces):
            yield PIECE
        yield b"\r\n"
    yield END


@pytest.mark.nightly
@pytest.mark.parametrize("told", [True, False], ids=["with a length", "in chunks"])
def test_25_megabytes_come_and_go_without_being_held_in_memory(fresh_server: Server, told: bool) -> None:
    server = fresh_server
    cookie = sign_in(server)
    warm = b"".join(form(("small.log", 1))).replace(b"Checkout", b"A small one:")
    assert server.request("POST", "/support/tickets", warm, Cookie=cookie, **{"Content-Type": MULTIPART}).status == 303
    server.request("GET", "/support/tickets/SUP-1001/files/1", Cookie=cookie)
    files = (("a.log", 150), ("b.log", 150), ("c.log", 80))
    length = {"Content-Length": str(sum(len(piece) for piece in form(*files)))} if told else {}
    before = server.most_memory()
    answer = server.request(
        "POST", "/support/tickets", form(*files), Cookie=cookie, **{"Content-Type": MULTIPART, **length}
    )
    assert answer.status == 303
    rows = stored(server.services, Attachment)[1:]
    assert sum(row.size for row in rows) == 380 * len(PIECE) > 24_900_000
    for row in rows:
        given = server.request("GET", f"/support/tickets/SUP-1002/files/{row.id}", Cookie=cookie)
        assert ("Content-Length", str(row.size)) in given.headers
        assert given.digest == row.digest == sha256(PIECE * (row.size // len(PIECE))).hexdigest()
    assert server.most_memory() - before < MOST_GROWTH


def test_who_sends_far_too_much_gets_the_page_and_no_broken_connection(server: Server) -> None:
    urlencoded = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = server.request("POST", "/support/sign-in", b"email=" + b"x" * 20_000_000, **urlencoded)
    assert answer.status == 413
    assert ("Content-Type", "text/html; charset=utf-8") in answer.headers


@pytest.mark.parametrize("path", ["/support/tickets", "/support/files"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_connection_that_breaks_off_leaves_no_row_and_no_file(server: Server, chunked: bool, path: str) -> None:
    cookie = sign_in(server)
    for pieces in (1, 40):
        body = b"".join(form(("whole.log", 1), ("half.log", pieces)))[: -len(END) - 100]
        head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\nCookie: {cookie}\r\n"
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body) + 1000}"
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"{head}Content-Type: {MULTIPART}\r\n{length}\r\n\r\n".encode())
            connection.sendall(f"{len(body):x}\r\n".encode() + body if chunked else body)
        # The desk hears only of what has come in whole; what comes next shows that this one is done with.
        assert server.request("GET", "/support/healthz").status == 200
        assert server.kept() == 0
    assert stored(server.services, Ticket) == []
    left = (server.services.settings.var / "files").rglob("*")
    assert [path.name for path in left if path.is_file()] == ["store-id"]

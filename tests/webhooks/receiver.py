"""A real receiver on the loopback: it keeps what it gets, and answers as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from typing import Any

import time_machine
from standardwebhooks import Webhook


@dataclass(frozen=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """The body, once the receivers' own library has found it genuine at the time it was sent."""
        sent = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        with time_machine.travel(sent, tick=False):
            return Webhook(secret).verify(self.content, self.headers)

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass
class Reply:
    """An answer to give; ``instead`` takes over the connection, for what no decent server does."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes = b""
    instead: Callable[[BaseHTTPRequestHandler], None] | None = None


class Receiver:
    """Answers 204 unless ``replies`` holds something else for the next requests."""

    def __init__(self, context: SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.replies: list[Reply] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.received.append(Received(self.path, headers, content))
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        if context is not None:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.scheme = "https" if context else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        reply = self.replies.pop(0) if self.replies else Reply()
        if reply.instead is not None:
            reply.instead(handler)
            return
        handler.send_response(reply.status)
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(reply.content)))
        handler.end_headers()
        handler.wfile.write(reply.content)

    def hang(self, _handler: BaseHTTPRequestHandler) -> None:
        """Say nothing until the test is over."""
        self.released.wait(30)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that we cut is what some tests are about."""

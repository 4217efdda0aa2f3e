"""One request to the public address, as a visitor's browser makes it."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

SECONDS = 30.0
CHUNK = bytes(64 * 1024)
LONGEST_ANSWER = 100_000


class NoAnswer(Exception):
    """Nothing came back; the message says why."""

    def __init__(self, reason: str, *, is_certificate: bool = False) -> None:
        super().__init__(reason)
        self.is_certificate = is_certificate


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``location`` is where it leads, ``server`` who says that it answers, ``own_port`` our own."""

    status: int
    body: bytes
    location: str = ""
    server: str = ""
    own_port: int = 0

    @property
    def is_ours(self) -> bool:
        """Whether it is the word by which the desk says that it lives."""
        return self.status == 200 and self.body.strip() == b"ok"

    @property
    def as_json(self) -> dict[str, Any]:
        """The object that it holds; empty where it holds none."""
        with suppress(ValueError):
            found = json.loads(self.body)
            return found if isinstance(found, dict) else {}
        return {}


def ask(base: str, method: str, path: str, headers: Mapping[str, str] | None = None, size: int = 0) -> Answer:
    """Ask and follow nothing; ``size`` bytes are sent along. Raises NoAnswer."""
    parts = urlsplit(base)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    try:
        with closing(connect(parts.netloc, timeout=SECONDS)) as connection:
            connection.connect()
            own_port = connection.sock.getsockname()[1]
            connection.putrequest(method, path)
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if method == "POST":
                connection.putheader("Content-Length", str(size))
            connection.endheaders()
            _send_body(connection, size)
            answer = connection.getresponse()
            body = answer.read(LONGEST_ANSWER)
            location, server = answer.getheader("Location") or "", answer.getheader("Server") or ""
            return Answer(answer.status, body, location, server, own_port)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"its certificate isn't trusted ({error.verify_message})", is_certificate=True) from error
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error) or type(error).__name__) from error


def _send_body(connection: http.client.HTTPConnection, size: int) -> None:
    # Who refuses a body may answer before all of it is sent, and take no more of it.
    with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):
        while size > 0:
            connection.send(CHUNK[:size])
            size -= len(CHUNK)

"""One POST to a checked address, with limits on everything that the other side could stretch.

No redirects, no proxies, no second look at the name: the connection goes to the address that was
checked, while Host and the certificate are those of the name. Time is counted over the whole
request, so that an answer that drips in byte by byte ends as surely as one that never comes.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, RemoteDisconnected
from typing import TYPE_CHECKING, cast

from formapp.notifications.webhooks.addresses import Address, Target

if TYPE_CHECKING:
    # Of the standard library from Python 3.12 on.
    from typing_extensions import Buffer

_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """How far one request may go: seconds to connect, seconds altogether, bytes of the answer."""

    connect: float = 5.0
    total: float = 15.0
    most_bytes: int = 64 * 1024


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``retry_after`` is the header as sent, ``excerpt`` the first words of the body."""

    status: int
    retry_after: str = ""
    excerpt: str = ""


class NoAnswer(Exception):
    """No HTTP answer came; the message says why, in words."""


class _TooMuch(OSError):
    """The answer is longer than we read."""


def post(
    target: Target,
    addresses: Sequence[Address],
    headers: Mapping[str, str],
    body: bytes,
    until: float,
    limits: Limits = LIMITS,
) -> Answer:
    """Post to the first of these addresses that takes the connection, before ``until`` (monotonic seconds).

    Raises NoAnswer.
    """
    connection = _connect(target, addresses, until, limits)
    try:
        connection = _secured(connection, target, until, limits)
        connection.settimeout(_left(until))
        connection.sendall(_request(target, headers, body))
        return _answer(connection, until, limits)
    except ssl.SSLCertVerificationError as error:
        raise NoAnswer(f"The certificate of {target.host} isn't valid: {error.verify_message}") from error
    except TimeoutError as error:
        raise NoAnswer(f"{target.host} gave no answer within {limits.total:g} seconds") from error
    except _TooMuch as error:
        raise NoAnswer(f"{target.host} sent more than {limits.most_bytes // 1024} kB of headers") from error
    except RemoteDisconnected as error:
        raise NoAnswer(f"{target.host} closed the connection without an answer") from error
    except HTTPException as error:
        raise NoAnswer(f"{target.host} answered with something that isn't HTTP") from error
    except ssl.SSLError as error:
        raise NoAnswer(f"No secure connection to {target.host}: {error.reason or error}") from error
    except OSError as error:
        raise NoAnswer(f"{target.host} broke the connection: {error.strerror or error}") from error
    finally:
        connection.close()


def _left(until: float) -> float:
    """Seconds that are left. Raises TimeoutError where none are; zero would mean not to wait at all."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connect(target: Target, addresses: Sequence[Address], until: float, limits: Limits) -> socket.socket:
    why = "no time was left"
    for address in addresses:
        try:
            seconds = min(limits.connect, _left(until))
            return socket.create_connection((str(address), target.port), timeout=seconds)
        except TimeoutError:
            why = f"no connection within {limits.connect:g} seconds"
        except OSError as error:
            why = error.strerror or str(error)
    raise NoAnswer(f"{target.host} can't be reached: {why}")


def _secured(connection: socket.socket, target: Target, until: float, limits: Limits) -> socket.socket:
    if target.scheme == "http":
        return connection
    connection.settimeout(min(limits.connect, _left(until)))
    # Takes the connection over, and closes it where the handshake fails.
    return ssl.create_default_context().wrap_socket(connection, server_hostname=target.host)


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    every = {
        "Host": target.host_header,
        "User-Agent": "support-desk-webhooks/1",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items()), "", ""]
    return "\r\n".join(lines).encode("ascii") + body


def _answer(connection: socket.socket, until: float, limits: Limits) -> Answer:
    # The response only ever asks its socket for a file.
    response = HTTPResponse(cast(socket.socket, _Limited(connection, until, limits.most_bytes)), method="POST")
    try:
        response.begin()
        return Answer(response.status, response.headers.get("Retry-After", ""), _excerpt(response, limits.most_bytes))
    finally:
        response.close()


def _excerpt(response: HTTPResponse, most: int) -> str:
    """The first words of the body. The rest is read to the limit, as many receivers log a cut connection."""
    start = b""
    try:
        start = response.read(_EXCERPT)
        response.read(most)
    except (OSError, HTTPException):
        # The status is there, and it alone decides.
        pass
    words = "".join(character if character.isprintable() else " " for character in start.decode("utf-8", "replace"))
    return " ".join(words.split())


class _Limited(io.RawIOBase):
    """A connection to read from until an instant and up to a number of bytes."""

    def __init__(self, connection: socket.socket, until: float, most: int) -> None:
        self._connection, self._until, self._left = connection, until, most

    def makefile(self, _mode: str) -> io.BufferedReader:
        """The file that the response reads."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read what is there. Raises TimeoutError, or _TooMuch behind the limit."""
        if self._left <= 0:
            raise _TooMuch
        self._connection.settimeout(_left(self._until))
        view = memoryview(buffer)
        size = self._connection.recv_into(view, min(len(view), self._left))
        self._left -= size
        return size

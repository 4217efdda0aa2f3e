"""Many browsers at once: each keeps one socket open, sends a form, waits for the answer, sends the next.

One thread and no parser of HTTP beyond what the answers need, so that the two cores are left to the
servers that are measured.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

# An answer that takes longer than this counts as lost.
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Filing:
    """One form on its way: the whole request, and the text by which it is found in the database."""

    request: bytes
    mark: str


@dataclass(slots=True)
class Sent:
    """What a round brought: marks by acknowledged reference, answers that were no acknowledgement, seconds.

    ``cpu_seconds`` is what the senders themselves took of the machine.
    """

    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def a_second(self) -> float:
        """Acknowledged tickets a second."""
        return len(self.acknowledged) / self.seconds


@dataclass(slots=True)
class _Browser:
    number: int
    connection: socket.socket
    answer: bytearray = field(default_factory=bytearray)
    filing: Filing | None = None
    since: float = 0.0

    def send(self, filing: Filing) -> None:
        self.filing, self.since = filing, time.perf_counter()
        self.connection.sendall(filing.request)


def send_for(
    address: tuple[str, int],
    browsers: int,
    seconds: float,
    filings: Callable[[int], Filing | None],
    reference: Callable[[int, str], str | None],
) -> Sent:
    """Send from so many browsers for so many seconds, then wait for the answers that are still out.

    ``filings`` makes the next form of a browser, or None where there are no more; ``reference`` reads
    an answer's status and Location, and gives None where that acknowledges nothing. The seconds of the
    result last until the last answer.
    """
    sent = Sent()
    with selectors.DefaultSelector() as selector:
        open_browsers = [_Browser(number, _connect(address)) for number in range(browsers)]
        for browser in open_browsers:
            selector.register(browser.connection, selectors.EVENT_READ, browser)
        begin, cpu = time.perf_counter(), time.process_time()
        waiting = sum(_send_next(browser, filings) for browser in open_browsers)
        while waiting:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                sent.refused["no answer"] += waiting
                break
            for key, _ in ready:
                browser = key.data
                answer = _answer(browser)
                if answer is None:
                    continue
                waiting -= 1
                _note(sent, browser, answer, reference)
                if not answer.keeps_open:
                    selector.unregister(browser.connection)
                    browser.connection.close()
                    browser.connection = _connect(address)
                    selector.register(browser.connection, selectors.EVENT_READ, browser)
                if time.perf_counter() - begin < seconds:
                    waiting += _send_next(browser, filings)
        sent.seconds, sent.cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
        for browser in open_browsers:
            browser.connection.close()
    return sent


def _connect(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address, timeout=PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _send_next(browser: _Browser, filings: Callable[[int], Filing | None]) -> int:
    filing = filings(browser.number)
    if filing is None:
        return 0
    browser.send(filing)
    return 1


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    location: str
    keeps_open: bool


def _answer(browser: _Browser) -> _Answer | None:
    """The answer, once it is whole. A connection that was closed in the middle is an answer with status 0."""
    received = browser.connection.recv(65536)
    if not received:
        browser.answer.clear()
        return _Answer(0, "", keeps_open=False)
    browser.answer += received
    head, found, body = bytes(browser.answer).partition(b"\r\n\r\n")
    if not found:
        return None
    status_line, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = headers.get("content-length")
    if length is None:
        raise RuntimeError(f"an answer without Content-Length can't be read here: {status_line}")
    if len(body) < int(length):
        return None
    browser.answer.clear()
    keeps_open = headers.get("connection", "").lower() != "close"
    return _Answer(int(status_line.split()[1]), headers.get("location", ""), keeps_open)


def _note(sent: Sent, browser: _Browser, answer: _Answer, reference: Callable[[int, str], str | None]) -> None:
    assert browser.filing is not None
    acknowledged = reference(answer.status, answer.location)
    if acknowledged is None:
        sent.refused[f"status {answer.status}" if answer.status else "connection closed"] += 1
    elif acknowledged in sent.acknowledged:
        sent.refused[f"{acknowledged} given twice"] += 1
    else:
        sent.acknowledged[acknowledged] = browser.filing.mark
        sent.latencies.append(time.perf_counter() - browser.since)

"""The desk's log: a JSON object a line on standard output, never in the way of what it tells about.

A disk that is full, or a pipe that nobody reads, costs lines of the log and nothing else.
"""

from __future__ import annotations

import atexit
import queue
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path

import structlog

MOST_WAITING = 10_000
"""How many lines may wait to be written; more are left out, and counted."""
FAREWELL_SECONDS = 1.0


_PACKAGE = Path(__file__).parent


def failure_place(error: BaseException) -> str:
    """A failure as it may be stored and logged: its kind, the database's code for it, and the last line of ours.

    Never its message, which may quote what somebody typed, or a secret.
    """
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    known_as = " ".join(filter(None, [type(cause).__name__ if cause else "", code]))
    told = type(error).__name__ + (f" ({known_as})" if known_as else "")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)] or frames
    if not ours:
        return told
    path = Path(ours[-1].filename)
    name = path.relative_to(_PACKAGE.parent) if path.is_relative_to(_PACKAGE) else path.name
    return f"{told} at {name}:{ours[-1].lineno}"


class Lines:
    """Writes lines to the standard output of the moment, so that a test can redirect it."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[str] | None = None
        self._left_out = 0
        self.wants_info = True
        """Whether the lines about what went well are written, too; not in a terminal in which somebody works."""

    def msg(self, line: str) -> None:
        """Write a line, or leave it to the thread that writes. Never raises, and never waits once that runs."""
        if self._waiting is None:
            _write(line)
            return
        try:
            self._waiting.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    warning = error = msg

    def info(self, line: str) -> None:
        """Write a line about what went well, where those are wanted."""
        if self.wants_info:
            self.msg(line)

    def write_in_background(self) -> None:
        """From now on a thread of its own writes, for programs that must never wait for their log."""
        if self._waiting is None:
            self._waiting = queue.Queue(MOST_WAITING)
            threading.Thread(target=self._write_all, args=(self._waiting,), name="log", daemon=True).start()
            atexit.register(self._farewell, self._waiting)

    def _write_all(self, waiting: queue.Queue[str]) -> None:
        while True:
            line = waiting.get()
            left_out, self._left_out = self._left_out, 0
            if left_out:
                _write(f'{{"event": "log lines left out", "level": "warning", "lines": {left_out}}}')
            _write(line)

    def _farewell(self, waiting: queue.Queue[str]) -> None:
        until = time.monotonic() + FAREWELL_SECONDS
        while not waiting.empty() and time.monotonic() < until:
            time.sleep(0.01)


def _write(line: str) -> None:
    # ValueError: closed, or an output that can't hold the character.
    with suppress(OSError, ValueError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


lines = Lines()
log = structlog.wrap_logger(
    lines,
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.BoundLogger,
)

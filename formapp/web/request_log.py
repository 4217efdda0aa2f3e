"""One JSON line for each request: what was called and how it ended, no word of what anyone typed.

Routes are logged by name, because a path can carry a sign-in token; query strings, bodies,
addresses, names and the messages of exceptions (which quote values) are never logged.
"""

from __future__ import annotations

import secrets
import sys
import time
import traceback

import structlog
from flask import Flask, Response, g, request


class _Lines:
    """Writes to the standard output of the moment, so that a test or a supervisor can redirect it."""

    def msg(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    info = error = msg


log = structlog.wrap_logger(
    _Lines(),
    processors=[
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.JSONRenderer(),
    ],
    wrapper_class=structlog.BoundLogger,
)


def init_request_log(app: Flask) -> None:
    """Give each request an id and log how it ended."""

    @app.before_request
    def start() -> None:
        g.request_id = secrets.token_hex(6)
        g.started = time.perf_counter()

    @app.after_request
    def end(answer: Response) -> Response:
        if request.blueprint != "guide" or answer.status_code >= 500:
            log.info(
                "request",
                request_id=g.request_id,
                method=request.method,
                route=request.endpoint or "none",
                status=answer.status_code,
                milliseconds=round((time.perf_counter() - g.started) * 1000, 1),
            )
        return answer


def log_failure(error: Exception) -> None:
    """Log an unexpected exception: its type and where it came from, without its message."""
    frames = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    log.error(
        "failure",
        request_id=g.get("request_id"),
        route=request.endpoint or "none",
        error=f"{type(error).__module__}.{type(error).__qualname__}",
        frames=frames[-12:],
    )

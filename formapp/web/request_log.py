"""One JSON line for each request: what was called and how it ended, no word of what anyone typed.

Routes are logged by name, because a path can carry a sign-in token; query strings, bodies,
addresses, names and the messages of exceptions (which quote values) are never logged.
"""

from __future__ import annotations

import secrets
import time
import traceback

from flask import Flask, Response, g, request

from formapp.logs import log


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

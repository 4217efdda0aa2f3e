"""How long an address and the headers of a request may be: beyond that a page of ours says so.

The web server has bounds of its own, far above these, and its pages for them are bare.
"""

from __future__ import annotations

from flask import Flask, abort, request

# RFC 9110, 4.1: every server should take 8,000 octets.
LONGEST_ADDRESS = 8_000
# Four buffers of 8 kB are what nginx takes.
LARGEST_HEADERS = 32_000


def init_request_head(app: Flask) -> None:
    """Refuse longer addresses with 414 (RFC 9110, 15.5.15) and larger headers with 431 (RFC 6585, 5)."""

    @app.before_request
    def check() -> None:
        if len(request.environ.get("PATH_INFO", "")) + len(request.query_string) > LONGEST_ADDRESS:
            abort(414)
        # As WSGI has them, "HTTP_" before each name; most requests have a tenth of what is allowed.
        headers = request.environ.items()
        if sum(len(name) + len(value) for name, value in headers if name.startswith("HTTP_")) > LARGEST_HEADERS:
            abort(431)

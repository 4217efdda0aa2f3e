"""What is too long gets a page of ours, with our headers, and not the web server's bare line."""

from __future__ import annotations

import http.client
from contextlib import closing

import pytest

from tests.serving.conftest import Serve


@pytest.mark.parametrize(
    ("path", "headers", "status", "title"),
    [
        (f"/support/tickets?{'q' * 9_000}", {}, 414, "That address is too long"),
        ("/support/tickets", {"Cookie": "a=" + "b" * 40_000}, 431, "Your browser sent too many cookies"),
    ],
    ids=["address", "headers"],
)
def test_a_head_that_is_too_long_gets_a_page_with_our_headers(
    serve: Serve, path: str, headers: dict[str, str], status: int, title: str
) -> None:
    desk = serve("--no-worker", "--workers=1")
    with closing(http.client.HTTPConnection(desk.host, desk.port, timeout=10)) as connection:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, f"<h1>{title}</h1>" in answer.read().decode()) == (status, True)
        assert answer.getheader("X-Content-Type-Options") == "nosniff"
        assert "frame-ancestors 'none'" in (answer.getheader("Content-Security-Policy") or "")

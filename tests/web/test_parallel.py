"""Real sockets, real threads: one form makes one ticket, however often and wherever it arrives."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection
from urllib.parse import urlencode

import pytest
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from formapp.accounts.magic_links import create_link
from formapp.app import create_app
from formapp.services import make_services
from formapp.web.session_cookie import COOKIE
from tests.web.conftest import Desk, filled

SENDERS = 20


class Quiet(WSGIRequestHandler):
    """Keeps the server's own lines out of the test's output."""

    def log(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def servers(desk: Desk) -> Iterator[list[BaseWSGIServer]]:
    """Two servers on one database, each with connections and a writers' lock of its own, as two workers are."""
    services = [desk.services, make_services(desk.services.settings)]
    apps = [create_app(services=each, clock=desk.clock) for each in services]
    running = [make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet) for app in apps]
    threads = [threading.Thread(target=server.serve_forever, args=(0.05,)) for server in running]
    for thread in threads:
        thread.start()
    yield running
    for server, thread in zip(running, threads, strict=True):
        server.shutdown()
        thread.join()
        server.server_close()
    services[1].database.engine.dispose()


def post(server: BaseWSGIServer, path: str, body: bytes, cookie: str = "") -> tuple[int, str, str]:
    """Send a form and return status, where it leads, and the cookie that was set."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        connection.request("POST", path, body, headers | ({"Cookie": f"{COOKIE}={cookie}"} if cookie else {}))
        answer = connection.getresponse()
        answer.read()
        cookies = [value.split(";")[0] for value in answer.headers.get_all("Set-Cookie", [])]
        login = next((value.partition("=")[2] for value in cookies if value.startswith(f"{COOKIE}=")), "")
        return answer.status, answer.getheader("Location", ""), login
    finally:
        connection.close()


def signed_in(desk: Desk, server: BaseWSGIServer) -> str:
    link = create_link(desk.services, "ada@shop.example", desk.clock())
    return post(server, "/support/sign-in/" + link.rpartition("/")[2], b"")[2]


def at_once(desk: Desk, servers: list[BaseWSGIServer], bodies: list[bytes]) -> Counter[tuple[int, str]]:
    """Send all bodies at the same moment, by turns to each server; how often each answer came."""
    cookie = signed_in(desk, servers[0])
    gate = threading.Barrier(len(bodies))
    answers: list[tuple[int, str]] = []

    def send(number: int, body: bytes) -> None:
        gate.wait()
        status, location, _ = post(servers[number % len(servers)], "/support/tickets", body, cookie)
        answers.append((status, location))

    senders = [threading.Thread(target=send, args=numbered) for numbered in enumerate(bodies)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return Counter(answers)


@pytest.mark.parametrize("submission", ["form-1", ""], ids=["with an id", "from a page without script"])
def test_twenty_sends_of_one_form_make_one_ticket(desk: Desk, servers: list[BaseWSGIServer], submission: str) -> None:
    body = urlencode(filled(submission=submission)).encode()
    answers = at_once(desk, servers, [body] * SENDERS)
    assert answers == {(303, "/support/tickets/SUP-1001/sent"): SENDERS}
    assert desk.stored() == [filled()]


def test_twenty_forms_at_once_make_twenty_tickets(desk: Desk, servers: list[BaseWSGIServer]) -> None:
    bodies = [
        urlencode(filled(submission=f"form-{number}", subject=f"Order {number} fails")).encode()
        for number in range(SENDERS)
    ]
    answers = at_once(desk, servers, bodies)
    assert {status for status, _ in answers} == {303}
    assert len(answers) == SENDERS
    assert len(desk.stored()) == SENDERS


def test_of_twenty_presses_of_one_sign_in_link_one_signs_in(desk: Desk, servers: list[BaseWSGIServer]) -> None:
    path = "/support/sign-in/" + create_link(desk.services, "ada@shop.example", desk.clock()).rpartition("/")[2]
    gate = threading.Barrier(SENDERS)
    answers: list[tuple[int, bool]] = []

    def press(number: int) -> None:
        gate.wait()
        status, _, login = post(servers[number % 2], path, b"")
        answers.append((status, bool(login)))

    presses = [threading.Thread(target=press, args=(number,)) for number in range(SENDERS)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()
    assert Counter(answers) == {(303, True): 1, (410, False): SENDERS - 1}


def test_a_form_beyond_all_bounds_is_read_to_its_end_so_that_the_page_arrives(
    desk: Desk, servers: list[BaseWSGIServer]
) -> None:
    body = urlencode(filled(description="x" * 20_000_000)).encode()
    status, _, _ = post(servers[0], "/support/tickets", body, signed_in(desk, servers[0]))
    assert status == 413
    assert desk.stored() == []

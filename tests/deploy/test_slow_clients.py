"""Slow clients are the web server's to wait for: beside a hundred of them honest people file at once."""

from __future__ import annotations

import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import cycle, islice
from statistics import quantiles
from urllib.parse import urlencode

import pytest

from formapp.accounts import projects, sessions
from formapp.models import Ticket
from formapp.services import Services, utc_now
from tests.builders import NOW, build_account, build_project, stored
from tests.deploy.conftest import HOST, SERVERS, Behind, Front
from tests.serving.test_slow_clients import EACH, KINDS, SENDERS, SLOW, slow_clients


class Encrypted:
    """A visitor's way in, below HTTP."""

    def __init__(self, front: Front) -> None:
        self._front = front

    def connect(self) -> ssl.SSLSocket:
        connection = self._front.connect()
        connection.connect()
        assert isinstance(connection.sock, ssl.SSLSocket)
        return connection.sock


def file_some(front: Front, sender: int, token: str) -> list[float]:
    """File tickets one after another over one connection; how long each took, in seconds."""
    waits = []
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": f"__Host-support-login={token}",
        "Origin": f"https://{HOST}:{front.port}",
    }
    with closing(front.connect()) as connection:
        for number in range(EACH):
            form = {
                "project": "shop",
                "subject": f"Order {sender}.{number} fails",
                "description": "It says 502.",
                "priority": "high",
                "submission": f"form-{sender}-{number}",
            }
            begun = time.monotonic()
            connection.request("POST", "/support/tickets", urlencode(form), headers)
            answer = connection.getresponse()
            answer.read()
            waits.append(time.monotonic() - begun)
            assert (answer.status, (answer.headers["Location"] or "").endswith("/sent")) == (303, True)
    return waits


@pytest.mark.parametrize("name", SERVERS)
def test_honest_people_file_at_once_beside_a_hundred_slow_clients(
    behind: Behind, sqlite_services: Services, name: str
) -> None:
    build_project(sqlite_services, "shop")
    tokens = []
    for number in range(SENDERS):
        account = build_account(sqlite_services, f"sender-{number}@shop.example")
        projects.add_member(sqlite_services, account.email, "shop", NOW)
        tokens.append(sessions.open_session(sqlite_services, account.id, utc_now()))
    _, front = behind(name)
    kinds = islice(cycle(KINDS.values()), SLOW)
    with slow_clients(Encrypted(front), kinds), ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(file_some, front, number, token) for number, token in enumerate(tokens)]
        waits = [wait for future in sending for wait in future.result()]
    assert len(stored(sqlite_services, Ticket)) == SENDERS * EACH
    assert quantiles(waits, n=100)[98] < 1.0

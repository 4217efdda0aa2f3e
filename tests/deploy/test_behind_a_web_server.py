"""A real desk behind nginx and behind Caddy, as the files in ``deploy/`` set them up, over https."""

from __future__ import annotations

import http.client
from contextlib import closing
from urllib.parse import urlencode

import pytest

from formapp.accounts import sessions
from formapp.attachments import service as attachments
from formapp.models import Attachment, Ticket
from formapp.services import Services, utc_now
from tests.builders import build_customer, stored
from tests.deploy.conftest import HOST, SERVERS, Behind, Front

BOUNDARY = "a-boundary"
CONTENT = b"Error 502 at 14:00\n" * 165_000

each_server = pytest.mark.parametrize("name", SERVERS)


def own_page(front: Front, content_type: str, **headers: str) -> dict[str, str]:
    """What a browser sends with a form of the desk's own page."""
    return {"Origin": f"https://{HOST}:{front.port}", "Content-Type": content_type, **headers}


def multipart(content: bytes) -> bytes:
    fields = {"project": "shop", "subject": "Log", "description": "It says 502.", "priority": "high"}
    parts = [(f'name="{name}"', value.encode()) for name, value in fields.items()]
    parts.append(('name="files"; filename="error.log"', content))
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + value + b"\r\n"
        for head, value in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode()


def ask_for_link(front: Front, number: int, visitor: str, **headers: str) -> int:
    with closing(front.connect(visitor)) as connection:
        form = urlencode({"email": f"person{number}@shop.example"})
        sent = own_page(front, "application/x-www-form-urlencoded", **headers)
        connection.request("POST", "/support/sign-in", form, sent)
        return connection.getresponse().status


@each_server
def test_a_ticket_with_a_large_file_is_filed_over_https(behind: Behind, sqlite_services: Services, name: str) -> None:
    account = build_customer(sqlite_services)
    cookie = f"__Host-support-login={sessions.open_session(sqlite_services, account.id, utc_now())}"
    _, front = behind(name)
    with closing(front.connect()) as connection:
        sent = own_page(front, f"multipart/form-data; boundary={BOUNDARY}", Cookie=cookie)
        connection.request("POST", "/support/tickets", multipart(CONTENT), sent)
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, (answer.getheader("Location") or "").endswith("/sent")) == (303, True)
        # The same connection goes on, and what is there is there.
        connection.request("GET", answer.getheader("Location") or "", headers={"Cookie": cookie})
        assert connection.getresponse().status == 200
    (ticket,) = stored(sqlite_services, Ticket)
    (attached,) = stored(sqlite_services, Attachment)
    assert attached.ticket_id == ticket.id
    assert b"".join(attachments.content(sqlite_services, attached)) == CONTENT


@each_server
def test_limits_count_the_visitors_own_address_whatever_the_visitor_claims(behind: Behind, name: str) -> None:
    _, front = behind(name)
    answers = [ask_for_link(front, number, HOST, **{"X-Forwarded-For": f"203.0.113.{number}"}) for number in range(31)]
    assert answers == [*[303] * 30, 429]
    assert ask_for_link(front, 31, HOST) == 429
    assert ask_for_link(front, 31, "127.0.0.2") == 303


@each_server
def test_a_body_that_is_too_large_gets_a_sentence(behind: Behind, name: str) -> None:
    _, front = behind(name)
    with closing(front.connect()) as connection:
        connection.putrequest("POST", "/support/tickets")
        sent = own_page(front, f"multipart/form-data; boundary={BOUNDARY}", **{"Content-Length": "120000000"})
        for header, value in sent.items():
            connection.putheader(header, value)
        connection.endheaders()
        try:
            for _ in range(120):
                connection.send(b"x" * 1_000_000)
        except OSError:
            pass  # It is answered, and closed, before all of it is sent.
        answer = connection.getresponse()
        page = answer.read().decode()
    assert answer.status == 413
    assert "remove files until they are below 100 MB" in page
    assert answer.getheader("X-Content-Type-Options") == "nosniff"


@each_server
def test_while_the_desk_is_away_a_sentence_says_so(behind: Behind, name: str) -> None:
    desk, front = behind(name)
    desk.end()
    with closing(front.connect()) as connection:
        connection.request("GET", "/support/healthz")
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("Retry-After")) == (503, "60")
        assert "try again in a minute" in answer.read().decode()


def test_nginx_sends_plain_http_to_the_public_address_whatever_the_host(behind: Behind) -> None:
    _, front = behind("nginx")
    with closing(http.client.HTTPConnection(HOST, front.plain_port, timeout=10)) as connection:
        connection.request("GET", "/support/account?a=1", headers={"Host": "evil.example"})
        answer = connection.getresponse()
    assert answer.status == 301
    assert answer.getheader("Location") == f"https://{HOST}:{front.port}/support/account?a=1"


@each_server
def test_no_log_of_it_holds_a_sign_in_link(behind: Behind, name: str) -> None:
    desk, front = behind(name)
    for away in (False, True):
        if away:
            desk.end()
        with closing(front.connect()) as connection:
            connection.request("GET", "/support/sign-in/a-secret-token")
            connection.getresponse().read()
    front.end()
    files = [path for path in front.folder.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if b"a-secret-token" in path.read_bytes()]

"""Mails on their way through a real mail server, which may put off, refuse, hang, drop, or not encrypt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from formapp import worker
from formapp.models import OutboxMessage
from formapp.notifications.email import smtp
from formapp.services import Services
from tests.builders import NOW, Clock, build_account, build_customer, file_ticket, stored, write_mail
from tests.service.mailserver import DROP, HANG, MailServer, certificate_in, knows

LATER = Clock(NOW + timedelta(minutes=2))


@contextmanager
def running(**options: Any) -> Iterator[MailServer]:
    server = MailServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server() -> Iterator[MailServer]:
    with running() as started:
        yield started


def sending(services: Services, server: MailServer, address: str = "smtp://{}") -> Services:
    """The same desk, told to send through this server; ``{}`` stands for host and port."""
    place = address.format(f"127.0.0.1:{server.port}")
    return replace(services, settings=replace(services.settings, smtp_url=place))


def work(desk: Services, clock: Callable[[], Any] = LATER) -> OutboxMessage:
    """Let the worker send what is due; the newest mail of the outbox after that."""
    worker.run_once(desk, clock)
    return [row for row in stored(desk, OutboxMessage) if row.channel == "mail"][-1]


def test_a_ticket_is_confirmed_by_a_mail_that_arrives(services: Services, server: MailServer) -> None:
    desk = sending(services, server)
    file_ticket(desk, build_customer(desk), subject="Zürich: Kasse geht nicht 🙂")
    row = work(desk, Clock())
    assert (row.state, row.attempts, row.last_error) == ("sent", 1, "")
    ((recipient, message),) = server.arrived
    assert recipient == message["To"] == "ada@shop.example"
    assert message["Subject"] == "[SUP-1001] Zürich: Kasse geht nicht 🙂"
    assert message["Message-ID"] == "<SUP-1001.1.received@127.0.0.1>"
    text = message.get_body(("plain",))
    assert text is not None
    assert "Put a book into the cart." in text.get_content()
    work(desk)
    assert len(server.arrived) == 1


def test_a_server_that_puts_off_gets_the_mail_later(sqlite_services: Services, server: MailServer) -> None:
    desk = sending(sqlite_services, server)
    server.said["ada@shop.example"] = ["450 4.2.1 Try again later"]
    write_mail(desk)
    row = work(desk, Clock())
    assert (row.state, row.last_error) == ("due", "450 4.2.1 Try again later")
    assert server.arrived == []
    assert work(desk, Clock()).attempts == 1
    row = work(desk)
    assert (row.state, row.attempts, row.last_error) == ("sent", 2, "")
    assert [recipient for recipient, _ in server.arrived] == ["ada@shop.example"]


def test_of_three_recipients_one_is_refused_and_two_are_reached(sqlite_services: Services, server: MailServer) -> None:
    desk = sending(sqlite_services, server)
    for name in ("sam", "kim", "lee"):
        build_account(desk, f"{name}@platform.example", is_staff=True)
    server.said["kim@platform.example"] = ["550 5.1.1 No such user"]
    file_ticket(desk, build_customer(desk))
    work(desk)
    states = {
        row.recipient: (row.state, row.last_error) for row in stored(desk, OutboxMessage) if row.channel == "mail"
    }
    assert states == {
        "ada@shop.example": ("sent", ""),
        "sam@platform.example": ("sent", ""),
        "kim@platform.example": ("dead", "550 5.1.1 No such user"),
        "lee@platform.example": ("sent", ""),
    }
    assert {message["To"] for _, message in server.arrived} == {*states} - {"kim@platform.example"}
    assert len({message["Message-ID"] for _, message in server.arrived}) == 3


@pytest.mark.parametrize(
    ("step", "said", "state"),
    [
        ("MAIL", "530 5.7.0 Must issue a STARTTLS command first", "due"),
        ("MAIL", "550 5.7.1 Sender rejected", "due"),
        ("MAIL", "451 Local error", "due"),
        ("ada@shop.example", "530 5.7.0 Authentication required", "due"),
        ("ada@shop.example", "421 Too many connections", "due"),
        ("ada@shop.example", "553 5.1.3 Bad address", "dead"),
        ("DATA", "452 Disk full", "due"),
        ("DATA", "554 5.6.0 Content refused", "dead"),
        ("QUIT", "421 Busy", "sent"),
        ("QUIT", "500 What?", "sent"),
    ],
)
def test_only_what_a_server_says_of_this_mail_is_final(
    sqlite_services: Services, server: MailServer, step: str, said: str, state: str
) -> None:
    """An operator's mistake must not throw a day's mails away; and what was taken isn't sent again."""
    desk = sending(sqlite_services, server)
    server.said[step] = [said]
    write_mail(desk)
    row = work(desk)
    assert row.state == state
    assert row.last_error == ("" if state == "sent" else said)
    assert len(server.arrived) == (state == "sent")


def test_a_server_that_hangs_is_left_in_time(
    sqlite_services: Services, server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 5 <= smtp.TIMEOUT_SECONDS <= 60
    monkeypatch.setattr(smtp, "TIMEOUT_SECONDS", 0.3)
    desk = sending(sqlite_services, server)
    server.said["DATA"] = [HANG]
    write_mail(desk)
    began = time.monotonic()
    row = work(desk, Clock())
    assert time.monotonic() - began < 5
    assert (row.state, row.attempts) == ("due", 1)
    assert "timed out" in row.last_error
    assert work(desk).state == "sent"


def test_a_mail_without_an_answer_is_sent_again_under_the_same_id(
    sqlite_services: Services, server: MailServer
) -> None:
    """At least once: the reader's program can tell the repeat by its Message-ID."""
    desk = sending(sqlite_services, server)
    server.said["DATA"] = [DROP]
    write_mail(desk)
    row = work(desk, Clock())
    assert row.state == "due"
    assert "SMTPServerDisconnected" in row.last_error
    assert work(desk).state == "sent"
    assert server.taken == [row.message_id, row.message_id]
    assert [message["Message-ID"] for _, message in server.arrived] == [row.message_id]


def test_where_no_server_listens_the_mail_waits(sqlite_services: Services) -> None:
    with running() as gone:
        desk = sending(sqlite_services, gone)
    write_mail(desk)
    row = work(desk, Clock())
    assert row.state == "due"
    assert "refused" in row.last_error
    assert NOW < row.next_attempt_at <= NOW + timedelta(minutes=1)


def test_a_slow_recipient_s_server_holds_up_nobody_else(sqlite_services: Services, server: MailServer) -> None:
    desk = sending(sqlite_services, server)
    server.said["ada@shop.example"] = ["450 later"] * 50
    for name in ("ada", "ben", "ada", "eve"):
        write_mail(desk, f"{name}@shop.example")
    work(desk)
    assert [recipient for recipient, _ in server.arrived] == ["ben@shop.example", "eve@shop.example"]


def test_where_encryption_is_asked_for_nothing_is_sent_without(sqlite_services: Services, server: MailServer) -> None:
    desk = sending(sqlite_services, server, "smtp+tls://desk:secret@{}")
    write_mail(desk)
    row = work(desk, Clock())
    assert row.state == "due"
    assert "STARTTLS" in row.last_error
    assert "secret" not in row.last_error
    assert (server.taken, server.arrived) == ([], [])


@pytest.mark.parametrize(("address", "options"), [("smtp+tls://{}", "tls_context"), ("smtps://{}", "ssl_context")])
def test_an_encrypted_server_must_be_one_that_is_trusted(
    sqlite_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, options: str
) -> None:
    certificate, context = certificate_in(tmp_path)
    with running(**{options: context}) as server:
        desk = sending(sqlite_services, server, address)
        write_mail(desk)
        row = work(desk, Clock())
        assert (row.state, server.arrived) == ("due", [])
        assert "CERTIFICATE_VERIFY_FAILED" in row.last_error

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert work(desk).state == "sent"
        assert server.encrypted == [True]


def test_a_wrong_password_is_no_recipient_s_fault(
    sqlite_services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, context = certificate_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(tls_context=context, authenticator=knows("desk", "p@ss:word"), auth_required=True) as server:
        write_mail(sqlite_services)
        row = work(sending(sqlite_services, server, "smtp+tls://desk:wrong@{}"), Clock())
        assert (row.state, server.arrived) == ("due", [])
        assert row.last_error.startswith("535")
        assert work(sending(sqlite_services, server, "smtp+tls://desk:p%40ss%3Aword@{}")).state == "sent"
        assert len(server.arrived) == 1


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://help.example", "help.example"),
        ("https://xn--fa-hia.example:8443", "xn--fa-hia.example"),
        ("http://127.0.0.1:8000", "[127.0.0.1]"),
        ("http://[::1]:8000", "[IPv6:::1]"),
    ],
)
@pytest.mark.parametrize("protocol", ["smtp", "smtp+tls"])
def test_the_desk_greets_by_its_public_host(
    sqlite_services: Services,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    address: str,
    name: str,
    protocol: str,
) -> None:
    certificate, context = certificate_in(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with running(**({"tls_context": context} if protocol == "smtp+tls" else {})) as server:
        desk = sending(sqlite_services, server, f"{protocol}://{{}}")
        write_mail(desk)
        work(replace(desk, settings=replace(desk.settings, base_url=address)))
        assert server.greeted_by == [name]

"""A real mail server in front of the desk: Exim takes mail by SMTP and hands it over by LMTP."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from formapp.models import Attachment, IncomingMail, Message
from formapp.notifications.email.reply_address import reply_address
from formapp.services import Services
from tests.builders import build_customer, file_ticket, stored
from tests.incoming_mail.exim import Exim
from tests.incoming_mail.mails import ADDRESS, PNG, build_mail
from tests.serving.conftest import Serve, free_port, wait_until
from tests.serving.conftest import serve as serve

ROUTER = """\
desk:
  driver = manualroute
  domains = help.example
  route_list = * 127.0.0.1
  self = send
  transport = lmtp
"""
TRANSPORT = """\
lmtp:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  allow_localhost
"""


@pytest.fixture
def lmtp_port() -> int:
    return free_port()


@pytest.fixture
def mail_server(lmtp_port: int) -> Iterator[Exim]:
    with tempfile.TemporaryDirectory(prefix="support-mta-", ignore_cleanup_errors=True) as folder:
        server = Exim(Path(folder), ROUTER, TRANSPORT.format(lmtp=lmtp_port))
        yield server
        server.stop()


def test_a_mail_comes_through_a_real_mail_server(
    mail_server: Exim, lmtp_port: int, serve: Serve, sqlite_services: Services
) -> None:
    """While the desk is away the server keeps it; then it joins its ticket, by the address that Ada alone has."""
    ada = build_customer(sqlite_services)
    ticket = file_ticket(sqlite_services, ada).ticket
    own = reply_address(ADDRESS, sqlite_services.settings.secret_key, ticket.id, ada.email)
    picture = ("screen.png", "image/png", PNG)
    mail_server.send(build_mail("Größer.\n.\n..\nFrom here on.", to=own, files=(picture,)), own)
    wait_until(lambda: " defer " in mail_server.logged(), "the mail server keeps it")
    assert stored(sqlite_services, IncomingMail) == []

    serve("--workers=1", FORMAPP_LMTP=f"127.0.0.1:{lmtp_port}", FORMAPP_INCOMING_ADDRESS=ADDRESS)
    wait_until(lambda: stored(sqlite_services, Message), "the mail is a reply")
    (message,) = stored(sqlite_services, Message)
    assert (message.ticket_id, message.account_id) == (ticket.id, ada.id)
    assert message.body == "Größer.\n.\n..\nFrom here on."
    assert [file.name for file in stored(sqlite_services, Attachment)] == ["screen.png"]
    wait_until(lambda: "Completed" in mail_server.logged(), "the mail server forgets it")
    wait_until(lambda: stored(sqlite_services, IncomingMail)[0].state != "new", "its outcome is noted")
    (mail,) = stored(sqlite_services, IncomingMail)
    assert (mail.door, mail.state, mail.confirmed) == ("lmtp", "added", True)

"""A real mail server in front of the desk: Exim takes mail by SMTP and hands it over by LMTP."""

from __future__ import annotations

import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from formapp.models import Attachment, IncomingMail, Message
from formapp.notifications.email.reply_address import reply_address
from formapp.services import Services
from tests.builders import build_customer, file_ticket, stored
from tests.incoming_mail.mails import ADDRESS, PNG, build_mail
from tests.serving.conftest import Serve, free_port, wait_until
from tests.serving.conftest import serve as serve

EXIM = """\
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
primary_hostname = help.example
exim_user = nobody
exim_group = nogroup
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
disable_ipv6
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
acl_smtp_rcpt = accept domains = help.example
begin acl
begin routers
desk:
  driver = manualroute
  domains = help.example
  route_list = * 127.0.0.1
  self = send
  transport = lmtp
begin transports
lmtp:
  driver = smtp
  protocol = lmtp
  port = {lmtp}
  allow_localhost
begin retry
* * F,1h,1s
"""


class MailServer:
    """Exim with a spool of its own, which hands what it takes for help.example to a port; each second what it kept."""

    def __init__(self, folder: Path, lmtp: int) -> None:
        program = shutil.which("exim4", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("Exim isn't installed")
        if os.geteuid() != 0:
            pytest.skip("only root may start Exim with a configuration of its own")
        self.port, self.output = free_port(), folder / "output"
        owner = pwd.getpwnam("nobody")
        folder.chmod(0o755)
        for name in ("spool", "log"):
            (folder / name).mkdir()
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        config = folder / "exim.conf"
        config.write_text(EXIM.format(folder=folder, port=self.port, lmtp=lmtp))
        config.chmod(0o644)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([program, "-C", str(config), "-bdf", "-q1s"], stdout=output, stderr=output)
        wait_until(self.greets, f"Exim greets: {self.output.read_text()}")

    def greets(self) -> bool:
        with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", self.port, timeout=10):
            return True
        return False

    def send(self, content: bytes, recipient: str) -> None:
        """Hand a mail over, as the server of its sender does."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as server:
            assert server.sendmail("ada@shop.example", [recipient], content) == {}

    def logged(self) -> str:
        """What it says of what it hands over."""
        return self.output.read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def lmtp_port() -> int:
    return free_port()


@pytest.fixture
def mail_server(lmtp_port: int) -> Iterator[MailServer]:
    with tempfile.TemporaryDirectory(prefix="support-mta-", ignore_cleanup_errors=True) as folder:
        server = MailServer(Path(folder), lmtp_port)
        yield server
        server.stop()


def test_a_mail_comes_through_a_real_mail_server(
    mail_server: MailServer, lmtp_port: int, serve: Serve, sqlite_services: Services
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

"""A real mail server before the desk: Exim, started for one story, which takes mail for help.example."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import smtplib
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.serving.conftest import free_port, wait_until

# What it can't deliver it returns; what is for anybody else ends in a file.
EXIM = """\
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/spool/exim.pid
primary_hostname = help.example
exim_user = {user}
exim_group = {group}
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
tls_advertise_hosts =
disable_ipv6
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
smtp_accept_max_per_host = 0
acl_smtp_rcpt = accept domains = help.example
begin acl
begin routers
{router}
elsewhere:
  driver = accept
  transport = outside
begin transports
{transport}
outside:
  driver = appendfile
  user = {user}
  file = {folder}/log/outside
begin retry
* * F,1h,1s
"""


class Exim:
    """Exim with a spool of its own, by this router and transport; each second it tries again what it kept.

    It runs as nobody where a test runs as root, to whom Exim delivers nothing, else as whoever runs the test.
    """

    def __init__(self, folder: Path, router: str, transport: str) -> None:
        program = shutil.which("exim4", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("Exim isn't installed")
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._folder = folder
        self.port, self.output = free_port(), folder / "output"
        self.outside = folder / "log" / "outside"
        folder.chmod(0o755)
        for name in ("spool", "log"):
            (folder / name).mkdir()
            os.chown(folder / name, owner.pw_uid, owner.pw_gid)
        config = folder / "exim.conf"
        group = grp.getgrgid(owner.pw_gid).gr_name
        config.write_text(
            EXIM.format(
                folder=folder, port=self.port, user=owner.pw_name, group=group, router=router, transport=transport
            )
        )
        config.chmod(0o644)
        with self.output.open("wb") as output:
            self.process = subprocess.Popen([program, "-C", str(config), "-bdf", "-q1s"], stdout=output, stderr=output)
        wait_until(self.greets, f"Exim greets: {self.output.read_text()}")

    def greets(self) -> bool:
        with suppress(OSError, smtplib.SMTPException), smtplib.SMTP("127.0.0.1", self.port, timeout=10):
            return True
        return False

    def send(self, content: bytes, *recipients: str, sender: str = "ada@shop.example") -> None:
        """Hand a mail over, as the server of its sender does."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as server:
            assert server.sendmail(sender, recipients, content) == {}

    def logged(self) -> str:
        """What it says of what it hands over."""
        return self.output.read_text()

    def times(self, words: str) -> int:
        """How often it said this."""
        return self.logged().count(words)

    def emptied(self) -> None:
        """Return when it holds no mail any more: each is handed over, or returned."""
        wait_until(lambda: not list((self._folder / "spool" / "input").iterdir()), "it holds none")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

"""A real mailbox: Dovecot, started for one story."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.serving.conftest import free_port

# What an address can only name in percent signs.
USER, PASSWORD = "support", "s/e:c@ret"
DOVECOT = """\
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
default_internal_user = {owner}
default_login_user = {owner}
default_internal_group = {group}
mail_location = maildir:{folder}/mail
first_valid_uid = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={owner} gid={group} home={folder}
}}
auth_failure_delay = 0
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class MailServer:
    """The mailbox of one story, as its mail server and its user see it."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("dovecot", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            pytest.skip("Dovecot isn't installed")
        if os.geteuid() != 0:
            pytest.skip("only root may start Dovecot with users of its own")
        self.folder, self.port = folder, free_port()
        owner = pwd.getpwnam("nobody")
        config = folder / "dovecot.conf"
        config.write_text(
            DOVECOT.format(folder=folder, port=self.port, password=PASSWORD, owner="nobody", group="nogroup")
        )
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        with (folder / "output").open("wb") as output:
            self.process = subprocess.Popen([program, "-F", "-c", str(config)], stdout=output, stderr=output)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with suppress(OSError, imaplib.IMAP4.error), self.opened():
                return
            time.sleep(0.05)
        self.process.kill()
        self.process.wait()
        raise AssertionError("".join(one.read_text() for one in sorted(folder.glob("[lo]*")) if one.is_file()))

    @property
    def url(self) -> str:
        """As the setting names it."""
        return f"imap://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/INBOX"

    @contextmanager
    def opened(self) -> Iterator[imaplib.IMAP4]:
        server = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        try:
            server.login(USER, PASSWORD)
            yield server
        finally:
            with suppress(OSError, imaplib.IMAP4.error):
                server.logout()

    def deliver(self, content: bytes) -> None:
        """Put a mail into the mailbox, as a mail server does."""
        with self.opened() as server:
            assert server.append("INBOX", "", "", content)[0] == "OK"

    def subjects(self, folder: str) -> list[str]:
        """The subjects of the mails in a folder; nothing where it isn't there."""
        with self.opened() as server:
            if server.select(f'"{folder}"', readonly=True)[0] != "OK":
                return []
            numbers = server.search(None, "ALL")[1][0].split()
            found = [server.fetch(number.decode(), "(BODY[HEADER.FIELDS (SUBJECT)])")[1][0][1] for number in numbers]
            return [line.decode().partition(":")[2].strip() for line in found]

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture
def mailbox() -> Iterator[MailServer]:
    # Its sockets have longer names than pytest's folders leave room for.
    with tempfile.TemporaryDirectory(prefix="support-mail-") as folder:
        server = MailServer(Path(folder))
        yield server
        server.stop()

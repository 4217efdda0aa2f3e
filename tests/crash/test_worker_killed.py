"""A worker that is killed between sending and marking: nothing is lost, a repeat can be known as one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as SmtpSession
from sqlalchemy import select

from formapp.models import OutboxMessage
from formapp.services import Services
from tests.builders import build_customer, build_staff, file_ticket
from tests.service.mailserver import MailServer

# So many at each change, and so many in the night.
KILLS = [25, pytest.param(100, marks=pytest.mark.nightly)]
TICKETS = 60
# Longer than a lease: what a killed worker held is free for the next.
MINUTES_APART = 6


class KillingServer(MailServer):
    """A mail server that kills who sends: by turns once it has taken the message, and just before."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.took: list[tuple[str, str]] = []
        self.worker = 0
        self.kills = 0

    def _trigger_server(self) -> None:
        super()._trigger_server()
        socket.create_connection(("127.0.0.1", self.port), 5).close()

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: SmtpSession, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.kills % 2:
            self._kill()
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: SmtpSession, envelope: Envelope) -> str:  # noqa: N802
        message = message_from_bytes(envelope.original_content or b"")
        self.took.append((str(message["Message-ID"]), envelope.rcpt_tos[0]))
        self._kill()
        return await super().handle_DATA(server, session, envelope)

    def _kill(self) -> None:
        if self.worker and self.kills < self.most:
            self.kills += 1
            os.kill(self.worker, signal.SIGKILL)
            self.worker = 0


@contextmanager
def killing_server(most: int) -> Iterator[tuple[KillingServer, str]]:
    server = KillingServer(most)
    server.start()
    try:
        yield server, f"smtp://127.0.0.1:{server.port}"
    finally:
        server.stop()


@contextmanager
def workshop(database_url: str, smtp_url: str, twin: str = "") -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.crash.workshop", database_url, smtp_url, *([twin] if twin else [])]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def ask(process: subprocess.Popen[str], line: str) -> int:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def kill_workers(services: Services, most: int, twin: str = "") -> tuple[KillingServer, list[OutboxMessage]]:
    """Send what the outbox holds with workers that are killed, until one ends by itself; what was taken and left."""
    services.database.engine.dispose()
    with killing_server(most) as (server, url), workshop(services.settings.database_url, url, twin) as process:
        for start in range(most * 2):
            server.worker = ask(process, str(start * MINUTES_APART))
            if ask(process, "0 wait") == 0:
                break
    with services.read() as database:
        return server, list(database.scalars(select(OutboxMessage).where(OutboxMessage.channel == "mail")))


def lost(server: KillingServer, rows: list[OutboxMessage]) -> list[str]:
    """The messages that count as sent, and that the mail server never took; or that are still waiting."""
    taken = set(server.took)
    return [row.message_id for row in rows if (row.message_id, row.recipient) not in taken or row.state != "sent"]


@pytest.fixture
def filed(services: Services) -> Services:
    """A desk with tickets, whose mails wait."""
    ada = build_customer(services)
    build_staff(services)
    for number in range(TICKETS):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"form-{number}")
    return services


@pytest.mark.parametrize("kills", KILLS)
def test_a_worker_killed_again_and_again_loses_nothing(filed: Services, kills: int) -> None:
    server, rows = kill_workers(filed, kills)
    assert server.kills == kills
    assert len(rows) == 2 * TICKETS  # the confirmation, and the mail to staff
    assert lost(server, rows) == []
    # A repeat is the same message to the same person, and there is one for each kill at the most.
    times = Counter(server.took)
    assert {message_id for message_id, _ in times} == {row.message_id for row in rows}
    assert sum(times.values()) - len(times) <= kills


def test_a_worker_that_marks_before_it_sends_is_caught(filed: Services) -> None:
    server, rows = kill_workers(filed, 10, "marked before sent")
    assert server.kills == 10
    with pytest.raises(AssertionError):
        assert lost(server, rows) == []

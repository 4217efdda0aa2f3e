"""Taking mail from a mail server of the same machine by LMTP (RFC 2033). It keeps each mail until that is stored."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from datetime import datetime

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from formapp.errors import UseCaseError
from formapp.incoming_mail.receive import LARGEST, receive
from formapp.logs import failure_place, log
from formapp.services import Services

TAKEN = "250 2.0.0 Stored"
REFUSED = "554 5.6.0 {}"
LATER = "451 4.3.0 It can't be stored now, try again"


class Door:
    """What the LMTP server asks of each message."""

    def __init__(self, services: Services, clock: Callable[[], datetime]) -> None:
        self._services, self._clock = services, clock

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Store the message, and answer once for each recipient (RFC 2033, 4.2)."""
        content = envelope.content
        assert isinstance(content, bytes)  # noqa: S101 - text comes only where the server is told to decode
        word = await asyncio.get_running_loop().run_in_executor(None, self._take, content)
        return "\r\n".join([word] * max(len(envelope.rcpt_tos), 1))

    def _take(self, content: bytes) -> str:
        try:
            receive(self._services, content, "lmtp", self._clock())
        except UseCaseError as refused:
            return REFUSED.format(refused.message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the mail server must keep the message
            log.warning("mail not stored", door="lmtp", error=failure_place(error))
            return LATER
        return TAKEN


def serve_lmtp(
    services: Services, clock: Callable[[], datetime], host: str, port: int, ready: Callable[[], None]
) -> None:
    """Take mail on this address of the loopback until SIGTERM. Raises OSError where it can't listen."""
    asyncio.run(_serve(services, clock, host, port, ready))


async def _serve(
    services: Services, clock: Callable[[], datetime], host: str, port: int, ready: Callable[[], None]
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    door = Door(services, clock)
    server = await loop.create_server(
        lambda: LMTP(door, data_size_limit=LARGEST, ident="support desk", loop=loop), host, port
    )
    async with server:
        ready()
        await stop.wait()

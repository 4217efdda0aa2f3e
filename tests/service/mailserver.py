"""A real mail server on the loopback that does what a story needs: put off, refuse, hang, drop, encrypt."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HANG, DROP = "hang", "drop"


class MailServer(Controller):
    """Listens on a free port. ``said`` holds, by step and then in order, what it says instead of yes.

    Steps are MAIL, an address (at its RCPT), DATA, DATA with an address (for its mails alone) and QUIT; once the
    list is empty it says yes. For DATA there are also ``HANG`` (the mail is taken, and no answer comes) and
    ``DROP`` (the connection ends instead).
    """

    def __init__(self, **options: Any) -> None:
        self.said: defaultdict[str, list[str]] = defaultdict(list)
        self.arrived: list[tuple[str, EmailMessage]] = []
        self.taken: list[str] = []
        self.encrypted: list[bool] = []
        self.greeted_by: list[str | None] = []
        self._released = asyncio.Event()
        # Its name is given, so that no name server is asked for it.
        super().__init__(self, hostname="127.0.0.1", port=0, server_hostname="mail.example", **options)

    def _trigger_server(self) -> None:
        """Learn the port before the first connection."""
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]

    def stop(self, no_assert: bool = False) -> None:
        """End, and let go whoever hangs."""
        self.loop.call_soon_threadsafe(self._released.set)
        super().stop(no_assert)

    def _next(self, step: str) -> str:
        return self.said[step].pop(0) if self.said[step] else ""

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.greeted_by.append(session.host_name)
        if said := self._next("MAIL"):
            return said
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if said := self._next(address):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        said = self._next(f"DATA {envelope.rcpt_tos[0]}") or self._next("DATA")
        if said and said not in {HANG, DROP}:
            return said
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken.append(str(message["Message-ID"]))
        assert isinstance(server.transport, asyncio.Transport)
        if said == HANG:
            await self._released.wait()
        if said == DROP:
            server.transport.abort()
        if not said:
            self.arrived.extend((address, message) for address in envelope.rcpt_tos)
            self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"

    async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
        return self._next("QUIT") or "221 Bye"


def knows(name: str, password: str) -> Any:
    """An authenticator that knows one person."""

    def judge(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        known = isinstance(given, LoginPassword) and (given.login, given.password) == (name.encode(), password.encode())
        return AuthResult(success=known, handled=False)

    return judge


def certificate_in(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 that nobody knows yet, and a server's context that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return shown, context

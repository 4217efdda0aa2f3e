"""Over https the certificate must be the name's, although the connection goes to a checked address."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.services import Services
from tests.builders import NOW, Clock
from tests.webhooks.build import Answers, build_ticket, newest, send, tell
from tests.webhooks.receiver import Receiver

HERE = Answers(["127.0.0.1"])


def write_certificate(path: Path, name: str) -> None:
    """A certificate of its own making for this name, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def asked_for() -> list[str | None]:
    """The names that clients have asked the secure receiver for."""
    return []


@pytest.fixture
def secure(tmp_path: Path, asked_for: list[str | None]) -> Iterator[Receiver]:
    """A receiver with a certificate for hooks.example."""
    write_certificate(tmp_path / "hooks.pem", "hooks.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "hooks.pem")
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)
    made = Receiver(context)
    yield made
    made.close()


def deliver_to(desk: Services, url: str, clock: Clock) -> tuple[str, str]:
    number, _ = add_endpoint(desk, url, NOW, resolve=HERE)
    tell(desk, build_ticket(desk))
    send(desk, clock, resolve=HERE)
    delivery = newest(desk, number)
    return delivery.state, delivery.reason


def test_the_name_s_certificate_is_asked_for_and_accepted(
    sqlite_desk: Services,
    secure: Receiver,
    asked_for: list[str | None],
    clock: Clock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "hooks.pem"))
    assert deliver_to(sqlite_desk, secure.url(host="hooks.example"), clock) == ("sent", "")
    assert asked_for == ["hooks.example"]
    assert secure.received[0].headers["host"] == f"hooks.example:{secure.port}"


def test_another_name_s_certificate_is_refused(
    sqlite_desk: Services, secure: Receiver, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "hooks.pem"))
    state, reason = deliver_to(sqlite_desk, secure.url(host="other.example"), clock)
    assert state == "due"
    assert reason.startswith("The certificate of other.example isn't valid: Hostname mismatch")
    assert secure.received == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    sqlite_desk: Services, secure: Receiver, clock: Clock
) -> None:
    state, reason = deliver_to(sqlite_desk, secure.url(host="hooks.example"), clock)
    assert state == "due"
    assert reason == "The certificate of hooks.example isn't valid: self-signed certificate"
    assert secure.received == []


def test_a_plain_server_behind_https_is_told_apart(sqlite_desk: Services, receiver: Receiver, clock: Clock) -> None:
    url = receiver.url(host="hooks.example").replace("http:", "https:")
    state, reason = deliver_to(sqlite_desk, url, clock)
    assert state == "due"
    assert reason.startswith("No secure connection to hooks.example: ")

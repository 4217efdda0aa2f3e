"""The files of ``deploy/``, and web servers that run by them in front of a desk."""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.builders import REPOSITORY
from tests.serving.conftest import PATIENCE, Serve, Served, free_port, wait_until
from tests.serving.conftest import serve as serve

DEPLOY = REPOSITORY / "deploy"
HOST = "127.0.0.1"
AROUND_NGINX = """\
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/start.log;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/server.conf;
}}
"""


def program(name: str) -> str:
    """The path of an installed program; else the test is skipped."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} isn't installed")
    return found


def changed(text: str, *changes: tuple[str, str]) -> str:
    """The text with what an operator changes in it; each must be there."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


class Front:
    """A web server in front of a desk, and how visitors reach it."""

    def __init__(self, command: list[str], folder: Path, port: int, plain_port: int) -> None:
        self.folder, self.port, self.plain_port = folder, port, plain_port
        self.trusted = ssl.create_default_context(cafile=folder / "fullchain.pem")
        with (folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, "HOME": str(folder)}, stdout=output, stderr=subprocess.STDOUT
            )

    def connect(self, visitor: str = HOST) -> http.client.HTTPSConnection:
        """A connection of a visitor who has this address."""
        return http.client.HTTPSConnection(
            HOST, self.port, timeout=PATIENCE, context=self.trusted, source_address=(visitor, 0)
        )

    def answers(self) -> bool:
        assert self.process.poll() is None, (self.folder / "output").read_text()
        with suppress(OSError, http.client.HTTPException), closing(self.connect()) as connection:
            connection.request("GET", "/support/healthz")
            return bool(connection.getresponse().status)
        return False

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


def nginx(folder: Path, port: int, plain_port: int, desk_port: int) -> list[str]:
    """Write nginx's files and return its command."""
    server = changed(
        (DEPLOY / "nginx.conf").read_text("utf-8"),
        ("listen 80;", f"listen {HOST}:{plain_port};"),
        ("listen 443 ssl;", f"listen {HOST}:{port} ssl;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("https://docs.example.com", f"https://{HOST}:{port}"),
        ("docs.example.com", HOST),
        ("/etc/ssl/support-desk", str(folder)),
        ("/var/log/nginx", str(folder)),
        ("127.0.0.1:8000", f"127.0.0.1:{desk_port}"),
    )
    (folder / "server.conf").write_text(server, "utf-8")
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(AROUND_NGINX.format(folder=folder, user=user), "utf-8")
    return [program("nginx"), "-p", str(folder), "-e", str(folder / "start.log"), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, port: int, plain_port: int, desk_port: int) -> list[str]:
    """Write Caddy's file and return its command."""
    trying = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttp_port {plain_port}\n\tservers"
    own_certificate = f"tls {folder}/fullchain.pem {folder}/privkey.pem"
    text = changed(
        (DEPLOY / "Caddyfile").read_text("utf-8"),
        ("{\n\tservers", trying),
        ("docs.example.com {", f"https://{HOST}:{port} {{\n\tbind {HOST}\n\t{own_certificate}"),
        ("127.0.0.1:8000", f"127.0.0.1:{desk_port}"),
    )
    (folder / "Caddyfile").write_text(text, "utf-8")
    return [program("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


SERVERS: dict[str, Callable[[Path, int, int, int], list[str]]] = {"nginx": nginx, "caddy": caddy}
Behind = Callable[..., tuple[Served, Front]]


@pytest.fixture
def behind(serve: Serve, tmp_path: Path) -> Iterator[Behind]:
    """Starts a desk behind nginx or Caddy, with https; both end with the test."""
    with ExitStack() as ending:

        def start(name: str, *options: str) -> tuple[Served, Front]:
            program(name)
            folder = tmp_path / name
            folder.mkdir()
            write_certificate(folder)
            port, plain_port = free_port(), free_port()
            desk = serve("--no-worker", *options, FORMAPP_BASE_URL=f"https://{HOST}:{port}", FORMAPP_PROXIES="1")
            front = Front(SERVERS[name](folder, port, plain_port, desk.port), folder, port, plain_port)
            ending.callback(front.end)
            wait_until(front.answers, f"{name} answers")
            return desk, front

        yield start


def write_certificate(folder: Path) -> None:
    """A certificate for the loopback that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(HOST))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )

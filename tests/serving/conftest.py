"""A desk as ``formapp serve`` runs it: a supervisor with its processes, on a port of its own."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from formapp.services import Services
from tests.builders import POLICY, REPOSITORY

PATIENCE = 60.0


def wait_until(happened: Callable[[], object], what: str) -> None:
    """Return as soon as it has happened; fail where it doesn't for a minute."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def free_port(host: str = "127.0.0.1") -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listening:
        return int(listening.getsockname()[1])


class Served:
    """A running ``formapp serve`` and what can be asked of it."""

    def __init__(self, services: Services, *options: str, host: str = "127.0.0.1", **settings: str) -> None:
        self.host, self.port = host, free_port(host)
        address = f"[{host}]" if ":" in host else host
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
            "FORMAPP_VAR": str(services.settings.var),
            "FORMAPP_POLICY": str(shutil.copy(POLICY, services.settings.var / "support-policy.yml")),
            "FORMAPP_DATABASE_URL": services.settings.database_url,
            "FORMAPP_SECRET_KEY": services.settings.secret_key,
            "FORMAPP_BASE_URL": f"http://{address}:{self.port}",
            **settings,
        }
        self.command = [sys.executable, "-m", "formapp", "serve", f"--host={host}", f"--port={self.port}", *options]
        self.log = services.settings.var / "serve.log"
        self.start()

    def start(self) -> None:
        """Start it, once more where it has ended."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, cwd=REPOSITORY, env=self.environment, stdout=log, stderr=subprocess.STDOUT
            )

    def answers(self) -> bool:
        """Whether a web process says that it lives."""
        with (
            suppress(OSError, http.client.HTTPException),
            closing(http.client.HTTPConnection(self.host, self.port, timeout=30)) as connection,
        ):
            public_host = urlsplit(self.environment["FORMAPP_BASE_URL"]).netloc
            connection.request("GET", "/support/healthz", headers={"Host": public_host})
            with connection.getresponse() as answer:
                return answer.status == 200
        return False

    def children(self) -> dict[int, str]:
        """The living processes that the supervisor has started: each with the word of its command."""
        found = {}
        for number in self._children():
            with suppress(OSError):
                command = Path(f"/proc/{number}/cmdline").read_bytes().decode().split("\0")
                if "formapp" in command and Path(f"/proc/{number}/stat").read_text().rpartition(") ")[2][0] != "Z":
                    found[int(number)] = command[command.index("formapp") + 1]
        return found

    def _children(self) -> list[str]:
        with suppress(OSError):
            return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return []

    def connect(self) -> socket.socket:
        return socket.create_connection((self.host, self.port), timeout=PATIENCE)

    def end(self) -> None:
        """End it as an operating system does."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            for number in self.children():
                with suppress(ProcessLookupError):
                    os.kill(number, signal.SIGKILL)


Serve = Callable[..., Served]


@pytest.fixture
def serve(sqlite_services: Services) -> Iterator[Serve]:
    """Starts a desk on this test's database; it ends with the test."""
    with ExitStack() as ending:

        def start(*options: str, **settings: str) -> Served:
            sqlite_services.database.engine.dispose()
            desk = Served(sqlite_services, *options, **settings)
            ending.callback(desk.end)
            wait_until(desk.answers, f"the desk answers: {desk.log.read_text()}")
            return desk

        yield start

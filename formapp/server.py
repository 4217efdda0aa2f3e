"""One command, one port: gunicorn with the guide and the desk, and an outbox worker beside it."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.workers.gthread import ThreadWorker

from formapp.app import create_app
from formapp.settings import settings_from

HEAD_SECONDS = 20.0
"""How long the head of a request may take to come in."""
STALLED_SECONDS = 30.0
"""How long a client may neither send nor take a byte."""
REQUEST_SECONDS = 900.0
"""How long one request may take altogether: 25 MB over a line of 30 kB a second."""


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Threads that wait for slow clients, but not for ever.

    A phone that loses its network in the middle of a form says no goodbye; each would hold a thread
    until the desk has none left.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        super().__init__(*args, **kwargs)
        self._until: dict[Any, float] = {}

    def handle(self, conn: Any) -> Any:  # noqa: ANN401
        """Answer what comes over a connection; the head comes first."""
        self._until[conn] = time.monotonic() + HEAD_SECONDS
        try:
            return super().handle(conn)
        finally:
            del self._until[conn]

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401
        """Answer a request whose head is here."""
        self._until[conn] = time.monotonic() + REQUEST_SECONDS
        conn.sock.settimeout(STALLED_SECONDS)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Called every second: end the connections whose time is over, which frees their threads."""
        super().notify()
        now = time.monotonic()
        for conn, until in list(self._until.items()):
            if until < now:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 - a WSGI application
        # In the worker, after the fork: no database connection is shared between processes.
        return create_app()


def serve(host: str, port: int, *, workers: int, threads: int, with_worker: bool) -> None:
    """Serve until interrupted. Raises BadSetting or PolicyError before anything listens."""
    settings_from()
    started_by = os.getpid()
    sender = _start_sender() if with_worker else 0
    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": PatientWorker,
        "graceful_timeout": 20,
        "timeout": 60,
        "keepalive": 15,
        "accesslog": None,
        "loglevel": "warning",
        # The heartbeat file must not wait for a slow disk.
        "worker_tmp_dir": "/dev/shm" if sys.platform == "linux" else None,  # noqa: S108
    }
    try:
        _Server(options).run()
    finally:
        # A web worker is a fork of this process and leaves through here too; the sender isn't its to end.
        if sender and os.getpid() == started_by:
            _end_sender(sender)


def _start_sender() -> int:
    """Start the outbox worker; its process id.

    A bare process rather than a Popen, which each web worker would inherit and complain about when it
    ends. Ctrl-C reaches the sender as well as us; it ignores that until it knows how to end well.
    """
    ours = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return os.posix_spawn(sys.executable, [sys.executable, "-m", "formapp", "worker"], os.environ)
    finally:
        signal.signal(signal.SIGINT, ours)


def _end_sender(sender: int) -> None:
    """Let it finish the mail it is at, then end."""
    # gunicorn waits for any child, so it may have taken note of an ended sender before us.
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(sender, signal.SIGTERM)
        os.waitpid(sender, 0)

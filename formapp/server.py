"""One command, one port: gunicorn with the guide and the desk, and an outbox worker beside it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from typing import Any

from gunicorn.app.base import BaseApplication

from formapp.app import create_app
from formapp.settings import settings_from
from formapp.webworker import PatientWorker

GARBAGE_AFTER = 10_000
"""After how many objects more a worker looks for garbage: those of some requests, not of a part of one."""


class _Server(BaseApplication):  # type: ignore[misc]
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:  # noqa: ANN401 - a WSGI application
        # In the worker, after the fork: no database connection is shared between processes.
        app = create_app()
        # What is loaded by now stays for good: it need not be looked through for garbage again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE_AFTER)
        return app


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
        # Under which address people come is the settings' to say; no header of a request changes it.
        "forwarded_allow_ips": "",
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

"""One command, one port: gunicorn with the guide and the desk, and an outbox worker beside it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from gunicorn.app.base import BaseApplication

from formapp.app import create_app
from formapp.settings import settings_from


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
    sender = subprocess.Popen([sys.executable, "-m", "formapp", "worker"]) if with_worker else None
    options = {
        "bind": f"{host}:{port}",
        "workers": workers,
        "threads": threads,
        "worker_class": "gthread",
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
        if sender is not None:
            sender.terminate()
            sender.wait(timeout=30)

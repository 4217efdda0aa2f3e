"""The desk as it is served, or a broken twin of it: ``python -m tests.crash.serve PORT [TWIN]``."""

from __future__ import annotations

import socket
import sys

from formapp import server, supervisor
from tests.crash import twins


def serve(port: str, twin: str = "") -> None:
    """Serve by two web processes and no worker until ended; the settings come from the environment."""
    listener = supervisor.listen("127.0.0.1", int(port))
    command = [sys.executable, "-m", "tests.crash.serve", f"fd:{listener.fileno()}", twin]
    supervisor.supervise([supervisor.Process(f"web {number}", command, [listener.fileno()]) for number in (1, 2)])


def web(number: str, twin: str = "") -> None:
    """One web process."""
    twins.become(twin)
    server.serve_web(socket.socket(fileno=int(number)), threads=4, ready=supervisor.join_supervisor())


if __name__ == "__main__":
    if sys.argv[1].startswith("fd:"):
        web(sys.argv[1].removeprefix("fd:"), *sys.argv[2:])
    else:
        serve(*sys.argv[1:])

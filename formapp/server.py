"""One web process: waitress with the guide and the desk, on a socket that its supervisor has opened."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sized
from typing import Any

import waitress

from formapp.app import create_app

CONNECTIONS = 900
"""How many clients may be connected to one process; a slow one costs a socket and no thread."""
IDLE_SECONDS = 60
"""How long a connection may be silent while nothing is asked for over it."""
LARGEST_REQUEST = 110_000_000
"""The web server refuses what is larger, in bytes; the desk's own bound is lower and gives back what was typed."""
LARGEST_ANSWER = 2**30
"""Up to here an answer is taken from its thread, in bytes, whatever its client's pace: no download holds a thread."""
DEFERENCE_SECONDS = 0.0005
"""How long a process leaves a new connection to the others, for each that it has."""
FEW_CONNECTIONS = 8
"""With as many as these it has enough to do whoever takes the next one, and nobody waits."""
GRACE_SECONDS = 0.3
"""How long what is on its way may still come in when the process is told to end."""
DRAIN_SECONDS = 15.0
"""How long requests that have come in may take when the process is told to end."""


class SharedListener(socket.socket):
    """The socket on which all web processes wait: the one with fewer connections takes a new one.

    By itself the system lets the same process take most of them, and the others stand idle.
    """

    connections: Sized = ()
    """Those that this process has."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Take a new connection, later the more of few there are; raises BlockingIOError where another was quicker."""
        if len(self.connections) < FEW_CONNECTIONS:
            time.sleep(DEFERENCE_SECONDS * len(self.connections))
        return super().accept()


def serve_web(listener: socket.socket, *, threads: int, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM; what has come in by then is answered. Raises BadSetting or PolicyError."""
    # It warns each time that a request waits for a thread, which is what its queue is for.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    shared = SharedListener(fileno=listener.detach())
    server = waitress.create_server(
        create_app(),
        sockets=[shared],
        threads=threads,
        connection_limit=CONNECTIONS,
        channel_timeout=IDLE_SECONDS,
        max_request_body_size=LARGEST_REQUEST,
        outbuf_high_watermark=LARGEST_ANSWER,
        asyncore_use_poll=True,
        # Which headers of a proxy are believed is the desk's own setting.
        clear_untrusted_proxy_headers=False,
        ident=None,
    )
    shared.connections = server.active_channels
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=_drain, args=(server,), daemon=True).start())
    # Waitress ends its loop where its thread is told to exit.
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(0))
    ready()
    server.run()


def _drain(server: Any) -> None:  # noqa: ANN401 - waitress has no types
    """Take what is on its way and no new connection after it, answer all that is here, then end the server's loop."""
    time.sleep(GRACE_SECONDS)
    server.accepting = False
    until = time.monotonic() + DRAIN_SECONDS
    while time.monotonic() < until and any(
        channel.requests or channel.total_outbufs_len for channel in list(server.active_channels.values())
    ):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGUSR1)

"""The web worker: gunicorn's threads, patient with slow clients and fair to new ones."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

HEAD_SECONDS = 20.0
"""How long the head of a request may take to come in."""
STALLED_SECONDS = 30.0
"""How long a client may neither send nor take a byte."""
REQUEST_SECONDS = 900.0
"""How long one request may take altogether: 25 MB over a line of 30 kB a second."""
NOTICE_SECONDS = 0.5
"""How often at the most a worker says that it is alive, and looks whose time is over."""
FREE_SECONDS = 0.1
"""How often at the most a worker without a free thread takes a new connection."""
AT_ONCE_SECONDS = 0.002
"""How long a thread stays with a connection that it has just answered."""


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """Threads that wait for slow clients, but not for ever, and that share new connections with other workers.

    A phone that loses its network in the middle of a form says no goodbye; each would hold a thread
    until the desk has none left.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        super().__init__(*args, **kwargs)
        self._until: dict[Any, float] = {}
        self._noticed = 0.0
        self._busy = 0
        self._accepted = 0.0
        self._one_more = False

    def init_process(self) -> None:
        """Let the system hold a new connection back until something has come over it."""
        if hasattr(socket, "TCP_DEFER_ACCEPT"):
            for listener in self.sockets:
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, int(HEAD_SECONDS))
        super().init_process()

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take a new connection only while a thread is free: another worker may have one.

        Connections stay with the worker that took them, so the quickest would else take them all. Where the
        threads have no pause, but go on from request to request, one more is taken now and then.
        """
        super().set_accept_enabled(enabled and (self._busy < self.cfg.threads or self._one_more))

    def accept(self, listener: Any) -> None:  # noqa: ANN401
        """Take a new connection."""
        self._accepted, self._one_more = time.monotonic(), False
        super().accept(listener)

    def enqueue_req(self, conn: Any) -> None:  # noqa: ANN401
        """Give a request to the threads."""
        self._busy += 1
        super().enqueue_req(conn)
        self.set_accept_enabled(self._accepting)

    def finish_request(self, conn: Any, fs: Any) -> None:  # noqa: ANN401
        """A thread is free again, or at the next request."""
        self._busy -= 1
        self._one_more = time.monotonic() >= self._accepted + FREE_SECONDS
        super().finish_request(conn, fs)

    def handle(self, conn: Any) -> Any:  # noqa: ANN401
        """Answer what comes over a connection; the head comes first."""
        while True:
            self._until[conn] = time.monotonic() + HEAD_SECONDS
            try:
                kept_open = super().handle(conn)
            finally:
                del self._until[conn]
            if kept_open is not True or not self._goes_on(conn):
                return kept_open

    def _goes_on(self, conn: Any) -> bool:  # noqa: ANN401
        """Whether the next request comes over this connection at once, while nobody waits for the thread.

        A browser asks for what an answer leads to, and a proxy has others' requests to send: to watch the
        connection from the main thread and give it to a thread again costs as much as a part of an answer.
        """
        if not self.alive or self._busy > self.cfg.threads:
            return False
        watched = select.poll()
        for waited_for in (conn.sock, *self.sockets):
            watched.register(waited_for, select.POLLIN)
        ready = [number for number, _ in watched.poll(AT_ONCE_SECONDS * 1000)]
        # A new connection comes first.
        return ready == [conn.sock.fileno()]

    def handle_request(self, req: Any, conn: Any) -> Any:  # noqa: ANN401
        """Answer a request whose head is here."""
        self._until[conn] = time.monotonic() + REQUEST_SECONDS
        conn.sock.settimeout(STALLED_SECONDS)
        return super().handle_request(req, conn)

    def notify(self) -> None:
        """Called at least every second: end the connections whose time is over, which frees their threads."""
        now = time.monotonic()
        if now < self._noticed + NOTICE_SECONDS:
            return
        self._noticed = now
        super().notify()
        for conn, until in list(self._until.items()):
            if until < now:
                with suppress(OSError):
                    conn.sock.shutdown(socket.SHUT_RDWR)

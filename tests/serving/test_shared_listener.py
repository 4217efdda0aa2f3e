"""Two that wait on one socket: whoever has fewer connections takes the new ones."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import ExitStack, suppress

import pytest

from formapp.server import FEW_CONNECTIONS, SharedListener

CLIENTS = 40


def taken_by(
    listener: SharedListener, over: threading.Event, taken: list[socket.socket], arrived: threading.Semaphore
) -> None:
    """Wait and take connections as a web process does, until it is over."""
    while not over.is_set():
        ready, _, _ = select.select([listener], [], [], 0.05)
        with suppress(BlockingIOError):
            if ready:
                taken.append(listener.accept()[0])
                arrived.release()


@pytest.mark.parametrize("busy", [0, 1])
def test_who_has_fewer_connections_takes_most_of_the_new_ones(busy: int) -> None:
    over, arrived = threading.Event(), threading.Semaphore(0)
    with ExitStack() as open_ones, socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        listeners = [open_ones.enter_context(SharedListener(fileno=socket.dup(opened.fileno()))) for _ in range(2)]
        listeners[busy].connections = range(FEW_CONNECTIONS - 1)
        taken: list[list[socket.socket]] = [[], []]
        waiting = [
            threading.Thread(target=taken_by, args=(one, over, mine, arrived))
            for one, mine in zip(listeners, taken, strict=True)
        ]
        for one in waiting:
            one.start()
        for _ in range(CLIENTS):
            open_ones.enter_context(socket.create_connection(opened.getsockname()))
            arrived.acquire()
        over.set()
        for one in waiting:
            one.join()
        for one_of_them in (*taken[0], *taken[1]):
            one_of_them.close()
    assert len(taken[1 - busy]) > CLIENTS * 3 // 4, [len(mine) for mine in taken]

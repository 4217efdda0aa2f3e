"""``formapp serve``: starts web processes and a worker, starts each again when it dies, ends them together.

The supervisor opens the listening socket and hands it to every web process, so one that dies takes no
waiting connection along. Over a socket pair of its own each process says that it is ready, and notices
when its supervisor is gone: then it ends, too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from types import FrameType

from formapp.logs import log

LONGEST_PAUSE = 30.0
"""How long a process that can't start waits at the most before it is tried again, in seconds."""
END_SECONDS = 20.0
"""How long all may take to end, in seconds; then they are killed."""
LOOK_SECONDS = 0.1
BACKLOG = 1024
_READY = b"ready"
_CHANNEL = "SUPERVISOR_CHANNEL"


class Process:
    """A supervised process. One that was ready is started again at once, else after ever longer pauses."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        shared: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command, self._shared = command, tuple(shared)
        self._environment = dict(environment or {})
        self._running: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._failures = 0
        self.starts_at = 0.0

    def look(self, now: float) -> None:
        """Start it when its time has come; note its death, and when to start it again."""
        if self._running is None:
            if now >= self.starts_at:
                self._start()
            return
        if self._says_ready():
            self._failures = 0
        code = self._running.poll()
        if code is None:
            return
        pause = min(0.5 * 2 ** (self._failures - 1), LONGEST_PAUSE) if self._failures else 0.0
        log.warning("process ended", process=self.name, pid=self._running.pid, code=code, starts_again_in=pause)
        self._forget()
        self.starts_at = now + pause

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        # Until it has said that it is ready, this counts as a failure.
        self._failures += 1
        with theirs:
            self._running = subprocess.Popen(  # noqa: S603 - our own command
                self._command,
                env={**os.environ, **self._environment, _CHANNEL: str(theirs.fileno())},
                pass_fds=(theirs.fileno(), *self._shared),
            )
        log.info("process started", process=self.name, pid=self._running.pid)

    def _says_ready(self) -> bool:
        if self._channel is None:
            return False
        with suppress(OSError):
            return bool(self._channel.recv(len(_READY)))
        return False

    def terminate(self) -> None:
        """Ask it to end, if it runs."""
        if self._running is not None:
            self._running.terminate()

    @property
    def ready_as(self) -> int:
        """The number of the process that is ready; 0 while none is."""
        return self._running.pid if self._running is not None and self._failures == 0 else 0

    @property
    def ended(self) -> bool:
        """Whether it isn't running."""
        return self._running is None or self._running.poll() is not None

    def kill(self) -> None:
        """End it at once, if it still runs, and leave nothing of it behind."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._forget()

    def _forget(self) -> None:
        if self._channel is not None:
            self._channel.close()
        self._running = self._channel = None


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, for IPv6 where the host is such an address. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def supervise(processes: Sequence[Process]) -> None:
    """Keep these processes running until SIGTERM or SIGINT; then end them all.

    SIGHUP starts each anew, one after the other, so that the desk answers meanwhile.
    """
    stop, renew = threading.Event(), threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGHUP, lambda *_: renew.set())
    # The processes inherit that Ctrl-C is ignored: it reaches all of them, and the supervisor ends them in order.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in processes:
        process.look(time.monotonic())
    signal.signal(signal.SIGINT, end)
    renewal: Iterator[None] = iter(())
    while not stop.wait(LOOK_SECONDS):
        for process in processes:
            process.look(time.monotonic())
        if renew.is_set():
            renew.clear()
            renewal = _renew(processes)
        next(renewal, None)
    _end(processes)


def _renew(processes: Sequence[Process]) -> Iterator[None]:
    """Replace one process after the other, each when the one before is ready; a step at each look."""
    for process in processes:
        before = process.ready_as
        process.terminate()
        while process.ready_as in {0, before}:
            yield


def _end(processes: Sequence[Process]) -> None:
    for process in processes:
        process.terminate()
    until = time.monotonic() + END_SECONDS
    while time.monotonic() < until and not all(process.ended for process in processes):
        time.sleep(LOOK_SECONDS / 2)
    for process in processes:
        process.kill()


def join_supervisor() -> Callable[[], None]:
    """Called by a supervised process: end with the supervisor; what it returns says that this process is ready.

    A process that nobody supervises goes on alone.
    """
    number = os.environ.pop(_CHANNEL, "")
    if not number:
        return lambda: None
    channel = socket.socket(fileno=int(number))

    def end_with_supervisor() -> None:
        with suppress(OSError):
            channel.recv(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=end_with_supervisor, daemon=True).start()
    return lambda: channel.sendall(_READY)


def own_command(*arguments: str) -> list[str]:
    """The command line of a ``formapp`` command, by the Python that runs now."""
    return [sys.executable, "-m", "formapp", *arguments]

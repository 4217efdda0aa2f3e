"""A server under measurement: started on a free port, its web processes' CPU time read from /proc, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# The same for both sides.
WORKERS = 2
THREADS = 4
KEEPALIVE_SECONDS = 15
START_SECONDS = 60.0
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, and the process ids of its workers."""

    address: tuple[str, int]
    workers: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """User and system time of the workers so far, all threads, in seconds."""
        return sum(_cpu_seconds(worker) for worker in self.workers)


def free_port() -> int:
    """A port of the loopback that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(command: Sequence[str], port: int, environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run this command until the block ends. Raises RuntimeError with its log where it doesn't come up."""
    with log.open("wb") as output:
        master = subprocess.Popen(command, env=dict(environment), stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Server(("127.0.0.1", port), _wait_for_workers(master, port, log))
    finally:
        master.terminate()
        try:
            master.wait(30)
        except subprocess.TimeoutExpired:
            master.kill()
            master.wait()


def _wait_for_workers(master: subprocess.Popen[bytes], port: int, log: Path) -> tuple[int, ...]:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if master.poll() is not None:
            break
        workers = _workers(master.pid)
        if len(workers) == WORKERS and _listens(port):
            return workers
        time.sleep(0.1)
    raise RuntimeError(f"the server didn't come up:\n{log.read_text('utf-8', 'replace')[-4000:]}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _workers(master: int) -> tuple[int, ...]:
    """The web processes: gunicorn's are forks and bear the master's command line, ours are ``formapp web``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(_stat_fields(stat)[1]) != master:
                continue
            command = _command(stat.parent)
        except OSError:
            continue  # ended while we looked
        if command == _command(Path(f"/proc/{master}")) or b"\0web\0" in command:
            found.append(int(stat.parent.name))
    return tuple(sorted(found))


def _command(process: Path) -> bytes:
    return (process / "cmdline").read_bytes()


def _cpu_seconds(process: int) -> float:
    fields = _stat_fields(Path(f"/proc/{process}/stat"))
    return (int(fields[11]) + int(fields[12])) / _TICK


def _stat_fields(stat: Path) -> list[str]:
    """The fields after the command's name, which may hold blanks: state, parent, ..."""
    return stat.read_text().rpartition(")")[2].split()

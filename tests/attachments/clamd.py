"""A twin of clamd on a socket: it speaks the command INSTREAM, and finds what holds a word."""

from __future__ import annotations

import socket
import struct
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 1_000_000
"""What it takes of a file, in bytes, like the real one's StreamMaxLength."""


@dataclass(slots=True)
class Clamd:
    """The twin. ``setting`` leads to it, ``got`` is what it was sent."""

    setting: str
    got: list[bytes] = field(default_factory=list)


@contextmanager
def clamd() -> Iterator[Clamd]:
    """A twin that runs meanwhile."""
    # A socket's path must be short, shorter than many a test's folder.
    with tempfile.TemporaryDirectory(prefix="clamd-") as folder, socket.socket(socket.AF_UNIX) as listening:
        path = Path(folder) / "socket"
        listening.bind(str(path))
        listening.listen()
        twin = Clamd(f"clamd:{path}")
        thread = threading.Thread(target=_answer, args=(listening, twin), daemon=True)
        thread.start()
        yield twin
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
        thread.join(10)


def _answer(listening: socket.socket, twin: Clamd) -> None:
    while True:
        with listening.accept()[0] as asking, asking.makefile("rwb") as stream:
            command = stream.read(10)
            if command != b"zINSTREAM\0":
                return
            stream.write(_found(stream, twin) + b"\0")


def _found(stream: object, twin: Clamd) -> bytes:
    content = b""
    while length := struct.unpack(">I", stream.read(4))[0]:  # type: ignore[attr-defined]
        content += stream.read(length)  # type: ignore[attr-defined]
        if len(content) > LIMIT:
            return b"INSTREAM size limit exceeded. ERROR"
    twin.got.append(content)
    if b"silence" in content:
        return b""
    return b"stream: Test.Worm FOUND" if b"worm" in content else b"stream: OK"

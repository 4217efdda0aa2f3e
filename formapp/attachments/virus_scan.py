"""The optional look through attachments before anybody gets them: a command of the operator's, or clamd."""

from __future__ import annotations

import os
import shlex
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from formapp.storage.store import CHUNK

SECONDS = 120
"""How long a scanner may take for one file."""
PATH = "{path}"
"""Stands in a command for the file's path; without it the file comes on the standard input."""
_LONGEST_DETAIL = 500
_ENVIRONMENT = ("HOME", "LANG", "PATH", "TMPDIR", "TZ")
_FOUND, _FINE = "FOUND", "OK"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a scanner said. ``failed`` is no verdict: it is to be asked again."""

    state: Literal["clean", "infected", "failed"]
    detail: str = ""


CLEAN = Verdict("clean")


def scan(setting: str, chunks: Iterable[bytes], seconds: float = SECONDS) -> Verdict:
    """Let the scanner of this setting look through a file. Raises OSError where the chunks can't be read."""
    scheme, _, rest = setting.partition(":")
    if scheme == "clamd":
        return _by_socket(rest, chunks, seconds)
    with tempfile.NamedTemporaryFile(prefix="scan-") as copy:
        copy.writelines(chunks)
        copy.flush()
        return _by_command(shlex.split(rest), copy.name, seconds)


def _by_command(command: list[str], path: str, seconds: float) -> Verdict:
    """A command tells by its exit code: 0 is clean, 1 is infected, all else is no verdict."""
    arguments = [part.replace(PATH, path) for part in command]
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - the path of a temporary file
            done = subprocess.run(  # noqa: S603 - the operator's own command, no shell
                arguments,
                stdin=file,
                capture_output=True,
                timeout=seconds,
                check=False,
                # It looks at files of strangers, so it learns none of the desk's secrets.
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            )
    except subprocess.TimeoutExpired:
        return Verdict("failed", f"The scanner took more than {seconds:g} seconds")
    except OSError as error:
        return Verdict("failed", _words(f"The scanner can't be started: {error}"))
    if done.returncode == 0:
        return CLEAN
    if done.returncode == 1:
        return Verdict("infected", _last_line(done.stdout) or "The scanner found something")
    said = _last_line(done.stderr) or _last_line(done.stdout) or "it said nothing"
    return Verdict("failed", _words(f"The scanner ended with {done.returncode}: {said}"))


def _by_socket(path: str, chunks: Iterable[bytes], seconds: float) -> Verdict:
    """Stream a file to clamd by its command INSTREAM, and read what it found."""
    with socket.socket(socket.AF_UNIX) as clamd:
        clamd.settimeout(seconds)
        try:
            clamd.connect(path)
        except OSError as error:
            return Verdict("failed", _words(f"The scanner at {path} can't be reached: {error}"))
        said = _asked(clamd, chunks)
    answer = said.removeprefix("stream:").strip()
    if answer == _FINE:
        return CLEAN
    if answer.endswith(_FOUND):
        return Verdict("infected", _words(answer.removesuffix(_FOUND).strip()))
    return Verdict("failed", _words(f"The scanner said: {answer}" if answer else "The scanner gave no answer"))


def _asked(clamd: socket.socket, chunks: Iterable[bytes]) -> str:
    broken = ""
    pieces = iter(chunks)
    try:
        clamd.sendall(b"zINSTREAM\0")
        for chunk in pieces:
            clamd.sendall(struct.pack(">I", len(chunk)) + chunk)
        clamd.sendall(struct.pack(">I", 0))
    except (BrokenPipeError, ConnectionResetError, TimeoutError) as error:
        # It may have closed because it had its answer already: too large for its limit.
        broken = str(error)
    answer = b""
    try:
        while not answer.endswith(b"\0") and (more := clamd.recv(CHUNK)):
            answer += more
    except (ConnectionResetError, TimeoutError) as error:
        broken = broken or str(error)
    return answer.rstrip(b"\0").decode(errors="replace").strip() or broken


def _last_line(output: bytes) -> str:
    lines = output.decode(errors="replace").split("\n")
    return next((_words(line) for line in reversed(lines) if line.strip()), "")


def _words(text: str) -> str:
    """What a scanner said, as both databases store it."""
    return text.replace("\0", "").encode(errors="replace").decode().strip()[:_LONGEST_DETAIL]

"""The policy that a running desk serves by: a copy of the checked file, the same for all its processes.

An edited file changes nothing until ``formapp reload``, which checks it first: a typing mistake never
ends a desk, and no two processes promise by different policies for long.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from formapp.settings import Settings

_COPY, _ORIGIN, _PROCESS = "policy-in-use.yml", "policy-in-use.from", "serve.pid"


class NotRunning(Exception):
    """No desk runs on this folder; the message says so."""


def take(settings: Settings) -> Path:
    """Copy the policy file for the processes of this supervisor; the caller has checked it. The copy's path."""
    settings.var.mkdir(parents=True, exist_ok=True)
    copy = copy_of(settings)
    _replace(copy, settings.policy.read_bytes())
    _replace(settings.var / _ORIGIN, str(settings.policy).encode())
    _replace(settings.var / _PROCESS, str(os.getpid()).encode())
    return copy


def reload(settings: Settings) -> None:
    """Let the running desk take up the file, which the caller has checked. Raises NotRunning."""
    try:
        supervisor = int((settings.var / _PROCESS).read_text())
        os.kill(supervisor, 0)
    except (OSError, ValueError):
        raise NotRunning(f"No desk runs on {settings.var}. Start it: formapp serve") from None
    _replace(copy_of(settings), settings.policy.read_bytes())
    _replace(settings.var / _ORIGIN, str(settings.policy).encode())
    os.kill(supervisor, signal.SIGHUP)


def edited_file(settings: Settings) -> Path | None:
    """The policy file where it was edited, or removed, since the desk took it up; None where it is what runs.

    Asked by the desk's own processes, whose policy is the copy.
    """
    copy = copy_of(settings)
    try:
        if settings.policy != copy.absolute():
            return None
        origin = Path((settings.var / _ORIGIN).read_text("utf-8"))
        running = copy.read_bytes()
    except OSError:
        return None
    try:
        return None if origin.read_bytes() == running else origin
    except OSError:
        return origin


def copy_of(settings: Settings) -> Path:
    """Where the copy lies, if a desk was ever served from this folder."""
    return settings.var / _COPY


def _replace(path: Path, content: bytes) -> None:
    """Put a whole file in place of the old one: nobody reads a half."""
    whole = path.with_name(f"{path.name}.{os.getpid()}")
    whole.write_bytes(content)
    whole.replace(path)

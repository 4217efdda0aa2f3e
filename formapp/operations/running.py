"""A lock that every process of a running desk holds, so that nothing is put in the place of its data meanwhile."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from formapp.errors import UseCaseError
from formapp.settings import Settings

_LOCK = "running.lock"
# Held until the process ends, however that is: the system lets go of it.
_held: list[int] = []


def hold(settings: Settings) -> None:
    """Say that this process serves the desk. Raises UseCaseError while a backup is being restored."""
    number = _open(settings)
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        os.close(number)
        raise UseCaseError("A backup is being restored. Start the desk when that has ended") from None
    _held.append(number)


@contextmanager
def stopped(settings: Settings) -> Iterator[None]:
    """Nobody serves the desk while this lasts. Raises UseCaseError where somebody does."""
    number = _open(settings)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UseCaseError(
                "The desk is running. Nothing was restored. End formapp serve and every formapp worker, then restore"
            ) from None
        yield
    finally:
        os.close(number)


def _open(settings: Settings) -> int:
    settings.var.mkdir(parents=True, exist_ok=True)
    return os.open(settings.var / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

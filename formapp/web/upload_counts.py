"""How much one machine has uploaded within the hour, counted in files: uploads need no database.

A machine's count is the length of a file, which grows by a byte for each megabyte begun. Appending is
one step for the operating system, so all workers of a host count together; several hosts count each
for itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

MEGABYTE = 1_000_000
MOST_AN_HOUR = 1000


class UploadCounts:
    """Counts in ``folder``, begun anew each hour; ``most`` are small files or megabytes."""

    def __init__(self, folder: Path, clock: Callable[[], datetime], most: int = MOST_AN_HOUR) -> None:
        self._folder = folder
        self._clock = clock
        self._most = most
        # Only what the folder couldn't take, by this process alone.
        self._uncounted: Counter[Path] = Counter()

    def may_upload(self, machine: str) -> bool:
        """Whether this machine may send one more file within the hour."""
        place = self._place(machine)
        try:
            counted = place.stat().st_size
        except OSError:
            counted = 0
        return counted + self._uncounted[place] < self._most

    def count(self, machine: str, size: int) -> None:
        """Count a file of so many bytes that this machine has sent."""
        place = self._place(machine)
        units = size // MEGABYTE + 1
        try:
            if not place.parent.is_dir():
                self._begin_hour(place.parent)
            with place.open("ab", buffering=0) as file:
                file.write(bytes(units))
        except OSError:
            self._uncounted[place] += units

    def _begin_hour(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._uncounted.clear()
        for other in self._folder.iterdir():
            if other.name < folder.name:
                rmtree(other, ignore_errors=True)

    def _place(self, machine: str) -> Path:
        # Hashed, so that the folder lists nobody's address.
        hour = self._clock().astimezone(UTC).strftime("%Y%m%d%H")
        return self._folder / hour / sha256(machine.encode()).hexdigest()[:32]

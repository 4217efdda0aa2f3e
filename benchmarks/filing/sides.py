"""What the run needs of each of the two sides, and what it is told of what they stored."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from benchmarks.filing.senders import Filing
from benchmarks.filing.servers import Server


@dataclass(frozen=True, slots=True)
class Stored:
    """How many tickets a side holds after the run, and what doesn't fit what it had acknowledged."""

    tickets: int
    problems: tuple[str, ...]


class Side(Protocol):
    """One of the two help desks."""

    @property
    def name(self) -> str:
        """What the table calls it."""

    @property
    def said(self) -> tuple[str, ...]:
        """How it is set up, a sentence each, for the report."""

    def running(self) -> AbstractContextManager[Server]:
        """Its server, until the block ends."""

    def open(self, browsers: int) -> None:
        """Let so many browsers open the form; needs the running server."""

    def filing(self, browser: int) -> Filing | None:
        """The next form of this browser; None where it may file no more."""

    def reference(self, status: int, location: str) -> str | None:
        """The reference that an answer acknowledges; None where it acknowledges nothing."""

    def stored(self, acknowledged: Mapping[str, str]) -> Stored:
        """Look into the database for the acknowledged tickets, given as marks by reference."""

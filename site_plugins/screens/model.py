"""What a list of pictures says, as frozen values; each knows its line in the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

NOBODY = "nobody"
Kind = Literal["press", "fill", "choose", "picture"]


@dataclass(frozen=True, slots=True)
class Target:
    """Something on a page, by its role and name as a screen reader says them.

    Besides roles ``kind`` may be "field" (by its label), "text" and "css". A name that ends in "..." is the
    beginning of one; an empty one is any.
    """

    kind: str
    name: str
    line: int
    within: Target | None = None

    def __str__(self) -> str:
        return f'{self.kind} "{self.name}"' if self.name else self.kind

    @property
    def said(self) -> str:
        """The name as prose has it."""
        return self.name.removesuffix("...").strip()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do: press, fill or choose; then the address that it must lead to, or what it must show.

    "picture" does nothing: there the picture is taken.
    """

    kind: Kind
    target: Target
    value: str
    leads_to: str
    shows: Target | None
    line: int

    @property
    def goes_on(self) -> bool:
        """Whether what comes after it is another view than what the guide's picture shows."""
        return bool(self.leads_to) or self.shows is not None


@dataclass(frozen=True, slots=True)
class View:
    """What a picture holds: from the top of the first of these to the bottom of the last, some with a ring."""

    crop: tuple[Target, ...]
    ring: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a page with its picture, or a line of words without one."""

    line: int
    page: str
    picture: str
    text: str
    alt: str
    state: str
    signed_in: str
    open: str
    before: tuple[Action, ...]
    steps: tuple[Action, ...]
    visible: tuple[Target, ...]
    wide: View
    phone: View

    @property
    def picture_before(self) -> int:
        """Before which of its steps the picture is taken: where it says so, else before the view changes, else last."""
        said = (number for number, action in enumerate(self.steps) if action.kind == "picture")
        changes = (number for number, action in enumerate(self.steps) if action.goes_on)
        return next(iter((*said, *changes)), len(self.steps))


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody signs in to an app: an address to open, then what to do there."""

    open: str
    steps: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class ScreenList:
    """A whole list. Without ``base_url`` it is about our own help desk with its demo data."""

    file: Path
    base_url: str
    clock: datetime | None
    language: str
    time_zone: str
    width: int
    folder: str
    people: Mapping[str, SignIn]
    entries: tuple[Entry, ...]

    @property
    def docs(self) -> Path:
        """The folder of the guide's pages, in which the list lies."""
        return self.file.parent

    @property
    def pictures(self) -> Path:
        """The folder in which the pictures lie, and nothing else."""
        return self.docs / self.folder

    def place(self, line: int) -> str:
        """A line of the list, as its writer knows it."""
        return f"{self.file.as_posix()}:{line}"

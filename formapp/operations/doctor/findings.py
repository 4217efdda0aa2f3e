"""What the doctor says: each finding tells what is wrong, where, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from formapp.services import Services

Level = Literal["problem", "warning"]
# So many findings of one check are told one by one; a desk in ruins needn't fill the screen.
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that isn't as it should be.

    ``where`` is a reference, a file or a setting; ``what`` and ``do`` are sentences. A problem means that
    something is broken or will be lost, a warning that the desk works but somebody should look.
    """

    check: str
    where: str
    what: str
    do: str
    level: Level = "problem"


@dataclass(frozen=True, slots=True)
class Report:
    """The names of the checks that were made, in order, and what they found."""

    checks: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that are more than a warning."""
        return tuple(finding for finding in self.findings if finding.level == "problem")

    @property
    def sound(self) -> bool:
        """Whether there is no problem; warnings may be."""
        return not self.problems


Check = Callable[[Services, datetime], Iterable[Finding]]


def first_of(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The first findings of a check, then one that says that there are more."""
    for number, finding in enumerate(findings):
        if number == MOST_TOLD:
            more = f"There are more like these; only the first {MOST_TOLD} are told."
            yield Finding(finding.check, finding.where, more, finding.do, finding.level)
            return
        yield finding

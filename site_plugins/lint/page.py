"""A page as the lint reads it, and what is found in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from site_plugins.prose import front_matter, prose
from supportpolicy import Policy, all_facts
from supportpolicy.languages import closest_language

IGNORE = re.compile(r"<!--\s*support-lint:\s*ignore\s*-->")
IGNORE_PAGE = "<!-- support-lint: ignore this page -->"
_LANGUAGE = re.compile(r"^language:\s*['\"]?([\w-]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Edit:
    """What mends a finding for certain: in a line (from 1) the text that goes, and the one that comes.

    ``before`` says that an empty line is put before it where there is none.
    """

    line: int
    old: str
    new: str
    before: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a page: its line (from 1), a sentence with what to do, and what mends it for certain."""

    line: int
    sentence: str
    edit: Edit | None = None


@dataclass(frozen=True)
class LintPage:
    """One page's Markdown, and the policy that it speaks of."""

    path: Path
    text: str
    policy: Policy | None = None
    lines: Sequence[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.split("\n")))

    @cached_property
    def head(self) -> int:
        """How many lines its front matter takes."""
        return front_matter(self.lines)

    @cached_property
    def body(self) -> list[str]:
        """Its lines with nothing in those of the front matter, so that each keeps its number."""
        return [""] * self.head + list(self.lines[self.head :])

    @cached_property
    def words(self) -> list[str]:
        """The lines of the body with spaces where code is."""
        return prose(self.body)

    @cached_property
    def facts(self) -> Mapping[str, str]:
        """The facts of the policy in the page's language; none where there is no policy."""
        if self.policy is None:
            return {}
        said = _LANGUAGE.search("\n".join(self.lines[: self.head]))
        language = closest_language(said[1]) if said else None
        return all_facts(self.policy, language or self.policy.language)

    def line_at(self, offset: int) -> int:
        """The line (from 1) of a place in the text that ``words`` make together."""
        return "\n".join(self.words).count("\n", 0, offset) + 1

    def is_ignored(self, finding: Finding) -> bool:
        """Whether its writer wants to hear nothing of a line: a comment in it or in the line before says so."""
        near = self.lines[max(0, finding.line - 2) : finding.line]
        return any(IGNORE.search(line) for line in near)


def mended(text: str, edits: Iterable[Edit]) -> str:
    """The text with these edits, each where its line still has what goes."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda one: -one.line):
        line = lines[edit.line - 1]
        if edit.old in line:
            lines[edit.line - 1] = line.replace(edit.old, edit.new, 1)
            if edit.before and edit.line > 1 and lines[edit.line - 2].strip():
                lines.insert(edit.line - 1, "")
    return "\n".join(lines)

"""Taking a person out of what others wrote: the name, the address, and lines that quote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ERASED = "[erased]"
SHORTEST_QUOTE = 12
"""A line with fewer characters, such as "Thank you", is nobody's own."""
_QUOTE_MARKS = "> \t"


@dataclass(frozen=True, slots=True)
class Redaction:
    """What is looked for: ``names`` anywhere, ``texts`` as a whole and line by line."""

    names: tuple[str, ...]
    lines: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, names: Iterable[str], texts: Iterable[str]) -> Redaction:
        """Look for these names, and for what quotes these texts."""
        whole = frozenset(text for text in texts if text)
        lines = {line.strip(_QUOTE_MARKS) for text in whole for line in text.splitlines()}
        return cls(
            tuple(sorted({name for name in names if name}, key=len, reverse=True)),
            frozenset(line for line in lines if len(line) >= SHORTEST_QUOTE),
            whole,
        )

    def of_text(self, text: str) -> str:
        """The text without them."""
        if text in self.texts:
            return ERASED
        kept = (self._of_line(line) for line in text.splitlines(keepends=True))
        found = "".join(kept)
        for name in self.names:
            # Not within a word: "Ann" is no part of "Annex".
            found = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", ERASED, found, flags=re.IGNORECASE)
        return found

    def _of_line(self, line: str) -> str:
        bare = line.strip()
        quoted = bare.lstrip(_QUOTE_MARKS)
        if quoted.rstrip() not in self.lines:
            return line
        return line.replace(quoted, ERASED)

    def of_json(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """A JSON value without them, in all its words."""
        if isinstance(value, str):
            return self.of_text(value)
        if isinstance(value, dict):
            return {key: self.of_json(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.of_json(one) for one in value]
        return value

    def searched(self) -> tuple[str, ...]:
        """How the names may be written in a column, JSON's way of writing them too."""
        return tuple(dict.fromkeys([*self.names, *(json.dumps(name)[1:-1] for name in self.names)]))

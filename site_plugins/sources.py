"""Where the text of a rendered page was written: in the page's own file, or in one that is put into it.

Includes, snippets and variables change a text before its blocks are judged. Its lines are compared with those of the
page's file; a block that isn't there is looked for in the files that the page names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

# What may be a file's name: between quotation marks, or a line of its own, as snippets have it.
_NAMED = re.compile(r'"([^"\n]+)"|\'([^\'\n]+)\'|^[ \t]*([^\s;<>|*]+)[ \t]*$', re.MULTILINE)
# Snippets take a part of a file by lines or by name: "file.md:3:7", "file.md:part".
_PART = re.compile(r"(?::[-\d:,]*|:[a-z][-_0-9a-z]*)$", re.IGNORECASE)
_MOST_FILES = 100
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)


def first_line(text: str) -> int:
    """The line of a page's file, from 1, with which its text begins: below what says something about the page."""
    head = found.end() if (found := _FRONT_MATTER.match(text)) else 0
    rest = text[head:]
    return text.count("\n", 0, head + len(rest) - len(rest.lstrip())) + 1


def beside(path: Path, folder: Path) -> str:
    """A path as its writer knows it: from this folder."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)


@dataclass(frozen=True, slots=True)
class Place:
    """A file, and its line from 1."""

    file: Path
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """A page's file; ``read`` gives its text, which few pages are asked for.

    ``folders`` are those in which the names of other files count; the files named in ``everywhere`` are put into
    every page.
    """

    file: Path
    read: Callable[[], str]
    folders: tuple[Path, ...] = ()
    everywhere: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The page's text, as it is written."""
        return self.read()

    def find(self, lines: Sequence[str], block: range, line: int) -> Place:
        """Where a line of the rendered ones was written; it stands in the block of these lines, all counted from 0."""
        own = _plain(self.text.split("\n"))
        rendered = _plain(lines)
        changes = SequenceMatcher(None, own, rendered, autojunk=False).get_opcodes()
        # A block that is never closed goes on to the last empty line.
        while len(block) > 1 and not rendered[block.stop - 1]:
            block = block[:-1]
        for kind, start, _, first, last in changes:
            if kind == "equal" and first <= block.start and block.stop <= last:
                return Place(self.file, start + line - first + 1)
        wanted = rendered[block.start : block.stop]
        for path, text in self._others():
            found = _plain(text.split("\n"))
            for start in range(len(found) - len(wanted) + 1):
                if found[start : start + len(wanted)] == wanted:
                    return Place(path, start + line - block.start + 1)
        for _, start, end, first, last in changes:
            if first <= line < last:
                return Place(self.file, max(start, min(start + line - first, end - 1)) + 1)
        return Place(self.file, 1)

    def texts(self) -> Iterator[str]:
        """The page's text, and those of the files that are put into it."""
        yield self.text
        for _, text in self._others():
            yield text

    def _others(self) -> Iterator[tuple[Path, str]]:
        """The files that the page names, those that these name, and so on."""
        seen = {self.file.resolve()}
        waiting = [(self.file, "\n".join([self.text, *(f'"{name}"' for name in self.everywhere)]))]
        while waiting and len(seen) < _MOST_FILES:
            named_in, text = waiting.pop(0)
            for match in _NAMED.finditer(text):
                name = _PART.sub("", next(filter(None, match.groups())))
                path = _file(name, (*self.folders, named_in.parent))
                if path is not None and path.resolve() not in seen:
                    seen.add(path.resolve())
                    if (read := _text(path)) is not None:
                        yield path, read
                        waiting.append((path, read))


def _plain(lines: Sequence[str]) -> list[str]:
    """Lines without what rendering changes in them: indentation, tabs, spaces at the end."""
    return [" ".join(line.split()) for line in lines]


def _file(name: str, folders: Sequence[Path]) -> Path | None:
    for folder in folders:
        path = folder / name
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            return None
    return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None

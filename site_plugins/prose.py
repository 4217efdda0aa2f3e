"""The lines of a page that are words: code of any kind is blanked, so that what stands in it is never judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from site_plugins.indentation import TAB, is_code

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)?(?P<ticks>`{3,}|~{3,})(?P<info>[^`\n]*)$")
_SPAN = re.compile(r"(?<![`\\])(?P<ticks>`+)(?!`)(?:.*?[^`])??(?P=ticks)(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_VERBATIM = re.compile(r"<(?P<tag>pre|code|script|style|textarea)\b.*?</(?P=tag)\s*>", re.DOTALL | re.IGNORECASE)
_NO_LINE_FEED = re.compile(r"[^\n]")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fence of any kind: the lines (from 0) in which it opens and ends, and what stands after its opening mark.

    ``end`` is None where it is never closed.
    """

    start: int
    end: int | None
    ticks: str
    info: str


def code_blocks(lines: Sequence[str]) -> Iterator[CodeBlock]:
    """The fences of a page, from outside: what stands in one is none."""
    number = 0
    while number < len(lines):
        opening = _FENCE.match(lines[number])
        if opening is None:
            number += 1
            continue
        ticks = opening["ticks"]
        end = next((one for one in range(number + 1, len(lines)) if _closes(lines[one], ticks)), None)
        yield CodeBlock(number, end, ticks, opening["info"].strip())
        number = len(lines) if end is None else end + 1


def prose(lines: Sequence[str], tab: int = TAB) -> list[str]:
    """The lines with spaces where code is; each stays as long as it was."""
    result = list(lines)
    for block in code_blocks(lines):
        last = len(lines) - 1 if block.end is None else block.end
        for number in range(block.start, last + 1):
            result[number] = ""
    for number, line in enumerate(result):
        if line.startswith(("    ", "\t")) and is_code(result, number, tab):
            result[number] = ""
    return _without_spans("\n".join(result)).split("\n")


def front_matter(lines: Sequence[str]) -> int:
    """How many lines a page's front matter takes."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    return next((one + 1 for one in range(1, len(lines)) if lines[one].rstrip() in {"---", "..."}), 0)


def without_code(html: str) -> str:
    """HTML with spaces where it shows code, is script or a comment; as long as it was."""
    return _COMMENT.sub(_blank, _VERBATIM.sub(_blank, html))


def _without_spans(text: str) -> str:
    """A span of code never goes on after an empty line."""
    paragraphs = re.split(r"(\n[ \t]*\n)", text)
    return _COMMENT.sub(_blank, _VERBATIM.sub(_blank, "".join(_SPAN.sub(_blank, one) for one in paragraphs)))


def _closes(line: str, ticks: str) -> bool:
    plain = line.strip(" \t>")
    return len(plain) >= len(ticks) and plain == ticks[0] * len(plain)


def _blank(match: re.Match[str]) -> str:
    return _NO_LINE_FEED.sub(" ", match[0])

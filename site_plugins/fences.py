"""Finding our fenced blocks in a page's Markdown, with the line of everything, and what they ask for.

Other fences are skipped whole, so that a block shown inside a longer fence is an example and stays
one. The indentation of a block is kept: it may stand in a list, an admonition or a tab.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from supportpolicy.reading import did_you_mean

SHOWS = ("promises", "criteria", "house-rules", "examples", "graph")
# What each block takes: its options, and for each the values (empty: anything).
KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "support-table": {"show": SHOWS, "criteria": ()},
    "support-chooser": {"form": ()},
    "support-form": {},
}
_OPEN = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*?)[ \t]*$")
_OPTION = re.compile(r"^\s*(?P<key>[a-z_-]+)\s*:\s*(?P<value>.*?)\s*$")


@dataclass(frozen=True, slots=True)
class FenceProblem:
    """What is wrong with a block: the line (from 1) and a sentence."""

    line: int
    sentence: str


@dataclass(slots=True)
class Fence:
    """One of our blocks: lines ``start`` to ``end`` (from 1, both included), its options, its problems."""

    kind: str
    indent: str
    start: int
    end: int
    options: dict[str, str] = field(default_factory=dict)
    option_lines: dict[str, int] = field(default_factory=dict)
    problems: list[FenceProblem] = field(default_factory=list)


def find_fences(lines: Sequence[str]) -> Iterator[Fence]:
    """Our blocks in these lines, in order, each with its problems."""
    number = 0
    while number < len(lines):
        opening = _OPEN.match(lines[number])
        if opening is None:
            number += 1
            continue
        end = _closing(lines, number, opening["ticks"])
        kind = opening["info"].split()[0] if opening["info"] else ""
        if kind.startswith("support-"):
            yield _read(lines, number, end, kind, opening)
        number = len(lines) if end is None else end + 1


def _closing(lines: Sequence[str], start: int, ticks: str) -> int | None:
    """The index of the line that closes a fence: the same character, at least as often, and nothing else."""
    for number in range(start + 1, len(lines)):
        plain = lines[number].strip()
        if len(plain) >= len(ticks) and plain == ticks[0] * len(plain):
            return number
    return None


def _read(lines: Sequence[str], start: int, end: int | None, kind: str, opening: re.Match[str]) -> Fence:
    last = len(lines) - 1 if end is None else end
    fence = Fence(kind, opening["indent"], start + 1, last + 1)
    if kind not in KINDS:
        fence.problems.append(FenceProblem(start + 1, f'There is no block "{kind}"{did_you_mean(kind, KINDS)}'))
        return fence
    if opening["info"] != kind:
        fence.problems.append(
            FenceProblem(start + 1, f'Put the options of "{kind}" into lines of their own, as "key: value".')
        )
    if end is None:
        fence.problems.append(
            FenceProblem(start + 1, f'The block "{kind}" is never closed; end it with {opening["ticks"]}.')
        )
        return fence
    for number in range(start + 1, end):
        if lines[number].strip():
            _option(fence, lines[number], number + 1)
    return fence


def _option(fence: Fence, line: str, number: int) -> None:
    known = KINDS[fence.kind]
    match = _OPTION.match(line)
    problem = ""
    if match is None:
        problem = f'"{line.strip()}" is not an option; write "key: value".'
    elif match["key"] not in known:
        problem = f'"{fence.kind}" has no option "{match["key"]}"{did_you_mean(match["key"], known)}'
    elif match["key"] in fence.options:
        problem = f'The option "{match["key"]}" stands twice.'
    elif not match["value"]:
        problem = f'The option "{match["key"]}" has no value.'
    elif known[match["key"]] and match["value"] not in known[match["key"]]:
        problem = f'"{match["key"]}" can\'t be "{match["value"]}"{did_you_mean(match["value"], known[match["key"]])}'
    else:
        fence.options[match["key"]] = match["value"]
        fence.option_lines[match["key"]] = number
    if problem:
        fence.problems.append(FenceProblem(number, problem))

"""Finding our fenced blocks in a page's Markdown, with the line of everything, and what they ask for.

Other fences are skipped whole, so that a block shown inside a longer fence is an example and stays
one. The indentation of a block is kept: it may stand in a list, an admonition or a tab. What was
meant for a block and would be published as code is found too, and has a problem.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache

from site_plugins.indentation import TAB, indent_problem
from site_plugins.translation import gettext as _
from supportpolicy import Policy
from supportpolicy.reading import did_you_mean

SHOWS = ("promises", "criteria", "house-rules", "examples", "graph")
# What each block takes: its options, and for each the values (empty: anything).
KINDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "support-table": {"show": SHOWS, "criteria": ()},
    "support-chooser": {"form": ()},
    "support-form": {"form": ()},
    "support-changes": {},
    "support-feedback": {},
    "support-scoreboard": {},
}
_OPEN = re.compile(r"^(?P<indent>[ \t]*)(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*?)[ \t]*$")
# Where Markdown sees no fence, though its writer does: after the mark of a list's item, and closed in the same line.
_IN_ITEM = re.compile(r"^[ \t]*(?:[-*+]|\d+[.)])[ \t]+(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]+?)[ \t]*$")
_ONE_LINE = re.compile(r"^[ \t]*(?P<ticks>`{3,}|~{3,})[ \t]*(?P<info>[^`~\n]+?)[ \t]*(?P=ticks)[ \t]*$")
_QUOTE = re.compile(r"^[ \t]*>[ \t]?")
# The nearness of "suport-table" to "support-table" (0.96), and not that of "report-table" (0.8).
_NEAR = 0.85
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


def find_fences(lines: Sequence[str], tab: int = TAB) -> Iterator[Fence]:
    """Our blocks in these lines, in order, each with its problems; ``tab`` is how far Markdown indents a level."""
    number = 0
    while number < len(lines):
        # Of most lines this says enough, and a site has a great many.
        if "```" not in lines[number] and "~~~" not in lines[number]:
            number += 1
            continue
        if _QUOTE.match(lines[number]):
            after = number
            while after < len(lines) and _QUOTE.match(lines[after]):
                after += 1
            yield from _quoted(lines[number:after], number, tab)
            number = after
            continue
        opening = _OPEN.match(lines[number])
        if opening is None:
            if misplaced := _misplaced(lines, number):
                yield misplaced
                number = misplaced.end
            else:
                number += 1
            continue
        end = _closing(lines, number, opening["ticks"])
        if kind := _kind(opening["info"]):
            fence = _read(lines, number, end, kind, opening)
            if told := indent_problem(lines, number, tab):
                fence.indent = ""
                fence.problems.insert(0, FenceProblem(number + 1, told))
            yield fence
        number = len(lines) if end is None else end + 1


@lru_cache(maxsize=1024)
def without_criteria(target: str) -> str:
    """The sentence about an option that leads to a page which doesn't show the criteria."""
    return _(
        '"criteria: %(target)s" leads to a page without the criteria; show them there by a block '
        '"support-table" with "show: criteria".',
        target=target,
    )


def form_problems(fence: Fence, policy: Policy | None) -> list[FenceProblem]:
    """A form that the policy doesn't have, where a block shows one by its name."""
    wanted = fence.options.get("form", "")
    if fence.kind != "support-form" or not wanted or policy is None or policy.form_named(wanted):
        return []
    sentence = did_you_mean(
        _('The policy has no form "%(form)s"', form=wanted), wanted, [form.id for form in policy.forms]
    )
    return [FenceProblem(fence.option_lines["form"], sentence)]


@lru_cache(maxsize=1024)
def _kind(info: str) -> str:
    """The block that an opening line asks for, as it is written there; empty where none of ours is meant."""
    braces = re.fullmatch(r"(.*?)[ \t]*\{(.*)\}", info)
    words = f"{braces[1]} {braces[2]}".split() if braces else info.split()
    if not words:
        return ""
    for name in (words[0].lstrip("."), "-".join(words[:2])):
        plain = name.casefold().replace("_", "-")
        if plain.startswith("support-") or get_close_matches(plain, KINDS, n=1, cutoff=_NEAR):
            return name if name == words[0].lstrip(".") else " ".join(words[:2])
    return ""


def _quoted(lines: Sequence[str], before: int, tab: int) -> Iterator[Fence]:
    """Blocks within a quote, where none can stand."""
    for fence in find_fences([_QUOTE.sub("", line) for line in lines], tab):
        sentence = _(
            'The block "%(kind)s" can\'t stand in a quote; take the ">" away, or put it into an admonition ("!!! '
            'note"), indented by four spaces.',
            kind=fence.kind,
        )
        start = before + fence.start
        yield Fence(fence.kind, "> ", start, before + fence.end, problems=[FenceProblem(start, sentence)])


def _misplaced(lines: Sequence[str], number: int) -> Fence | None:
    """A block that Markdown would take for words, with what to do."""
    if (found := _ONE_LINE.match(lines[number])) and (kind := _kind(found["info"])):
        sentence = _(
            'The block "%(kind)s" ends in the line in which it begins; put its end, %(ticks)s, below it.',
            kind=kind,
            ticks=found["ticks"],
        )
        return Fence(kind, "", number + 1, number + 1, problems=[FenceProblem(number + 1, sentence)])
    if (found := _IN_ITEM.match(lines[number])) and (kind := _kind(found["info"])):
        sentence = _(
            'The block "%(kind)s" begins in the line of a list\'s item; put it below the item, after an empty '
            "line, indented by four spaces.",
            kind=kind,
        )
        end = _closing(lines, number, found["ticks"])
        last = number if end is None else end
        return Fence(kind, "", number + 1, last + 1, problems=[FenceProblem(number + 1, sentence)])
    return None


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
        meant = re.sub(r"[\s_]+", "-", kind.casefold())
        sentence = did_you_mean(_('There is no block "%(kind)s"', kind=kind), meant, KINDS)
        fence.problems.append(FenceProblem(start + 1, sentence))
        return fence
    if "{" in opening["info"]:
        sentence = _(
            'Write "%(kind)s" without braces, and its options into lines of their own, as "key: value".', kind=kind
        )
        fence.problems.append(FenceProblem(start + 1, sentence))
    elif opening["info"] != kind:
        fence.problems.append(
            FenceProblem(
                start + 1, _('Put the options of "%(kind)s" into lines of their own, as "key: value".', kind=kind)
            )
        )
    if end is None:
        fence.problems.append(
            FenceProblem(
                start + 1,
                _('The block "%(kind)s" is never closed; end it with %(ticks)s.', kind=kind, ticks=opening["ticks"]),
            )
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
        problem = _('"%(line)s" is not an option; write "key: value".', line=line.strip())
    elif match["key"] not in known:
        problem = did_you_mean(
            _('"%(kind)s" has no option "%(key)s"', kind=fence.kind, key=match["key"]), match["key"], known
        )
    elif match["key"] in fence.options:
        problem = _('The option "%(key)s" stands twice.', key=match["key"])
    elif not match["value"]:
        problem = _('The option "%(key)s" has no value.', key=match["key"])
    elif known[match["key"]] and match["value"] not in known[match["key"]]:
        problem = did_you_mean(
            _('"%(key)s" can\'t be "%(value)s"', key=match["key"], value=match["value"]),
            match["value"],
            known[match["key"]],
        )
    else:
        fence.options[match["key"]] = match["value"]
        fence.option_lines[match["key"]] = number
    if problem:
        fence.problems.append(FenceProblem(number, problem))

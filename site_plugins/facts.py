"""Facts of the policy in a page's sentences: ``[[support: high.response]]`` is what it promises now."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from html import escape
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.util import AtomicString

from site_plugins.indentation import TAB
from site_plugins.prose import prose, without_code
from site_plugins.translation import gettext as _
from supportpolicy.reading import did_you_mean

# After spans of code (190), before escapes, links and raw HTML, in which a fact may stand.
FACT_PRIORITY = 185
# After the raw HTML has come back into the page (30).
LATE_PRIORITY = 5
MARK = "[["
FACT = re.compile(r"\[\[\s*support\s*:\s*(?P<name>[^\[\]\n]*?)\s*\]\]")
# What is meant for one: another word before the colon, one bracket, no colon.
_MEANT = re.compile(
    r"\[\[\s*(?P<word>\w+)\s*[:.=]?\s+(?P<name>[a-z][\w-]*\.[\w.-]+)\s*\]\]"
    r"|(?<!\[)\[\s*(?P<single>support)\s*:\s*(?P<single_name>[a-z][\w-]*\.[\w.-]+)\s*\](?![\](\[:])",
    re.IGNORECASE,
)
_NEAR = 0.7
_IN_TAG = re.compile(r"<[a-zA-Z][^<>]*$")
PROBLEM_CLASS = "support-problem"


@dataclass(frozen=True, slots=True)
class FoundFact:
    """A fact as it stands in a page: its line (from 1), how it is written, its name."""

    line: int
    written: str
    name: str


@dataclass(frozen=True, slots=True)
class FactProblem:
    """What is wrong with a fact: how it is written, its line (from 1), a sentence."""

    written: str
    line: int
    sentence: str


def find_facts(lines: Sequence[str], tab: int = TAB) -> Iterator[FoundFact]:
    """The facts in these lines, wherever they aren't code."""
    for number, line in enumerate(prose(lines, tab), start=1):
        for found in FACT.finditer(line):
            yield FoundFact(number, found[0], found["name"])


def may_have_facts(text: str) -> bool:
    """Whether a page's text has a fact, or what is meant for one; of most pages it is said without a search."""
    is_likely = MARK in text or "support" in text.lower()
    return is_likely and bool(FACT.search(text) or _MEANT.search(text))


def fact_problems(lines: Sequence[str], known: Mapping[str, str], tab: int = TAB) -> Iterator[FactProblem]:
    """Facts that the policy doesn't have, and what was meant for one but isn't written as one."""
    for number, line in enumerate(prose(lines, tab), start=1):
        for found in FACT.finditer(line):
            if found["name"] not in known:
                yield FactProblem(found[0], number, unknown(found["name"], known))
        for found in _MEANT.finditer(line):
            word, name = found["word"] or found["single"], found["name"] or found["single_name"]
            if FACT.fullmatch(found[0]) or not get_close_matches(word.casefold(), ["support"], n=1, cutoff=_NEAR):
                continue
            # A link of somebody else's is none of ours, unless it names what we have.
            if near := _nearest(name, known):
                sentence = _('Write "[[support: %(name)s]]" instead of "%(written)s".', name=near, written=found[0])
                yield FactProblem(found[0], number, sentence)


def unknown(name: str, known: Mapping[str, str]) -> str:
    """The sentence about a fact that isn't there, with the nearest that is."""
    sentence = _('There is no fact "%(name)s"', name=name)
    near = _nearest(name, known)
    if near or len(known) < 2:
        return did_you_mean(sentence, near or name, [near] if near else known)
    return _('%(sentence)s; "python -m supportpolicy facts" lists them.', sentence=sentence)


def _nearest(name: str, known: Mapping[str, str]) -> str:
    plain = name.casefold().replace("_", "-")
    if plain in known:
        return plain
    return next(iter(get_close_matches(plain, known, n=1, cutoff=0.6)), "")


@dataclass(frozen=True, slots=True)
class Problem:
    """What a preview shows where a fact should stand."""

    sentence: str


Tell = Callable[[str, str], str | Problem | None]
"""What stands for a fact, by its name and by how it is written; None where it stays as it is."""


class FactInText(InlineProcessor):
    """A fact in a sentence, a heading, a link or a picture's text becomes its words, which are never Markdown."""

    def __init__(self, md: Markdown, tell: Tell) -> None:
        super().__init__(FACT.pattern, md)
        self._tell = tell

    def handleMatch(  # type: ignore[override]  # noqa: N802 - Python-Markdown's name
        self, m: re.Match[str], data: str
    ) -> tuple[str | Element | None, int | None, int | None]:
        """The words of the fact; what isn't one says so."""
        # Within a tag it waits until the page's HTML is whole.
        if _IN_TAG.search(data, 0, m.start(0)):
            return None, None, None
        told = self._tell(m["name"], m[0])
        if told is None or isinstance(told, str):
            return told or m[0], m.start(0), m.end(0)
        mark = Element("mark", {"class": PROBLEM_CLASS})
        mark.text = AtomicString(told.sentence)
        return mark, m.start(0), m.end(0)


class FactInHtml(Postprocessor):
    """A fact in raw HTML, and in what else Python-Markdown hands on as it is written, becomes its words."""

    def __init__(self, md: Markdown, tell: Tell) -> None:
        super().__init__(md)
        self._tell = tell

    def run(self, text: str) -> str:
        """The page's HTML with the words of its facts."""
        if MARK not in text or not FACT.search(text):
            return text
        result, done = [], 0
        for found in FACT.finditer(without_code(text)):
            told = self._tell(found["name"], found[0])
            if told is not None:
                result += [text[done : found.start()], escape(told if isinstance(told, str) else told.sentence)]
                done = found.end()
        return "".join([*result, text[done:]])

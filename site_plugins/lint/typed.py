"""Promises and addresses that are typed by hand, though the policy says them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby

from site_plugins.facts import FACT
from site_plugins.lint.page import Edit, Finding, LintPage
from site_plugins.translation import gettext as _

_COUNT = r"(?:\d{1,3}|one|two|three|four|five|six|eight|twelve)"
_UNIT = (
    r"(?:(?:business |working )?(?:hours?|days?|minutes?)|Stunden?|Minuten?|(?:Arbeits|Werk)?[Tt]agen?|"
    r"heures?|minutes?|jours?(?: ouvr(?:é|able)s?)?|horas?|minutos?|días?(?: hábil(?:es)?| laborables?)?)"
)
_TIME = re.compile(rf"(?<![\w.,-]){_COUNT}(?:\s?[-–]\s?{_COUNT})? {_UNIT}(?!\w)")
# How far a priority's name may be from the time that is promised for it, in one sentence.
_NEAR = 120
_SENTENCE = re.compile(r"[.!?]\s|\n[ \t]*\n|\n[ \t]*(?:[-*+#|]|\d+\.)")
_TARGETS = ("response", "resolution")


def typed_findings(page: LintPage) -> Iterator[Finding]:
    """Times beside a priority's name, and the address of support, that a fact would say."""
    if not page.facts:
        return
    text = FACT.sub(lambda found: " " * len(found[0]), "\n".join(page.words))
    yield from _promises(page, text)
    yield from _addresses(page, text)


def _promises(page: LintPage, text: str) -> Iterator[Finding]:
    names = {name.removesuffix(".name"): words for name, words in page.facts.items() if name.endswith(".name")}
    promised = re.compile(
        "|".join(
            sorted(
                {re.escape(words) for priority in names for words in _promised(page.facts, priority).values()},
                key=len,
                reverse=True,
            )
        )
    )
    found = [one for one in promised.finditer(text) if any(map(str.isdigit, one[0]))]
    taken = [range(one.start(), one.end()) for one in found]
    found += [one for one in _TIME.finditer(text) if not any(one.start() in place for place in taken)]
    for time in sorted(found, key=re.Match.start):
        if priority := _nearest(text, time, names):
            line = page.line_at(time.start())
            yield _promise(page, line, time[0].replace("\n", " "), priority, names[priority])


def _promise(page: LintPage, line: int, words: str, priority: str, label: str) -> Finding:
    facts = _promised(page.facts, priority)
    same = [name for name, promise in facts.items() if promise == words]
    # Where response and resolution are promised alike, which of them is meant isn't sure.
    sure = len({name.split(".")[1] for name in same}) == 1
    if same:
        fact = f"[[support: {same[0]}]]"
        sentence = _(
            '"%(words)s" is typed by hand; write "%(fact)s", which follows the policy.', words=words, fact=fact
        )
        return Finding(line, sentence, Edit(line, words, fact) if sure and words in page.lines[line - 1] else None)
    sentence = _(
        '"%(words)s" is typed by hand beside "%(priority)s", but the policy promises "%(promised)s"; write '
        '"[[support: %(response)s]]", or "[[support: %(resolution)s]]" for the resolution.',
        words=words,
        priority=label,
        promised=facts[f"{priority}.response"],
        response=f"{priority}.response",
        resolution=f"{priority}.resolution",
    )
    return Finding(line, sentence)


def _promised(facts: Mapping[str, str], priority: str) -> dict[str, str]:
    """The facts that say a priority's promises, those that need the fewest words around them first."""
    names = [f"{priority}.{target}{way}" for target in _TARGETS for way in ("", ".within")]
    return {name: facts[name] for name in names if name in facts}


def _nearest(text: str, time: re.Match[str], names: Mapping[str, str]) -> str:
    """The priority whose name stands nearest to a time, in its sentence; empty where none does."""
    start = max((one.end() for one in _SENTENCE.finditer(text, 0, time.start())), default=0)
    after = _SENTENCE.search(text, time.end())
    end = len(text) if after is None else after.start() + 1
    start, end = max(start, time.start() - _NEAR), min(end, time.end() + _NEAR)
    places = [
        (min(abs(time.start() - one.end()), abs(one.start() - time.end())), priority)
        for priority, label in names.items()
        for one in re.compile(rf"(?<!\w){re.escape(label)}(?!\w)").finditer(text, start, end)
    ]
    return min(places)[1] if places else ""


def _addresses(page: LintPage, text: str) -> Iterator[Finding]:
    email = page.facts["contact.email"]
    fact = "[[support: contact.email]]"
    whole = re.compile(rf"<{re.escape(email)}>|(?<![\w.+-]){re.escape(email)}(?![\w-]|\.\w)")
    found = [(page.line_at(one.start()), one[0]) for one in whole.finditer(text)]
    for line, together in groupby(found, key=lambda one: one[0]):
        for _line, written in together:
            new = f"[{fact}](mailto:{fact})" if written.startswith("<") else fact
            sentence = _(
                '"%(words)s" is typed by hand; write "%(fact)s", which follows the policy.', words=email, fact=fact
            )
            yield Finding(line, sentence, Edit(line, written, new))

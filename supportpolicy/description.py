"""Which answers have something in common, described as shortly as can be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Answers = Mapping[str, str]
Description = Mapping[str, frozenset[str]]
"""For each named question the answers that fit; all must."""


@dataclass(frozen=True, slots=True)
class _Ask:
    """A question, and where each of its answers leads; answers that lead to the same stand together."""

    question: str
    ways: tuple[tuple[frozenset[str], _Ask | bool], ...]


def describe(wanted: Sequence[Answers], others: Sequence[Answers]) -> list[Description]:
    """Descriptions that fit all wanted answers and none of the others, few and short.

    Both together are all complete answers, as a chooser comes to them: each begins with the same question.
    """
    labelled = [*((answers, True) for answers in wanted), *((answers, False) for answers in others)]
    found = _merged([_shortened(dict(path), others) for path in _paths(_tree(labelled, 0))])
    return _needed(found, wanted)


def fits(description: Description, answers: Answers) -> bool:
    """Whether these answers are among the described ones."""
    for question, options in description.items():  # noqa: SIM110 - half the time of all(...), and it is asked most
        if answers.get(question) not in options:
            return False
    return True


def _tree(labelled: Sequence[tuple[Answers, bool]], depth: int) -> _Ask | bool:
    """The answers as a tree in which nothing is asked that makes no difference."""
    labels = {label for _answers, label in labelled}
    if len(labels) == 1:
        return labels.pop()
    question = list(labelled[0][0])[depth]
    parts: dict[str, list[tuple[Answers, bool]]] = {}
    for answers, label in labelled:
        parts.setdefault(answers[question], []).append((answers, label))
    ways: dict[_Ask | bool, set[str]] = {}
    for option, part in parts.items():
        ways.setdefault(_tree(part, depth + 1), set()).add(option)
    return _Ask(question, tuple((frozenset(options), child) for child, options in ways.items()))


def _paths(node: _Ask | bool) -> Iterator[tuple[tuple[str, frozenset[str]], ...]]:
    """The ways through the tree that lead to what is wanted."""
    if isinstance(node, bool):
        if node:
            yield ()
        return
    for options, child in node.ways:
        for path in _paths(child):
            yield ((node.question, options), *path)


def _shortened(description: Description, others: Sequence[Answers]) -> Description:
    """The description without what isn't needed to tell it from the others."""
    for question in description:
        shorter = {name: options for name, options in description.items() if name != question}
        if not any(fits(shorter, answers) for answers in others):
            description = shorter
    return description


def _merged(descriptions: Sequence[Description]) -> list[Description]:
    """Descriptions that differ in the answers to one question are one."""
    left = list(descriptions)
    while (pair := _nearly_the_same(left)) is not None:
        first, second = pair
        one, other = left[first], left.pop(second)
        left[first] = {name: one[name] | other[name] for name in one}
    return left


def _nearly_the_same(descriptions: Sequence[Description]) -> tuple[int, int] | None:
    """The places of two descriptions that ask the same, and differ in the answers to one question at most."""
    for first, one in enumerate(descriptions):
        for second in range(first + 1, len(descriptions)):
            other = descriptions[second]
            if one.keys() == other.keys() and sum(one[name] != other[name] for name in one) <= 1:
                return first, second
    return None


def _needed(descriptions: Sequence[Description], wanted: Sequence[Answers]) -> list[Description]:
    """As few of the descriptions as fit all that is wanted, those that fit most first."""
    fitting = {
        number: {place for place, one in enumerate(wanted) if fits(description, one)}
        for number, description in enumerate(descriptions)
    }
    left, chosen = set(range(len(wanted))), []
    while left:
        best = max(fitting, key=lambda number: (len(fitting[number] & left), -len(descriptions[number])))
        chosen.append(descriptions[best])
        left -= fitting.pop(best)
    return chosen

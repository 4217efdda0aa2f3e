"""A policy's texts in another language: the file beside it, which holds texts alone, each one of the policy's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from supportpolicy.languages import LANGUAGES
from supportpolicy.model import Priority
from supportpolicy.reading import Node, did_you_mean
from supportpolicy.texts import Place, Worded, texts_of
from supportpolicy.translation import gettext as _

_CODE = re.compile(r"[a-z]{2}(?:[-_][A-Za-z]+)?")
Tree = Mapping[str, "Tree | str"]


def translation_files(policy_file: Path) -> Iterator[tuple[str, Path]]:
    """Each file of texts beside a policy with the code in its name: "de" of support-policy.de.yml."""
    if not policy_file.parent.is_dir():
        return
    for path in sorted(policy_file.parent.iterdir()):
        stem, dot, code = path.stem.rpartition(".")
        if dot and stem == policy_file.stem and path.suffix == policy_file.suffix and _CODE.fullmatch(code):
            yield code, path


def language_problem(code: str, own: str) -> str:
    """What is wrong with a file of texts in this language beside a policy in its own; empty where all is well."""
    if code not in LANGUAGES:
        return _(
            'There are no texts for the language "%(code)s"; known here: %(languages)s. Rename or remove this file.',
            code=code,
            languages=", ".join(LANGUAGES),
        )
    if code == own:
        return _("The policy itself is in %(language)s; remove this file.", language=LANGUAGES[own])
    return ""


def read_translation(root: Node, policy: Worded) -> dict[Place, str]:
    """The texts by place; each that is missing, unknown or one too many is a problem of the file."""
    found: dict[Place, tuple[str, Node]] = {}
    _read(root, _tree(texts_of(policy)), (), found)
    _criteria_apart(policy.priorities, found)
    return {place: text for place, (text, _node) in found.items()}


def _tree(texts: Mapping[Place, str]) -> Tree:
    """The texts as the file has them, each below the keys of its place."""
    below: dict[str, dict[Place, str]] = {}
    for (key, *rest), text in texts.items():
        below.setdefault(key, {})[tuple(rest)] = text
    return {key: found[()] if () in found else _tree(found) for key, found in below.items()}


def _read(node: Node, wanted: Tree | str, place: Place, found: dict[Place, tuple[str, Node]]) -> None:
    if isinstance(wanted, str):
        if (text := node.text()) is not None:
            found[place] = text, node
        return
    if all(key.isdigit() for key in wanted):
        items = list(node.items())
        if items and len(items) != len(wanted):
            node.problem(
                _(
                    '"%(key)s" has other than the %(wanted)s texts of the policy: %(found)s; give each its own.',
                    key=node.key,
                    found=len(items),
                    wanted=len(wanted),
                )
            )
            return
        given = {str(number): item for number, item in enumerate(items, start=1)}
    else:
        given = node.entries()
        for name, value in given.items():
            if name not in wanted:
                sentence = did_you_mean(_('The policy has no text "%(key)s"', key=value.key), name, tuple(wanted))
                node.reader.problem(node.line_of(name) or value.line, value.key, sentence)
    for name, below in wanted.items():
        if name in given:
            _read(given[name], below, (*place, name), found)
        elif given or not place:
            key = f"{node.key}.{name}" if node.key else name
            node.problem(_('"%(key)s" is missing; translate "%(text)s".', key=key, text=_first_text(below)))


def _first_text(tree: Tree | str) -> str:
    while not isinstance(tree, str):
        tree = next(iter(tree.values()))
    return tree


def _criteria_apart(priorities: tuple[Priority, ...], found: Mapping[Place, tuple[str, Node]]) -> None:
    """No criterion stands under two priorities word for word, in any language."""
    first: dict[str, Priority] = {}
    for priority in priorities:
        for group in priority.criteria:
            for criterion in group.criteria:
                text, node = found.get(("criteria", criterion.id), ("", None))
                if node is None:
                    continue
                other = first.setdefault(" ".join(text.casefold().split()), priority)
                if other is not priority:
                    node.problem(
                        _(
                            "This criterion stands word for word under %(one)s too, so it can't tell %(one)s "
                            "from %(other)s.",
                            one=other.label,
                            other=priority.label,
                        )
                    )

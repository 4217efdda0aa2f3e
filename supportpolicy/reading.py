"""YAML with the line of everything: nodes are read by shape, and each misfit becomes a problem.

Scalars are taken as they are written, so that ``yes``, ``no`` and dates stay the words their writer
typed. Reading never stops at the first problem; a part that can't be read is None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

import yaml

from supportpolicy.languages import number
from supportpolicy.problems import Problem
from supportpolicy.reading_yaml import yaml_mistake
from supportpolicy.translation import gettext as _
from supportpolicy.yaml_nodes import compose

_NULL = "tag:yaml.org,2002:null"


@dataclass(slots=True)
class Reader:
    """Collects the problems of one file while its nodes are read."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, line: int, key: str, sentence: str) -> None:
        """Note a problem of this file."""
        self.problems.append(Problem(self.file, line, key, sentence))

    def compose(self, text: str) -> Node | None:
        """The file's root node, or None where it isn't YAML at all."""
        try:
            root = compose(text)
        except yaml.YAMLError as error:
            line, sentence = yaml_mistake(text, error)
            self.problem(line, "", sentence)
            return None
        except RecursionError:
            self.problem(
                1, "", _("The values are nested too deeply to be read. Remove levels; no policy needs so many.")
            )
            return None
        if root is None:
            self.problem(1, "", _("The file is empty; a policy needs calendar, priorities, chooser and form."))
            return None
        return Node(self, root, "")


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file and the key path under which it stands ("calendar.hours.mon")."""

    reader: Reader
    node: yaml.Node
    key: str

    @property
    def line(self) -> int:
        """The line of the value, from 1."""
        return int(self.node.start_mark.line) + 1

    def problem(self, sentence: str) -> None:
        """Note a problem here."""
        self.reader.problem(self.line, self.key, sentence)

    def child(self, node: yaml.Node, name: object) -> Node:
        """A value below this one."""
        return Node(self.reader, node, f"{self.key}.{name}" if self.key else str(name))

    def text(self) -> str | None:
        """A scalar as it is written; anything else, or nothing, is a problem."""
        if isinstance(self.node, yaml.ScalarNode) and str(self.node.value).strip():
            text = str(self.node.value).strip()
            if self.node.tag.startswith("!"):
                self.problem(
                    _(
                        'Put this text in quotes, as YAML takes its beginning for a sign: "%(tag)s %(text)s".',
                        tag=self.node.tag,
                        text=text,
                    )
                )
                return None
            if self.node.tag == _NULL:
                self.problem(
                    _('"%(text)s" stands for nothing in YAML; write a text, or put "%(text)s" in quotes.', text=text)
                )
                return None
            return text
        if isinstance(self.node, yaml.MappingNode):
            self.problem(_('"%(key)s" needs a text; put one with a colon or braces in quotes.', key=self.key))
        else:
            self.problem(_('"%(key)s" needs a text.', key=self.key))
        return None

    def number(self, least: int, most: int) -> int | None:
        """A whole number from ``least`` to ``most``."""
        text = self.text()
        if text is None:
            return None
        if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
            self.problem(
                _(
                    '"%(key)s" needs a whole number from %(least)s to %(most)s, not "%(text)s".',
                    key=self.key,
                    least=number(least),
                    most=number(most),
                    text=text,
                )
            )
            return None
        return int(text)

    def items(self) -> Iterator[Node]:
        """The entries of a list; something else is a problem and has none."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.problem(_('"%(key)s" needs a list.', key=self.key))
            return
        for index, item in enumerate(self.node.value, start=1):
            yield self.child(item, index)

    def one_or_more(self) -> Iterator[Node]:
        """The entries of a list, or the one value that stands there instead."""
        if isinstance(self.node, yaml.SequenceNode):
            yield from self.items()
        else:
            yield self

    def entries(self) -> dict[str, Node]:
        """The values of a mapping by key; a key that stands twice is a problem, and the first counts."""
        if not isinstance(self.node, yaml.MappingNode):
            self.problem(_('"%(key)s" needs keys with values, as in "key: value".', key=self.key or _("the file")))
            return {}
        found: dict[str, Node] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in self.node.value:
            name = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            line = int(key_node.start_mark.line) + 1
            if name in found:
                sentence = _(
                    '"%(name)s" stands here twice, first in line %(line)s; remove one of them.',
                    name=name,
                    line=lines[name],
                )
                self.reader.problem(line, self.child(value_node, name).key, sentence)
            else:
                found[name] = self.child(value_node, name)
                lines[name] = line
        return found

    def fields(self, required: Iterable[str], optional: Iterable[str] = ()) -> dict[str, Node]:
        """The values of a mapping with fixed keys: an unknown or a missing one is a problem."""
        if not isinstance(self.node, yaml.MappingNode):
            self.entries()
            return {}
        needed, known = tuple(required), (*required, *optional)
        entries = self.entries()
        for name, node in entries.items():
            if name not in known:
                line = self.line_of(name) or node.line
                sentence = did_you_mean(_('Unknown key "%(name)s"', name=name), name, known)
                if self.node.flow_style and node.node.value == "":
                    sentence = _(
                        'Put the text with the comma in quotes: it goes on after the comma with "%(name)s".', name=name
                    )
                self.reader.problem(line, node.key, sentence)
        for name in needed:
            if name not in entries:
                self.problem(
                    _('In "%(key)s" the key "%(name)s" is missing.', key=self.key, name=name)
                    if self.key
                    else _('The key "%(name)s" is missing.', name=name)
                )
        return {name: node for name, node in entries.items() if name in known}

    def line_of(self, name: str) -> int | None:
        """The line of a mapping's key, from 1."""
        for key_node, _value in self.node.value:
            if getattr(key_node, "value", None) == name:
                return int(key_node.start_mark.line) + 1
        return None


def did_you_mean(sentence: str, word: str, known: Iterable[str]) -> str:
    """A sentence, without its full stop, about an unknown word; with the nearest known one, or all of them."""
    choices = tuple(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return _('%(sentence)s; did you mean "%(word)s"?', sentence=sentence, word=near[0])
    if choices:
        return _("%(sentence)s; known here: %(words)s.", sentence=sentence, words=", ".join(choices))
    return f"{sentence}."

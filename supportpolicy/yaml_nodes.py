"""YAML as nodes: by libyaml, which is ten times as fast, wherever it says the same as the parser in Python.

The two differ in little, and the one in Python counts: it is everywhere, and sentences about mistakes go by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

# What libyaml takes and the other refuses, or reads in another way: tabs, marks of the encoding, tags, keys after "?",
# a file that is one folded text, and where a document begins. Anchors too: by them a short file can hold a value in
# itself, or as often as it takes years to look through.
_DIFFERS = re.compile(r"[\t\ufeff!]|^[ -]*[?|>]|^---|(?:^|[\s\[{,])&\S", re.MULTILINE)
# A file that nests deeper than any policy would end libyaml, and Python with it; the other says that it is too deep.
_MOST_NESTED = 500


def compose(text: str) -> yaml.Node | None:
    """The root node of a YAML file; None of an empty one. Raises YAMLError as the parser in Python does."""
    nested = sum(text.count(begin) for begin in ("[", "{", "- -"))
    if yaml.__with_libyaml__ and nested < _MOST_NESTED and not _DIFFERS.search(text):
        try:
            root = yaml.compose(text, Loader=yaml.CSafeLoader)
            if not any("?" in words for words in _plain_in_brackets(root)):
                return root
        except (yaml.YAMLError, UnicodeEncodeError):
            pass
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _plain_in_brackets(node: yaml.Node | None, is_within: bool = False) -> Iterator[str]:
    """The texts without quotes within [ ] or { }, in which the parser in Python takes no question mark."""
    if isinstance(node, yaml.ScalarNode):
        if is_within and not node.style:
            yield node.value
    elif isinstance(node, yaml.CollectionNode):
        for entry in node.value:
            for one in entry if isinstance(node, yaml.MappingNode) else (entry,):
                yield from _plain_in_brackets(one, is_within or bool(node.flow_style))

"""Whichever parser reads a policy file, it says the same: what stands there, in which line, and whether it is YAML."""

from __future__ import annotations

import random
from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from supportpolicy import PolicyError, loads, yaml_nodes
from supportpolicy.yaml_nodes import compose

ROOT = Path(__file__).parents[2]
FILES = ("support-policy.yml", "support-policy.de.yml")
# What a hand that slips puts into a file: YAML's own signs, and what stands on keyboards and comes by pasting.
SLIPS = [
    *"\t\n :-[]{},'\"#&*!|>%@`?\\=~.é",
    *("\r\n", "\x85", "\u2028", "\ufeff", "\x07", "\x7f", "😀", "---", "...", "? ", "<<", "- ", "  ", "null", "yes"),
    *('"\\x"', "!!str ", "&a ", "*a", "|\n", ">-\n", "%YAML 1.2\n", "# c", "''"),
]


def told(node: yaml.Node | None) -> object:
    """What is read of a node: its kind, its line, whether it stands in brackets, its content."""
    if node is None:
        return None
    about = (type(node), node.tag, node.start_mark.line, bool(getattr(node, "flow_style", False)))
    if isinstance(node, yaml.ScalarNode):
        return (*about, node.value)
    if isinstance(node, yaml.MappingNode):
        return (*about, [(told(key), told(value)) for key, value in node.value])
    return (*about, [told(one) for one in node.value])


def read(text: str) -> object:
    try:
        return told(compose(text))
    except yaml.YAMLError as error:
        return type(error), str(error)


def read_plainly(text: str) -> object:
    try:
        return told(yaml.compose(text, Loader=yaml.SafeLoader))
    except yaml.YAMLError as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", FILES)
def test_our_own_files_are_read_by_the_fast_parser(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / name).read_text("utf-8")
    expected = read_plainly(text)
    monkeypatch.delattr(yaml_nodes.yaml, "SafeLoader")
    assert read(text) == expected


def test_a_file_with_slips_is_read_alike_by_both() -> None:
    chance = random.Random(20261130)  # noqa: S311 - the same slips each time
    lines = (ROOT / FILES[0]).read_text("utf-8").split("\n")
    accepted = 0
    for _ in range(3_000):
        start = chance.randrange(len(lines) - 6)
        text = dedent("\n".join(lines[start : start + chance.randrange(2, 7)]))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            place = chance.randrange(len(text) + 1)
            gone = chance.choice((0, 0, 0, 1, 2))
            text = text[:place] + chance.choice([*SLIPS, ""]) + text[place + gone :]
        found = read(text)
        assert found == read_plainly(text), text
        accepted += not isinstance(found, tuple) or not isinstance(found[0], type) or issubclass(found[0], yaml.Node)
    assert 500 < accepted < 2_500


@pytest.mark.parametrize(
    "text",
    [
        "key:\tvalue",
        "- {title: Is it down?}",
        "- {title: Is it down?, hint: it is}",
        "- {title: Is it\n  down?\n  }",
        "- [is it, down?]",
        "\ufeffkey: value\n\ufeffkey: value",
        "key: !\n",
        "? key\n: value",
        "- ? key",
        "list:\n?   - key: value",
        "># folded",
        "key: \ud800",
        "---\n# nothing",
    ],
)
def test_where_the_parsers_differ_that_in_python_counts(text: str) -> None:
    assert read(text) == read_plainly(text)


def test_without_libyaml_all_is_read_as_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / FILES[0]).read_text("utf-8")
    expected = read(text)
    monkeypatch.setattr(yaml_nodes.yaml, "__with_libyaml__", False)
    monkeypatch.delattr(yaml_nodes.yaml, "CSafeLoader")
    assert read(text) == expected


@pytest.mark.parametrize("text", ["[" * 200_000, "{" * 200_000, "- " * 200_000, "a: [" * 50_000])
def test_a_file_too_deep_for_any_parser_is_a_mistake_with_a_sentence(text: str) -> None:
    with pytest.raises(PolicyError) as refused:
        loads(text)
    assert [problem.line for problem in refused.value.problems] == [1]


def test_a_value_that_holds_itself_is_read_as_the_parser_in_python_reads_it() -> None:
    node = compose("a: &a [*a, b]\n")
    assert isinstance(node, yaml.MappingNode)
    assert node.value[0][1].value[0] is node.value[0][1]


def test_values_that_are_named_again_and_again_are_looked_at_once() -> None:
    """Sixty lines that name each other four times over: looking through all that they say would never end."""
    lines = [f"b{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 4)}]" for number in range(1, 60)]
    node = compose("\n".join(["a: &a0 [x, x]", *lines]))
    assert isinstance(node, yaml.MappingNode)
    assert len(node.value) == 60

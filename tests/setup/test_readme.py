"""The README and the handbook: every setting and every command in them is real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from formapp.cli.main import main
from formapp.setting_names import PREFIX
from formapp.settings import NAMES
from tests.commands import commands_in
from tests.documents import commands

ROOT = Path(__file__).parents[2]
HANDBOOK = "docs/handbook"
PAGES = (
    "README.md",
    f"{HANDBOOK}/index.md",
    f"{HANDBOOK}/for-writers.md",
    f"{HANDBOOK}/for-operators.md",
    f"{HANDBOOK}/hosts.md",
)


def test_the_page_of_settings_has_every_setting_and_no_other() -> None:
    page = (ROOT / HANDBOOK / "reference/settings.md").read_text("utf-8")
    assert sorted(re.findall(rf"^## {PREFIX}([A-Z_]+)$", page, re.MULTILINE)) == sorted(NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_its_settings_exist(page: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)", (ROOT / page).read_text("utf-8")))
    assert named <= set(NAMES)


@pytest.mark.parametrize("page", PAGES)
def test_its_commands_of_the_desk_exist_and_take_what_they_are_given(page: str) -> None:
    """With --help each says what it takes; the options that the page gives it are among that."""
    text = (ROOT / page).read_text("utf-8")
    told = [line.removeprefix("formapp ") for line in commands(text) if line.startswith("formapp ")]
    told += re.findall(r"`formapp ([a-z][^`\n]*)", text)
    assert told
    for line in told:
        words = shlex.split(line)
        named = [word for word in words if re.fullmatch("[a-z-]+", word) and not word.startswith("-")]
        options = [word for word in words if word.startswith("--") and word != "--help"]
        answer = CliRunner().invoke(main, [*path_of(named), "--help"])
        assert answer.exit_code == 0, f"formapp {line}: {answer.output}"
        for option in options:
            assert option in answer.output, f"formapp {line}: {answer.output}"


def path_of(words: list[str]) -> list[str]:
    """The words that name a command: those after it are what it is given."""
    command: click.Command = main
    path: list[str] = []
    for word in words:
        if not isinstance(command, click.Group):
            break
        children = commands_in(command)
        assert word in children, f"there is no command formapp {' '.join([*path, word])}"
        command = children[word]
        path.append(word)
    return path

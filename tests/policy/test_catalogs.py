"""The catalogues of all rooms: nothing that is said is missing in one, and what is compiled is what was written."""

from __future__ import annotations

import ast
import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po

from supportpolicy.languages import LANGUAGES, SOURCE_LANGUAGE
from tests.builders import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text("utf-8")
ROOMS = re.findall(r"^ROOMS_WITH_MESSAGES := (.*)$", MAKEFILE, re.MULTILINE)[0].split()
OTHERS = [language for language in LANGUAGES if language != SOURCE_LANGUAGE]
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")
# Plural forms may say the number in words ("two days" is one word in Arabic), and names a sentence may leave out.
NUMBER = {"%(count)s", "{count}"}


@cache
def catalog(room: str, language: str) -> Catalog:
    with (REPOSITORY / room / "locale" / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def messages(found: Catalog) -> Iterator[Message]:
    return (message for message in found if message.id)


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


def test_the_makefile_makes_the_languages_that_we_speak() -> None:
    assert re.findall(r"^LANGUAGES := (.*)$", MAKEFILE, re.MULTILINE)[0].split() == OTHERS


@pytest.mark.parametrize("room", ROOMS)
def test_what_is_said_stands_in_each_catalogue_and_nothing_else_does(room: str, tmp_path: Path) -> None:
    keywords = shlex.split(re.findall(r"^KEYWORDS := (.*)$", MAKEFILE, re.MULTILINE)[0])
    collected = tmp_path / "messages.pot"
    command = ["-m", "babel.messages.frontend", "-q", "extract", "-F", "babel.cfg", *keywords, "--no-default-keywords"]
    subprocess.run([sys.executable, *command, "-o", str(collected), room], cwd=REPOSITORY, check=True)
    with collected.open("rb") as file:
        wanted = {(message.context, message.id) for message in messages(read_po(file))}
    for language in OTHERS:
        found = {(message.context, message.id) for message in messages(catalog(room, language))}
        assert wanted == found, f"{language}: run make translations"


@pytest.mark.parametrize("room", ROOMS)
def test_nothing_is_said_within_an_f_string_where_no_collector_sees_it(room: str) -> None:
    for path in (REPOSITORY / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.JoinedStr):
                continue
            called = {
                one.func.id for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
            }
            assert not called & {"_", "gettext", "ngettext", "pgettext", "gettext_noop"}, f"{path}:{node.lineno}"


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_a_catalogue_has_no_gap(room: str, language: str) -> None:
    found = catalog(room, language)
    for message in messages(found):
        said = forms(message.string)
        assert all(said), message.id
        assert not message.fuzzy, message.id
        assert len(said) == (found.num_plurals if isinstance(message.id, tuple) else 1), message.id
        wanted = set(PLACEHOLDER.findall(forms(message.id)[-1]))
        for one in said:
            assert wanted - NUMBER <= set(PLACEHOLDER.findall(one)) <= wanted, message.id


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("room", ROOMS)
def test_what_is_compiled_is_what_was_written(room: str, language: str) -> None:
    written = io.BytesIO()
    write_mo(written, catalog(room, language))
    file = REPOSITORY / room / "locale" / language / "LC_MESSAGES" / "messages.mo"
    assert said_by(file.read_bytes()) == said_by(written.getvalue()), "run make translations"


def said_by(compiled: bytes) -> dict[tuple[tuple[str, ...], str | None], Any]:
    """The messages of a compiled catalogue; its head names the release that compiled it."""
    return {(forms(message.id), message.context): message.string for message in messages(read_mo(io.BytesIO(compiled)))}

"""The handbook's page on the security standard names tests that are there, for each section of the standard once."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.builders import REPOSITORY

PAGE = (REPOSITORY / "docs/handbook/security-standard.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if re.match(r"\| V\d", line)
]
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


@pytest.mark.parametrize("path", NAMED)
def test_each_named_test_exists_and_tests_something(path: str) -> None:
    tree = ast.parse((REPOSITORY / path).read_text("utf-8"))
    assert [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]


def test_each_line_has_its_test_or_its_reason() -> None:
    assert len(ROWS) > 50
    for row in ROWS:
        assert (re.findall(r"`tests/", row[2]) and len(row) == 4) or (len(row) == 3 and row[2].endswith(".")), row


def test_each_section_has_one_line_and_each_chapter_one_at_least() -> None:
    sections = [section for row in ROWS for section in row[0].split(", ")]
    assert len(set(sections)) == len(sections)
    assert {int(section[1:].partition(".")[0]) for section in sections} == set(range(1, 18))


def test_no_path_outside_of_the_tests_is_named() -> None:
    assert all(Path(path).parts[0] == "tests" and path.endswith(".py") for path in NAMED)

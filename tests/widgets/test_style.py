"""Our style sheets hold for any theme and any direction of writing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders import REPOSITORY

FOLDERS = ("formapp/widgets/assets", "formapp/web/static", "docs/stylesheets")
SHEETS = sorted(path for folder in FOLDERS for path in (REPOSITORY / folder).glob("*.css"))
# Where the theme's own properties are taken over; everywhere else ours are used.
TAKES_OVER = {"support-colours.css", "support-closures.css", "guide.css"}
SIDE = re.compile(r"(^|-)(left|right)(-|$)")
CORNERS = re.compile(r"border-(top|bottom)-(left|right)-radius")
# What four values give to four sides, the second and the fourth to right and left.
FOUR_SIDES = {"margin", "padding", "inset", "border-width", "border-style", "border-color", "scroll-margin"}


def declarations(text: str) -> Iterator[tuple[str, str]]:
    """The properties of a style sheet with their values."""
    plain = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    for name, value in re.findall(r"([a-z-]+)\s*:\s*([^;{}]+)[;}]", plain):
        yield name, value.strip()


def of_one_direction(name: str, value: str) -> bool:
    """Whether a declaration speaks of left and right instead of start and end."""
    words = value.removesuffix("!important").split()
    if name.startswith("--"):
        return False
    if SIDE.search(name) or CORNERS.fullmatch(name):
        return True
    if name in {"text-align", "float", "clear", "caption-side"} and {"left", "right"} & set(words):
        return True
    return name in FOUR_SIDES and len(words) == 4 and words[1] != words[3]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_style_speaks_of_left_and_right(sheet: Path) -> None:
    found = [
        f"{name}: {value}" for name, value in declarations(sheet.read_text("utf-8")) if of_one_direction(name, value)
    ]
    assert found == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_the_theme_s_properties_are_taken_over_in_one_place(sheet: Path) -> None:
    themes = re.findall(r"var\(--(?!support-|mark\b)[\w-]+", sheet.read_text("utf-8"))
    assert not themes or sheet.name in TAKES_OVER


def test_each_property_of_ours_that_is_used_has_a_value() -> None:
    everything = "".join(path.read_text("utf-8") for path in SHEETS)
    used = set(re.findall(r"var\((--(?:support-)?[\w-]+)", everything))
    named = set(re.findall(r"^\s*(--support-[\w-]+):", everything, re.MULTILINE))
    assert {name for name in used if name.startswith("--support-")} == named


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("a { margin-left: 0 }", True),
        ("a { border-left-color: red; }", True),
        ("a { right: 0; }", True),
        ("a { text-align: right; }", True),
        ("a { padding: 0 1em 0 0 !important; }", True),
        ("a { border-top-left-radius: 1px; }", True),
        ("a { padding: 0 1em 2em; margin-inline-start: 1em; inset: 0 1em 0 1em; text-align: start; }", False),
        ("/* left: 0; */ a { --left: 0; }", False),
    ],
)
def test_left_and_right_are_found(style: str, expected: bool) -> None:
    assert any(of_one_direction(name, value) for name, value in declarations(style)) is expected

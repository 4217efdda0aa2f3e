"""The handbook's page of what our plugin works with, from the rows that the tests of the matrix write."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from site_plugins.reference.markdown import head

ROWS = Path(__file__).parents[2] / "tests" / "matrix" / "results.json"


@dataclass(frozen=True, slots=True)
class Row:
    """A plugin, theme or tool of others, the version that was tried, and what held in its site."""

    name: str
    package: str
    version: str
    strict: bool
    same: bool
    browser: bool
    blocks: bool


def read_rows() -> list[Row]:
    """The rows, in the page's order."""
    return [Row(**row) for row in json.loads(ROWS.read_text("utf-8"))]


def works_with_page(rows: Sequence[Row]) -> str:
    """The page with a line for each row."""
    lines = [
        head(
            "Works with",
            "The plugins, themes and tools of others that the support plugin was tried with, and what held.",
            "the results of the tests",
        ).replace("make reference", "make matrix"),
        "Each line is a small site that uses what real sites use. It is built twice, with our plugin and without, and",
        "opened in a browser. Four things are looked at:",
        "",
        "- **Builds**: a strict build has no warning.",
        "- **Other pages**: each page without one of our blocks is byte for byte the page without our plugin.",
        "- **Browser**: no page has an error or asks for a file that isn't there, unless it does so without us, too.",
        "- **Blocks**: the table has its style, the chooser leads to its result, and the form knows its page.",
        "",
        "| Together with | Tried | Builds | Other pages | Browser | Blocks |",
        "| --- | --- | --- | --- | --- | --- |",
        *(_line(row) for row in rows),
        "",
        "ProperDocs makes the same pages as MkDocs, but for the line that names it. Plugins of MkDocs don't run in",
        "Zensical; [For writers](for-writers.md#in-zensical) tells how to use our blocks there.",
        "",
        "`make matrix` tries them all and writes this page. Some lines are tried with every change, all of them each",
        "night.",
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row) -> str:
    marks = " | ".join("yes" if held else "**no**" for held in (row.strict, row.same, row.browser, row.blocks))
    return f"| {row.name} | {row.package} {row.version} | {marks} |"

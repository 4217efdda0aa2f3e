"""What the written pages share: their head, and tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def head(title: str, description: str, source: str) -> str:
    """The front matter and title of a page that is written from this source."""
    return (
        f"---\ntitle: {title}\ndescription: {description}\nsearch:\n  exclude: true\n---\n\n"
        f"<!-- Written by make reference from {source}. Change it there. -->\n\n# {title}\n"
    )


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown; a bar within a cell stays a bar."""
    lines = [headings, ["---"] * len(headings), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)

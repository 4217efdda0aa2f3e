"""What the written pages share: their head."""

from __future__ import annotations


def head(title: str, description: str, source: str) -> str:
    """The front matter and title of a page that is written from this source."""
    return (
        f"---\ntitle: {title}\ndescription: {description}\npage_help: false\nsearch:\n  exclude: true\n---\n\n"
        f"<!-- Written by make reference from {source}. Change it there. -->\n\n# {title}\n"
    )

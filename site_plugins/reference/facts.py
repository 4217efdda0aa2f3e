"""The handbook's page of the facts that writers can name, with the words that they have now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from site_plugins.lint.page import IGNORE_PAGE
from site_plugins.reference.markdown import head

# What a section says of its facts; any other is a priority's.
_ABOUT = {
    "calendar": "When support is open.",
    "contact": "Where people can always write to.",
    "form": "What the ticket form takes. Lengths of texts are in characters.",
}


def facts_page(known: Mapping[str, str]) -> str:
    """The page: each fact as it is written, and what readers see for it now."""
    sections = groupby(known, key=lambda name: name.partition(".")[0])
    return (
        head("Facts", "Every fact of the policy that a page can name, and what readers see now.", "support-policy.yml")
        + f"\n{IGNORE_PAGE}\n"
        "\nWrite a fact into a sentence, and readers see what the policy says. "
        "[For writers](../for-writers.md#facts-in-sentences) tells where a fact may stand.\n"
        + "".join(_section(part, names, known) for part, names in sections)
    )


def _section(part: str, names: Iterable[str], known: Mapping[str, str]) -> str:
    rows = "".join(f"| `[[support: {name}]]` | {known[name]} |\n" for name in names)
    about = f"\n{_ABOUT[part]}\n" if part in _ABOUT else ""
    return f"\n## {part}\n{about}\n| You write | Readers see |\n| --- | --- |\n{rows}"

"""What a reader had before them when they asked for help: the page, its section, and pages that were suggested.

It comes from an address that anybody can write. So it is bounded, and a page is a path of our own or nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

from formapp.errors import TextRefused
from formapp.text import is_blank, normalise_line

MOST_PAGES = 5
# The text of a hidden field; no page of ours writes a longer one.
_LONGEST = 8000
_LONGEST_PATH = 500
# What is a text, and how much of it is kept.
_TEXTS = {"title": 200, "section": 200, "version": 50}
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%-]*")
_PATH_WITH_ANCHOR = re.compile(rf"{_PATH.pattern}(?:#[A-Za-z0-9_.~%:-]*)?")


def written_from_in(query: str) -> dict[str, str]:
    """What the form's hidden field says of the page, as it is stored; nothing where it names no page of ours.

    ``page`` is a path with the section's anchor, ``title`` and ``section`` are words, ``version`` is that of the
    documentation, ``missing`` the path of a page that isn't there.
    """
    return clean_written_from(dict(_pairs(query)))


def clean_written_from(fields: Mapping[str, str]) -> dict[str, str]:
    """What is known of these fields, within bounds; nothing of what can't be so."""
    if not fields:
        return {}
    places = {"page": _path(fields.get("page", "")), "missing": _path(fields.get("missing", "")).partition("#")[0]}
    if not any(places.values()):
        return {}
    texts = {name: _text(fields.get(name, ""), most) for name, most in _TEXTS.items()}
    return {name: said for name, said in {**places, **texts}.items() if said}


def pages_in(query: str) -> dict[str, str]:
    """The suggested pages of the form's hidden field, titles by path, in their order."""
    return clean_pages(_pairs(query))


def clean_pages(pages: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The first of these pages whose path is one of ours, titles by path."""
    clean = {_path(path).partition("#")[0]: _text(title, _TEXTS["title"]) for path, title in pages}
    return dict([(path, title or path) for path, title in clean.items() if path][:MOST_PAGES])


def _pairs(query: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(query[:_LONGEST], max_num_fields=50)
    except ValueError:
        return []


def _path(written: str) -> str:
    return written if len(written) <= _LONGEST_PATH and _PATH_WITH_ANCHOR.fullmatch(written) else ""


def _text(written: str, most: int) -> str:
    try:
        text = normalise_line(written[:most], most, "")
    except TextRefused:
        return ""
    return "" if is_blank(text) else text

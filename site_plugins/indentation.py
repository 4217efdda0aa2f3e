"""Whether a block is indented as far as the list or admonition needs in which its writer sees it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from site_plugins.translation import gettext as _
from site_plugins.translation import ngettext

TAB = 4
"""How far Python-Markdown indents a level, unless a site says otherwise."""
# What holds the indented lines below it: items of lists, admonitions, foldable boxes, tabs, footnotes, definitions.
_ITEM = r"(?:[-*+]|(?:\d+|[a-zA-Z]|[ivxlcdm]+|#)[.)])\s"
_HOLDS = re.compile(rf"\s*(?:{_ITEM}|!!!\s|\?\?\?\+?\s|===[!+]?\s|\[\^[^\]]+\]:|:\s)")
_HTML = re.compile(r"\s*</?\w")


def indent_problem(lines: Sequence[str], number: int, tab: int) -> str:
    """What to do about the indentation of the block in this line (from 0); empty where it is right."""
    indent = _width(lines[number], tab)
    if not indent:
        return ""
    holder = _holder(lines, number, indent, tab)
    if holder is None:
        return ""
    if holder < 0:
        return (
            _(
                "This block is indented, but stands in no list or admonition, so that it would be shown as code. "
                "Take the "
                "spaces before it away; to show it as an example, put it between two lines of four backticks."
            )
            if indent >= tab
            else ""
        )
    needed = (holder // tab + 1) * tab
    if indent == needed:
        return ""
    return _(
        "This block is indented by %(indent)s; to stand in the list or box above it, indent all its lines by "
        "%(needed)s.",
        indent=_spaces(indent),
        needed=_spaces(needed),
    )


def is_code(lines: Sequence[str], number: int, tab: int) -> bool:
    """Whether the line (from 0) is so far indented, with nothing that holds it, that it is shown as code."""
    indent = _width(lines[number], tab)
    goes_on = number > 0 and bool(lines[number - 1].strip()) and _width(lines[number - 1], tab) < tab
    holder = _holder(lines, number, indent, tab) if indent >= tab and not goes_on else None
    if holder is None:
        return False
    return holder < 0 or indent >= (holder // tab + 2) * tab


def _holder(lines: Sequence[str], number: int, indent: int, tab: int) -> int | None:
    """How far the line is indented that holds what is indented so far: -1 where nothing does, None where HTML does."""
    limit = indent
    for place in range(number - 1, -1, -1):
        line = lines[place]
        width = _width(line, tab)
        if not line.strip() or width >= limit:
            continue
        if _HOLDS.match(line):
            return width
        if _HTML.match(line):
            return None
        if width == 0:
            return _item_above(lines, place, tab)
        limit = width
    return -1


def _item_above(lines: Sequence[str], place: int, tab: int) -> int:
    """The indentation of the item whose paragraph goes on in this line; -1 where it is a paragraph of its own."""
    while place >= 0 and lines[place].strip():
        if _HOLDS.match(lines[place]):
            return _width(lines[place], tab)
        place -= 1
    return -1


def _width(line: str, tab: int) -> int:
    expanded = line.expandtabs(tab)
    return len(expanded) - len(expanded.lstrip(" "))


def _spaces(count: int) -> str:
    return ngettext("%(count)s space", "%(count)s spaces", count)

"""Links for help in finished pages: one at the end of a page, and one after each heading that divides it.

Put in last, so that neither a search index nor a table of contents has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any, Protocol
from urllib.parse import quote

from formapp.widgets import Asset, help_assets
from formapp.widgets.page_frame import Edit, edited, elements_of, is_plain_at
from formapp.widgets.page_help import render_missing_page_help, render_page_help, render_section_help
from site_plugins.page_assets import main_end

_HEADING = re.compile(r'<(h[23])\b[^>]*?\sid="(?P<id>[^"]+)"[^>]*>.*?</\1\s*>', re.DOTALL)
_SCRIPTED = ("<support-suggest", "<support-missing")

# What a link says of its page (path, title, section, version), and the address that it leads to.
Told = Mapping[str, str]
Address = Callable[[Told], str]


class TocRow(Protocol):
    """A heading of a page, as MkDocs has it in its table of contents."""

    id: str
    title: str
    children: list[Any]


def told_of(path: str = "", title: str = "") -> Told:
    """What the links of a page say of it, with the version of the documentation as mike names it, if it does."""
    return {"page": path, "title": unescape(title), "version": os.environ.get("MIKE_DOCS_VERSION", "")}


def first_form(pages: Mapping[str, str], order: Sequence[str], language: str) -> str:
    """Of pages with a form, each with its language, the first of this language, or of any; empty where there is none.

    ``order`` is that of the navigation, which a page needn't be in.
    """
    places = {name: place for place, name in enumerate(order)}
    return min(pages, key=lambda name: (pages[name] != language, places.get(name, len(places))), default="")


def suggesting_script() -> str:
    """The name of the script that suggests pages, which lies beside the others."""
    return next(asset.hashed_name for asset in help_assets() if asset.name == "support-suggest.js")


def with_page_help(page: str, content: str, told: Told, toc: Iterable[TocRow], address: Address) -> str:
    """A finished page, which has this content in it, with its links, also at the headings of its contents."""
    sections = dict(_titles(toc))
    start = page.find(content) if content else -1
    # A theme may change what it shows.
    start, end = (start, start + len(content)) if start >= 0 else (0, _content_end(page))
    edits: list[Edit] = [(end, end, f"\n{render_page_help(address(told))}\n")]
    for heading in _HEADING.finditer(page, start, end):
        name = unescape(heading["id"])
        if name in sections and is_plain_at(page, heading.start()):
            place = {"page": f"{told['page']}#{quote(name)}", "section": sections[name]}
            link = render_section_help(address({**told, **place}), sections[name])
            edits.append((heading.end(), heading.end(), f"\n{link}"))
    return edited(page, edits)


def with_missing_page_help(page: str, url: str) -> str:
    """The theme's page for addresses that aren't there, with its link at the end of what its heading stands in."""
    elements = elements_of(page)
    heading = next((one for one in reversed(elements) if one.tag == "h1"), None)
    around = [one for one in elements if heading and one.inside <= heading.start and heading.after <= one.end]
    end = around[-1].end if around else main_end(page)
    return edited(page, [(end, end, f"{render_missing_page_help(url)}\n")])


def page_help_assets(page: str) -> Iterable[Asset]:
    """What a page with such links needs, and one with a form to which they lead."""
    style, script, _suggesting = help_assets()
    return (style, script) if any(name in page for name in _SCRIPTED) else (style,)


def _titles(toc: Iterable[TocRow]) -> Iterator[tuple[str, str]]:
    for row in toc:
        yield row.id, unescape(row.title)
        yield from _titles(row.children)


def _content_end(page: str) -> int:
    end = page.rfind("</article>")
    return end if end >= 0 and is_plain_at(page, end) else main_end(page)

"""Script and style of our blocks, put into the pages that need them and into no other.

Found and placed by parsing, so that it makes no difference which theme or plugin made the page.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from formapp.widgets import Asset, assets
from formapp.widgets.page_frame import Edit, Element, edited, elements_of, is_plain_at

_ASSET = re.compile(r"(^|/)support-[a-z]+\.[0-9a-f]{8}\.(css|js)$")
_LINK = re.compile(r"<link\b[^>]*>")
_HEAD_END, _MAIN_END = "</head>", "</main>"
_TAGS = frozenset({"support-chooser", "support-form", "support-feedback", "support-scoreboard"})
# Blocks whose script and style come only with them.
_RARE = frozenset({"support-feedback", "support-scoreboard"})
_CLASSES = frozenset(
    {
        "support-table",
        "support-criteria",
        "support-rules",
        "support-graph",
        "support-changes",
        "support-picture",
        "support-problem",
    }
)


def may_have_blocks(page: str) -> bool:
    """Whether anything of ours is named in this page, or in a word of it; most pages have nothing of the kind."""
    return "support-" in page


def has_blocks(page: str) -> bool:
    """Whether one of our blocks stands in this page, however it came there."""
    # Most pages have nothing that looks like one, and needn't be parsed.
    return (
        may_have_blocks(page)
        and any(name in page for name in _TAGS | _CLASSES)
        and any(_is_block(element) for element in elements_of(page))
    )


def block_assets(page: str) -> tuple[Asset, ...]:
    """What a page with blocks needs: not what belongs to blocks that only some pages have."""
    without = {name for name in _RARE if f"<{name}" not in page}
    return tuple(asset for asset in assets() if asset.name.partition(".")[0] not in without)


def closure_assets() -> tuple[Asset, ...]:
    """What a page needs that announces closures and has no block."""
    return tuple(asset for asset in assets() if asset.name.startswith("support-closures."))


def with_assets(page: str, wanted: Iterable[Asset], folder: str, own_styles: Collection[str] = ()) -> str:
    """The page with these assets, which lie at this address.

    Styles stand in the head, before the first of the site's own, which then override ours. Scripts stand at the
    end of the main part: a theme that exchanges the parts of a page runs the scripts that come with them.
    """
    styles = scripts = ""
    for asset in wanted:
        if asset.media_type == "text/css":
            styles += f'<link rel="stylesheet" href="{folder}{asset.hashed_name}">\n'
        else:
            scripts += f'<script type="module" src="{folder}{asset.hashed_name}"></script>\n'
    style_place, script_place = _style_place(page, own_styles), main_end(page)
    edits: list[Edit] = [(style_place, style_place, styles), (script_place, script_place, scripts)]
    return edited(page, edits)


def without_assets(page: str) -> str:
    """The page without our assets, of whatever version, as it was before ``with_assets``."""
    edits: list[Edit] = []
    for element in elements_of(page):
        address = element.attributes.get("href" if element.tag == "link" else "src", "")
        if element.tag in {"link", "script"} and _ASSET.search(address):
            edits.append((element.start, element.after + page.startswith("\n", element.after), ""))
    return edited(page, edits)


def _is_block(element: Element) -> bool:
    return element.tag in _TAGS or not _CLASSES.isdisjoint(element.attributes.get("class", "").split())


def _style_place(page: str, own_styles: Collection[str]) -> int:
    # Where a head ends as most do, its links alone are parsed: a page has thousands of elements, a site as many pages.
    end = page.find(_HEAD_END)
    if end >= 0 and is_plain_at(page, end):
        links = _LINK.finditer(page, 0, end) if own_styles else ()
        return next((one.start() for one in links if _is_own(elements_of(one[0])[0], own_styles)), end)
    elements = elements_of(page)
    for element in elements:
        if _is_own(element, own_styles):
            return element.start
    head = next((element.end for element in elements if element.tag == "head" and element.is_closed), None)
    # The end of a head, and a body as a whole, need no tags.
    body = next((element.start for element in elements if element.tag == "body"), len(page))
    return body if head is None else head


def _is_own(element: Element, own_styles: Collection[str]) -> bool:
    is_style = element.tag == "link" and "stylesheet" in element.attributes.get("rel", "").lower().split()
    return is_style and element.attributes.get("href") in own_styles


def main_end(page: str) -> int:
    """Where the main part of a page ends."""
    end = page.find(_MAIN_END)
    if end >= 0 and page.find(_MAIN_END, end + 1) < 0 and is_plain_at(page, end):
        return end
    elements = elements_of(page)
    main = (one for one in elements if one.tag == "main" or one.attributes.get("role") == "main")
    body = (one for one in elements if one.tag == "body")
    return next((one.end for one in (*main, *body) if one.is_closed), len(page))

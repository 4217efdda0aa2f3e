"""The page that the desk fills: the theme's own layout with two marks and absolute addresses.

It is made apart from the site's pages: no other plugin, no navigation, search or sitemap meets it.
"""

from __future__ import annotations

import json
from html import escape
from urllib.parse import urljoin, urlsplit

from formapp.widgets.page_frame import CONTENT, TITLE, BrokenFrame, Edit, Element, edited, elements_of, places_among

# The page of the theme that the frame is made of. Nobody writes this file: its name gives the page an address.
SOURCE = "support-shell.md"
CONTENT_HTML = f"{CONTENT}\n"
META: dict[str, object] = {"title": TITLE, "hide": ["toc", "feedback", "path"], "search": {"exclude": True}}

_ADDRESSES = ("href", "src", "action")
_NEIGHBOURS = frozenset({"canonical", "prev", "next"})


def make_shell(page: str, page_url: str, *, keeps_instant: bool) -> str:
    """The frame of a rendered page. ``page_url`` is its path on the server ("/guide/support-shell/").

    ``keeps_instant``: whether a page of the guide that is opened from the desk may stay in the desk's document,
    and so under the desk's Content-Security-Policy. Raises BrokenFrame where the page has no place for what the desk
    fills in.
    """
    # Parsed once: it names every page of the site. What is edited leaves the places as they are.
    elements = elements_of(page)
    places_among(elements, page)
    edits = [edit for element in elements if (edit := _edit(element, page_url, keeps_instant)) is not None]
    return edited(page, edits)


def frame_of(page: str) -> str:
    """A finished page of the theme with the desk's marks instead of its title and its content.

    Raises BrokenFrame where it has no title or no main part.
    """
    elements = elements_of(page)
    title = next((one for one in elements if one.tag == "title" and one.is_closed), None)
    mains = [one for one in elements if (one.tag == "main" or one.attributes.get("role") == "main") and one.is_closed]
    articles = [one for one in elements if one.tag == "article" and mains and mains[0].start < one.start < mains[0].end]
    content = next(iter([*articles, *mains]), None)
    if title is None or content is None:
        raise BrokenFrame(f"its page has no {'title' if title is None else 'main part'}")
    names = f"{TITLE} - {title.content.strip()}"
    return edited(page, [(title.inside, title.end, names), (content.inside, content.end, CONTENT_HTML)])


def _edit(element: Element, page_url: str, keeps_instant: bool) -> Edit | None:
    """What becomes of an element of the page; None where it stays."""
    if element.tag == "link" and _NEIGHBOURS.intersection(element.attributes.get("rel", "").split()):
        return element.start, element.inside, ""
    # The theme makes a heading of the title where a page has none; the desk's pages bring their own.
    if element.tag == "h1" and TITLE in element.content:
        return element.start, element.after, ""
    if element.is_theme_config:
        return element.inside, element.end, _config(element.content, page_url, keeps_instant)
    moved = {name: _absolute(element.attributes[name], page_url) for name in _ADDRESSES if name in element.attributes}
    if all(element.attributes[name] == address for name, address in moved.items()):
        return None
    return element.start, element.inside, start_tag(element, {**element.attributes, **moved})


def start_tag(element: Element, attributes: dict[str, str]) -> str:
    """The start tag of an element with these attributes instead of its own."""
    closing = " />" if element.page.endswith("/>", 0, element.inside) else ">"
    written = "".join(f' {name}="{escape(value)}"' if value else f" {name}" for name, value in attributes.items())
    return f"<{element.tag}{written}{closing}"


def _absolute(address: str, page_url: str) -> str:
    if address.startswith(("#", "//")) or urlsplit(address).scheme:
        return address
    return urljoin(page_url, address)


def _config(text: str, page_url: str, keeps_instant: bool) -> str:
    config = json.loads(text)
    config["base"] = urljoin(page_url, config["base"] + "/")
    config["search"] = urljoin(page_url, config["search"])
    if not keeps_instant:
        config["features"] = [name for name in config.get("features", ()) if not name.startswith("navigation.instant")]
    return json.dumps(config).replace("<", "\\u003c")

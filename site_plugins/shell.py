"""The page that the desk fills: the theme's own layout with two marks and absolute addresses."""

from __future__ import annotations

import json
from html import escape
from urllib.parse import urljoin, urlsplit

from formapp.widgets.page_frame import CONTENT, TITLE, Edit, Element, edited, elements_of

SOURCE = "support-shell.md"
# A word that survives the theme's filters, which strip comments from a title.
_TITLE_WORD = "Support-shell-title"
MARKDOWN = f"---\ntitle: {_TITLE_WORD}\nhide: [toc, feedback, path]\nsearch:\n  exclude: true\n---\n\n{CONTENT}\n"

_ADDRESSES = ("href", "src", "action")
_NEIGHBOURS = frozenset({"canonical", "prev", "next"})


def make_shell(page: str, page_url: str) -> str:
    """The shell of a rendered page. ``page_url`` is its path on the server ("/guide/support-shell/")."""
    edits = [edit for element in elements_of(page) if (edit := _edit(element, page_url)) is not None]
    return edited(page, edits).replace(_TITLE_WORD, TITLE)


def without_shell(sitemap: str) -> str:
    """The sitemap without the shell, which is no page to visit."""
    entries = [element for element in elements_of(sitemap) if element.tag == "url"]
    return edited(sitemap, [(one.start, one.after, "") for one in entries if "support-shell" in one.content])


def _edit(element: Element, page_url: str) -> Edit | None:
    """What becomes of an element of the page; None where it stays."""
    if element.tag == "link" and _NEIGHBOURS.intersection(element.attributes.get("rel", "").split()):
        return element.start, element.inside, ""
    # The theme makes a heading of the title where a page has none; the desk's pages bring their own.
    if element.tag == "h1" and _TITLE_WORD in element.content:
        return element.start, element.after, ""
    if element.is_theme_config:
        return element.inside, element.end, _config(element.content, page_url)
    moved = {name: _absolute(element.attributes[name], page_url) for name in _ADDRESSES if name in element.attributes}
    if all(element.attributes[name] == address for name, address in moved.items()):
        return None
    return element.start, element.inside, _start_tag(element, {**element.attributes, **moved})


def _start_tag(element: Element, attributes: dict[str, str]) -> str:
    closing = " />" if element.page.endswith("/>", 0, element.inside) else ">"
    written = "".join(f' {name}="{escape(value)}"' if value else f" {name}" for name, value in attributes.items())
    return f"<{element.tag}{written}{closing}"


def _absolute(address: str, page_url: str) -> str:
    if address.startswith(("#", "//")) or urlsplit(address).scheme:
        return address
    return urljoin(page_url, address)


def _config(text: str, page_url: str) -> str:
    config = json.loads(text)
    config["base"] = urljoin(page_url, config["base"] + "/")
    config["search"] = urljoin(page_url, config["search"])
    return json.dumps(config).replace("<", "\\u003c")

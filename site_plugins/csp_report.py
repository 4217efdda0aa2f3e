"""What our Content-Security-Policy would block in a page, and the line of csp_allow that lets it through.

Told is what the page's HTML names. What a script or a stylesheet fetches by itself only a browser sees, but for
what is known of the theme's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from formapp.widgets.page_frame import Element, csp_hash, elements_of
from site_plugins.csp import html_pages
from site_plugins.page_assets import has_blocks

# Which attribute of which element fetches what.
_FETCHES = {
    ("script", "src"): "script-src",
    ("img", "src"): "img-src",
    ("img", "srcset"): "img-src",
    ("source", "srcset"): "img-src",
    ("source", "src"): "media-src",
    ("video", "src"): "media-src",
    ("video", "poster"): "img-src",
    ("audio", "src"): "media-src",
    ("track", "src"): "media-src",
    ("iframe", "src"): "frame-src",
    ("frame", "src"): "frame-src",
    ("embed", "src"): "object-src",
    ("object", "data"): "object-src",
    ("form", "action"): "form-action",
    ("button", "formaction"): "form-action",
    ("input", "formaction"): "form-action",
    ("input", "src"): "img-src",
}
_LINKS = {
    "stylesheet": "style-src",
    "icon": "img-src",
    "apple-touch-icon": "img-src",
    "modulepreload": "script-src",
    "manifest": "manifest-src",
}
_PRELOADS = {"script": "script-src", "style": "style-src", "image": "img-src", "font": "font-src"}
# A stylesheet that is fetched from there fetches its fonts from another host.
_GOOGLE_FONTS = "fonts.googleapis.com"
_GOOGLE_FONT_FILES = "https://fonts.gstatic.com"
# From where Material fetches what draws diagrams, where a page has one; the drawing then styles itself.
_MERMAID = "https://unpkg.com"


@dataclass(frozen=True, slots=True)
class Blocked:
    """Something that the policy blocks: its address or what it is, and the line of csp_allow that lets it through."""

    what: str
    line: str


def blocked_in(
    site_dir: Path, policy: str, site_url: str | None, *, everywhere: bool, is_material: bool
) -> Iterator[tuple[str, Blocked]]:
    """What is blocked in a site's pages with blocks (or in all), each with the page's place in the site."""
    for path in html_pages(site_dir):
        page, place = path.read_text("utf-8"), path.relative_to(site_dir).as_posix()
        if everywhere or has_blocks(page):
            url = urljoin(f"{(site_url or 'http://localhost').rstrip('/')}/", place)
            for one in blocked(page, url, policy, is_material=is_material):
                yield place, one


def blocked(page: str, page_url: str, policy: str, *, is_material: bool) -> list[Blocked]:
    """What this policy blocks of a page at this address, each once, in the page's order."""
    directives = {name: sources for name, *sources in (part.split() for part in policy.split(";"))}
    found: dict[Blocked, None] = {}
    for element in elements_of(page):
        for directive, address in _fetched(element, is_material=is_material):
            target = urljoin(page_url, address.strip())
            if not _is_allowed(target, page_url, directives.get(directive, directives["default-src"])):
                found[Blocked(target, f"{directive} {_source(target)}")] = None
        for what, line in _inline(element, is_material=is_material):
            directive, *needed = line.split()
            if not set(needed) <= set(directives[directive]):
                found[Blocked(what, line)] = None
    return list(found)


def _fetched(element: Element, *, is_material: bool) -> Iterator[tuple[str, str]]:
    """Each address that this element fetches or posts to, with the directive that judges it."""
    for name, value in element.attributes.items():
        directive = _FETCHES.get((element.tag, name))
        if directive and name == "srcset":
            # Candidates are parted by a comma and a space; an address itself may hold commas.
            yield from ((directive, one.split()[0].rstrip(",")) for one in value.split(", ") if one.split())
        elif directive and value:
            yield directive, value
    if element.tag == "link":
        yield from _linked(element.attributes)
    if is_material and "mermaid" in element.attributes.get("class", "").split():
        yield "script-src", f"{_MERMAID}/mermaid"


def _linked(attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    address = attributes.get("href", "")
    kinds = attributes.get("rel", "").lower().split()
    for kind in kinds:
        directive = _PRELOADS.get(attributes.get("as", "").lower()) if kind == "preload" else _LINKS.get(kind)
        if directive and address:
            yield directive, address
    if "stylesheet" in kinds and urlsplit(address).netloc == _GOOGLE_FONTS:
        yield "font-src", f"{_GOOGLE_FONT_FILES}/"


def _inline(element: Element, *, is_material: bool) -> Iterator[tuple[str, str]]:
    """What stands in the page itself, and the line that allows it."""
    for name, code in element.attributes.items():
        if name.startswith("on") and code:
            yield f'{name}="{code}"', f"script-src 'unsafe-hashes' {csp_hash(code)}"
    if is_material and "mermaid" in element.attributes.get("class", "").split():
        yield "the styles of a diagram", "style-src 'unsafe-inline'"


def _is_allowed(target: str, page_url: str, sources: list[str]) -> bool:
    return any(_matches(target, page_url, source) for source in sources)


def _matches(target: str, page_url: str, source: str) -> bool:
    there, here = urlsplit(target), urlsplit(page_url)
    if source == "'self'":
        return (there.scheme, there.netloc) == (here.scheme, here.netloc)
    if source == "*":
        return there.scheme in {"http", "https"}
    if source.endswith(":"):
        return f"{there.scheme}:" == source
    if source.startswith("'"):
        return False
    allowed = urlsplit(source if "://" in source else f"//{source}")
    if allowed.scheme not in {"", there.scheme}:
        return False
    if allowed.netloc.startswith("*."):
        if not there.netloc.endswith(allowed.netloc[1:]):
            return False
    elif allowed.netloc != there.netloc:
        return False
    path = allowed.path
    return not path or (there.path.startswith(path) if path.endswith("/") else there.path == path)


def _source(target: str) -> str:
    parts = urlsplit(target)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"

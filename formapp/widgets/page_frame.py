"""The page around the desk's content, and the inline code of a page: what the guide's build and the desk agree on.

The build leaves a page of the guide's theme with a mark for the title and one for the content, and a file
with the Content-Security-Policy; the desk fills the one and sends the other. Here, beside the widgets,
because both sides read the same HTML and must count its inline code alike. Needs the standard library alone.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser
from itertools import accumulate

# No page of the guide: a web server that hands it out hands out text.
FRAME_FILE = "support-shell.txt"
CSP_FILE = "support-csp.txt"
# A word and an element, because tools that make pages smaller take comments out.
TITLE = "Support-shell-title"
CONTENT_ID = "support-shell-content"
CONTENT = f'<div id="{CONTENT_ID}"></div>'

# What a browser runs, or lets a Content-Security-Policy judge as script; any other type is a block of data.
_JAVASCRIPT = ("javascript", "ecmascript", "x-javascript", "x-ecmascript")
_SCRIPT_TYPES = frozenset(
    {"", "module", "importmap", "speculationrules"}
    | {f"{kind}/{name}" for kind in ("text", "application") for name in _JAVASCRIPT}
)

# Where in a page something is replaced, from the first character to before the last, and by what.
Edit = tuple[int, int, str]


@dataclass(slots=True)
class Element:
    """An element of a page, and where it stands: its start tag from ``start`` to before ``inside``.

    Its end tag stands from ``end`` to before ``after``; both are those of the start tag where it has none.
    """

    page: str = field(repr=False)
    tag: str
    attributes: dict[str, str]
    start: int
    inside: int
    end: int
    after: int
    is_closed: bool = False

    @property
    def content(self) -> str:
        """What stands between its tags, as it is written."""
        return self.page[self.inside : self.end]

    @property
    def is_script(self) -> bool:
        """Whether it is an inline script that a browser runs."""
        kind = self.attributes.get("type", "").strip().lower()
        return self.tag == "script" and "src" not in self.attributes and kind in _SCRIPT_TYPES

    @property
    def is_theme_config(self) -> bool:
        """Whether it is the block of JSON in which the theme's pages tell their script where they lie."""
        return self.tag == "script" and self.attributes.get("id") == "__config"


class _Parser(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._page = page
        self._open: list[Element] = []
        self._lines = [0, *accumulate(len(line) + 1 for line in page.split("\n"))]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        start = self._place()
        inside = start + len(self.get_starttag_text() or "")
        attributes: dict[str, str] = {}
        for name, value in attrs:
            # Of two attributes of one name, browsers take the first.
            attributes.setdefault(name, value or "")
        element = Element(self._page, tag, attributes, start, inside, inside, inside)
        self.elements.append(element)
        self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        matching = [place for place, element in enumerate(self._open) if element.tag == tag]
        if matching:
            element = self._open[matching[-1]]
            element.end = self._place()
            element.after = self._page.find(">", element.end) + 1 or len(self._page)
            element.is_closed = True
            del self._open[matching[-1] :]

    def _place(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def elements_of(page: str) -> list[Element]:
    """The elements of a page in the order of their start tags."""
    return _Parser(page).elements


def is_plain_at(page: str, place: int) -> bool:
    """Whether what stands at this place is neither in a script nor in a comment."""
    for begin, end in (("<!--", "-->"), ("<script", "</script")):
        last = page.rfind(begin, 0, place)
        if last >= 0 and page.find(end, last, place) < 0:
            return False
    return True


def edited(page: str, edits: Iterable[Edit]) -> str:
    """The page with these edits; one within a stretch that an earlier one has replaced is left out."""
    pieces, done = [], 0
    for start, end, text in sorted(edits, key=lambda edit: edit[:2]):
        if start >= done:
            pieces += [page[done:start], text]
            done = end
    return "".join([*pieces, page[done:]])


@dataclass(frozen=True, slots=True)
class FramePlaces:
    """Where a frame is cut: before the end of its head, and around the element that the content replaces."""

    head: int
    content: int
    after_content: int


class BrokenFrame(ValueError):
    """The frame misses a mark, or the end of its head; the message names which."""


def frame_places(page: str) -> FramePlaces:
    """Where a frame is cut. Raises BrokenFrame when the page isn't one."""
    return places_among(elements_of(page), page)


def places_among(elements: Sequence[Element], page: str) -> FramePlaces:
    """Where a frame is cut that has these elements. Raises BrokenFrame when it isn't one."""
    head = next((element.end for element in elements if element.tag == "head" and element.is_closed), 0)
    content = next(
        (one for one in elements if one.attributes.get("id") == CONTENT_ID and one.is_closed and one.start >= head),
        None,
    )
    missing = [] if head else ["the end of its head"]
    missing += [] if TITLE in page[:head] or not head else [f"{TITLE} in its head"]
    if missing or content is None:
        missing += [] if content else [f"{CONTENT} in its body"]
        raise BrokenFrame(f"it misses {' and '.join(missing)}")
    return FramePlaces(head, content.start, content.after)


@dataclass(slots=True)
class InlineCode:
    """The Content-Security-Policy sources of what stands inline in pages, in the order first seen."""

    scripts: dict[str, None] = field(default_factory=dict)
    styles: dict[str, None] = field(default_factory=dict)
    style_attributes: dict[str, None] = field(default_factory=dict)

    def collect(self, page: str) -> None:
        """Add a page's inline scripts, styles and style attributes."""
        for element in elements_of(page):
            if element.is_script:
                self.scripts[csp_hash(element.content)] = None
            elif element.tag == "style":
                self.styles[csp_hash(element.content)] = None
            if "style" in element.attributes:
                self.style_attributes[csp_hash(element.attributes["style"])] = None


def csp_hash(code: str) -> str:
    """The source that allows this code; browsers count each line end as one character."""
    digest = sha256(code.replace("\r\n", "\n").replace("\r", "\n").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

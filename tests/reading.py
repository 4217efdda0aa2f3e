"""A reader of HTML: what stands where on a page, built or answered."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

from bs4 import BeautifulSoup, NavigableString, Tag

# What stands in a box of its own is a word of its own.
BOXES = {"br", "dd", "div", "dt", "h1", "h2", "legend", "li", "p", "summary", "td", "th"}


class Element(Tag):
    """An element of a page; ``["name"]`` and ``get`` give its attributes, ``text`` all words in it."""

    @property
    def tag(self) -> str:
        return self.name

    @property
    def attributes(self) -> dict[str, str]:
        return self.attrs

    @property
    def classes(self) -> set[str]:
        return set(self.get("class", "").split())

    @property
    def text(self) -> str:
        return "".join(self._words(self.interesting_string_types))

    def inside(self, other: Tag) -> bool:
        return any(parent is other for parent in self.parents)

    def _words(self, read: set[type[NavigableString]]) -> Iterator[str]:
        """The strings of these types in their order, with a space around each box."""
        for child in self.contents:
            if isinstance(child, Element):
                is_box = child.name in BOXES
                if is_box:
                    yield " "
                yield from child._words(read)
                if is_box and child.name != "br":
                    yield " "
            elif type(child) in read:
                yield child


class Page:
    """A page's elements, in their order."""

    def __init__(self, html: str) -> None:
        # Line ends as every parser of HTML reads them.
        text = html.replace("\r\n", "\n").replace("\r", "\n")
        self.tree = BeautifulSoup(text, "html.parser", element_classes={Tag: Element}, multi_valued_attributes=None)

    @cached_property
    def elements(self) -> list[Element]:
        return self.tree.find_all(True)

    @cached_property
    def _by_tag(self) -> dict[str, list[Element]]:
        """Looking through all elements for each question would take most of a long page's time."""
        found: dict[str, list[Element]] = {}
        for element in self.elements:
            found.setdefault(element.tag, []).append(element)
        return found

    def all(self, *tags: str, **attributes: str | Literal[True]) -> list[Element]:
        """The elements of these kinds with these attributes, in their order.

        ``_`` stands for ``-``, ``class_`` for the whole class, True for any value.
        """
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        of_kind = self._by_tag.get(tags[0], []) if len(tags) == 1 else self.elements
        return [
            element
            for element in of_kind
            if (not tags or element.tag in tags)
            and all(
                element.get(name) == value or (value is True and name in element.attrs)
                for name, value in wanted.items()
            )
        ]

    def one(self, tag: str, **attributes: str | Literal[True]) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

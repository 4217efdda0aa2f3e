"""A reader of HTML: what stands where on a page, built or answered."""

from __future__ import annotations

from functools import cached_property

from bs4 import BeautifulSoup, Tag

# What stands in a box of its own is a word of its own.
BOXES = ["br", "dd", "div", "dt", "h1", "h2", "legend", "li", "p", "summary", "td", "th"]


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

    def inside(self, other: Tag) -> bool:
        return any(parent is other for parent in self.parents)


class Page:
    """A page's elements, in their order."""

    def __init__(self, html: str) -> None:
        # Line ends as every parser of HTML reads them.
        text = html.replace("\r\n", "\n").replace("\r", "\n")
        self.tree = BeautifulSoup(text, "html.parser", element_classes={Tag: Element}, multi_valued_attributes=None)
        for box in self.tree.find_all(BOXES):
            box.insert_before(" ")
            if box.name != "br":
                box.insert_after(" ")

    @cached_property
    def elements(self) -> list[Element]:
        return self.tree.find_all(True)

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        """The elements of these kinds with these attributes; ``_`` stands for ``-``, ``class_`` for the whole class."""
        return self.tree.find_all(
            tags, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        )

    def one(self, tag: str, **attributes: str) -> Element:
        found = self.all(tag, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

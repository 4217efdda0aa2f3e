"""The places of widgets in a page that isn't finished: each an element with words, until the widget is put there."""

from __future__ import annotations

import re
from collections.abc import Callable

from markupsafe import Markup

from formapp.widgets.page_frame import edited, elements_of, is_plain_at

TAG = "support-block"
_PLACE = re.compile(rf'<{TAG} data-number="(?P<number>\d+)">.*?</{TAG}>', re.DOTALL)


def placeholder(number: int, content: Markup) -> Markup:
    """The element in whose place the widget of this number is put."""
    return Markup('<{tag} data-number="{number}">{content}</{tag}>').format(tag=TAG, number=number, content=content)


def with_widgets(page: str, widget: Callable[[int], Markup]) -> str:
    """A finished page with its widgets in their places, each made by its number."""
    # Found in one look where there is none, and where the first stands far behind a long navigation.
    first = page.find(f"<{TAG}")
    if first < 0:
        return page
    places = [(one.start(), one.end(), int(one["number"])) for one in _PLACE.finditer(page, first)]
    # A page is parsed only where somebody has changed how a place is written, or shows one in a script or a comment.
    if len(places) != page.count(f"<{TAG}", first) or not all(is_plain_at(page, start) for start, _, _ in places):
        found = [one for one in elements_of(page) if one.tag == TAG]
        places = [(one.start, one.after, int(one.attributes["data-number"])) for one in found]
    return edited(page, [(start, after, widget(number)) for start, after, number in places])

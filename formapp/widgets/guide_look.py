"""The guide's name and colour, as the page around the desk's content tells them: mails wear these, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from pathlib import Path

from formapp.widgets.built_site import current_folder
from formapp.widgets.page_frame import FRAME_FILE, TITLE, Element, elements_of

# The theme names its primary colour on the body; these are the names and what they stand for.
PRIMARY_COLOURS: Mapping[str, str] = {
    "red": "#ef5552",
    "pink": "#e92063",
    "purple": "#ab47bd",
    "deep-purple": "#7e56c2",
    "indigo": "#4051b5",
    "blue": "#2094f3",
    "light-blue": "#02a6f2",
    "cyan": "#00bdd6",
    "teal": "#009485",
    "green": "#4cae4f",
    "light-green": "#8bc34b",
    "lime": "#cbdc38",
    "yellow": "#ffec3d",
    "amber": "#ffc105",
    "orange": "#ffa724",
    "deep-orange": "#ff6e42",
    "brown": "#795649",
    "grey": "#757575",
    "blue-grey": "#546d78",
    "black": "#1d1f27",
}
DEFAULT_COLOUR = PRIMARY_COLOURS["indigo"]
_LIGHT, _DARK = "#ffffff", "#1f2328"
# WCAG 2.2, 1.4.3: text has this contrast at least.
_LEAST_CONTRAST = 4.5


@dataclass(frozen=True, slots=True)
class GuideLook:
    """A guide's name ("" where none is known) and primary colour, ``#rrggbb``."""

    name: str = ""
    colour: str = DEFAULT_COLOUR

    @property
    def on_colour(self) -> str:
        """The colour of text on the guide's colour: the one of light and dark that stands out more."""
        return max((_LIGHT, _DARK), key=lambda text: _contrast(text, self.colour))

    @property
    def link(self) -> str:
        """The colour of a link on white: the guide's, where that can be read."""
        return self.colour if _contrast(self.colour, _LIGHT) >= _LEAST_CONTRAST else _DARK


def look_of_guide(site_dir: Path | None) -> GuideLook:
    """The look of the guide that is built now; the default without one, or while it can't be read."""
    if site_dir is None:
        return GuideLook()
    path = current_folder(site_dir) / FRAME_FILE
    try:
        state = path.stat()
        return _look_in(path, state.st_mtime_ns, state.st_size)
    except (OSError, UnicodeDecodeError):
        return GuideLook()


@lru_cache(maxsize=8)
def _look_in(path: Path, _changed: int, _size: int) -> GuideLook:
    """The look of one state of the file: as it is asked for by each mail, it is read once."""
    elements = elements_of(path.read_text("utf-8"))
    named = (one.attributes.get("data-md-color-primary", "") for one in elements if one.tag == "body")
    return GuideLook(_name(elements), PRIMARY_COLOURS.get(next(named, ""), DEFAULT_COLOUR))


def _name(elements: list[Element]) -> str:
    """By the logo, which bears the name alone; else what is left of the page's title."""
    logos = (one for one in elements if "md-logo" in one.attributes.get("class", "").split())
    titles = (unescape(one.content).replace(TITLE, "") for one in elements if one.tag == "title")
    found = next((one.attributes["title"] for one in logos if one.attributes.get("title")), "") or next(titles, "")
    return " ".join(found.strip(" -–—|·").split())


def _contrast(one: str, other: str) -> float:
    """How far two colours stand apart (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

"""Script and style of the widgets, each under a name that carries a hash of its content."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources

from rcssmin import cssmin
from rjsmin import jsmin

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript"}
# What each widget needs, in the order in which a page loads it.
NAMES = (
    "support-common.css",
    "support-table.css",
    "support-chooser.css",
    "support-chooser.js",
    "support-form.js",
    "support-fields.js",
    "support-dates.css",
    "support-dates.js",
    "support-closures.css",
    "support-closures.js",
    "support-feedback.css",
    "support-scoreboard.css",
    "support-scoreboard.js",
)
# What pages need that lead to the form from where one reads; the last is loaded once a subject is typed.
HELP_NAMES = ("support-help.css", "support-help.js", "support-suggest.js")
# What is served as one, and the parts that it is made of.
PARTS = {
    "support-common.css": ("support-colours.css", "support-common.css", "support-form.css"),
    "support-form.js": ("support-files.js", "support-send.js", "support-secrets.js", "support-form.js"),
}

# The file at the guide's root that support-closures.js reads, and what it holds while nothing is announced.
CLOSURES_FILE = "support-closures.json"
NO_CLOSURES = '{\n "closures": []\n}\n'
# The same for support-scoreboard.js, while the desk has counted nothing.
SCOREBOARD_FILE = "support-scoreboard.json"
NO_SCOREBOARD = '{\n "months": []\n}\n'


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: ``content`` is what is served; ``hashed_name`` changes with it."""

    name: str
    hashed_name: str
    content: bytes
    media_type: str


@cache
def assets() -> tuple[Asset, ...]:
    """All assets of the widgets."""
    return _made(NAMES)


@cache
def help_assets() -> tuple[Asset, ...]:
    """The assets of help where one reads: its style, its script, and the script that suggests pages."""
    return _made(HELP_NAMES)


def _made(names: Iterable[str]) -> tuple[Asset, ...]:
    folder = resources.files("formapp.widgets").joinpath("assets")
    return tuple(
        make_asset(name, _minified(name, "".join(folder.joinpath(part).read_text("utf-8") for part in parts)))
        for name, parts in ((name, PARTS.get(name, (name,))) for name in names)
    )


def make_asset(name: str, content: bytes) -> Asset:
    """The file of this name and content, to be served under a name that changes with its content."""
    stem, _, ending = name.rpartition(".")
    return Asset(name, f"{stem}.{sha256(content).hexdigest()[:8]}.{ending}", content, MEDIA_TYPES[ending])


def _minified(name: str, source: str) -> bytes:
    minified: str = cssmin(source) if name.endswith(".css") else jsmin(source)
    return minified.encode()

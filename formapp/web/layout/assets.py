"""Script and style of the app's pages, served under names that carry a hash of their content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from formapp.widgets import Asset, assets

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript"}
FORM_ASSETS = (
    "support-chooser.css",
    "support-dates.css",
    "support-chooser.js",
    "support-form.js",
    "support-dates.js",
)

OWN = ("support-pages.css", "support-pages.js", "support-plain.css", "support-ticket.css", "support-desk.css")


@dataclass(frozen=True, slots=True)
class AssetShelf:
    """All assets by their plain and by their hashed name."""

    by_name: Mapping[str, Asset]
    by_hashed_name: Mapping[str, Asset]


def load_assets() -> AssetShelf:
    """The widgets' assets and the pages' own."""
    found = (*assets(), *_own())
    return AssetShelf({asset.name: asset for asset in found}, {asset.hashed_name: asset for asset in found})


def _own() -> list[Asset]:
    folder = resources.files("formapp.web").joinpath("static")
    own = []
    for name in OWN:
        content = folder.joinpath(name).read_bytes()
        stem, _, ending = name.rpartition(".")
        hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
        own.append(Asset(name, hashed, content, MEDIA_TYPES[ending]))
    return own

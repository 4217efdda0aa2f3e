"""Script and style of the app's pages, served under names that carry a hash of their content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from flask import Blueprint, Response, abort, make_response

from formapp.web.context import web
from formapp.widgets import Asset, assets, make_asset

blueprint = Blueprint("layout", __name__)
_YEAR = 365 * 24 * 3600
FORM_ASSETS = (
    "support-chooser.css",
    "support-dates.css",
    "support-chooser.js",
    "support-form.js",
    "support-fields.js",
    "support-dates.js",
)

OWN = (
    "support-pages.css",
    "support-pages.js",
    "support-left.js",
    "support-news.js",
    "support-keys.js",
    "support-saved-replies.js",
    "support-plain.css",
    "support-ticket.css",
    "support-desk.css",
    "support-queue.css",
    "support-queue.js",
    "support-reports.css",
)


@dataclass(frozen=True, slots=True)
class AssetShelf:
    """All assets by their plain and by their hashed name."""

    by_name: Mapping[str, Asset]
    by_hashed_name: Mapping[str, Asset]


def load_assets() -> AssetShelf:
    """The widgets' assets and the pages' own."""
    found = (*assets(), *_own())
    return AssetShelf({asset.name: asset for asset in found}, {asset.hashed_name: asset for asset in found})


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """One script or style by its hashed name; what a name holds never changes."""
    found = web().assets.by_hashed_name.get(name)
    if found is None:
        abort(404)
    answer = make_response(found.content)
    answer.headers["Content-Type"] = f"{found.media_type}; charset=utf-8"
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return answer


def _own() -> list[Asset]:
    folder = resources.files("formapp.web").joinpath("static")
    return [make_asset(name, folder.joinpath(name).read_bytes()) for name in OWN]

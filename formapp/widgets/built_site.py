"""The folder of a built guide: where its pages lie on the server, and which versions of it there are.

A tool that publishes several versions puts each into a folder of its own, with its own frame: "1.0/", "2.0/".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from formapp.widgets.page_frame import FRAME_FILE, Element, elements_of

VERSIONS_FILE = "versions.json"
"""What mike writes beside the versions: each with its aliases, the newest first."""
_OWN_STYLE = re.compile(r"(/(?:[^?#]*/)?)assets/support-[a-z]+\.[0-9a-f]{8}\.css$")
CURRENT = ("latest", "stable")
"""The aliases of the version that people are led to, by habit."""
PAGES_FILE = "support-pages.json"
"""What a build leaves for the desk alone: each page with its path on the server and the line that its writer edits."""


@dataclass(frozen=True, slots=True)
class GuidePage:
    """A page of the guide: its path ("/help/"), its title, and where its text begins: the source file and its line."""

    path: str
    title: str
    file: str
    line: int


def pages_text(pages: Iterable[GuidePage]) -> str:
    """What a build writes into ``PAGES_FILE``."""
    rows = ",\n".join(json.dumps(asdict(page), ensure_ascii=False) for page in pages)
    return f'{{"pages": [\n{rows}\n]}}\n'


def guide_pages(site_dir: Path | None) -> tuple[GuidePage, ...]:
    """The pages of the guide by their paths, as its builds have listed them; none where nothing is known of them."""
    if site_dir is None:
        return ()
    found: dict[str, GuidePage] = {}
    for folder in version_folders(site_dir) or (site_dir,):
        path = folder / PAGES_FILE
        with suppress(OSError):
            found = {page.path: page for page in _pages_in(path, path.stat().st_mtime_ns)} | found
    return tuple(found[path] for path in sorted(found))


@lru_cache(maxsize=8)
def _pages_in(path: Path, _changed: int) -> tuple[GuidePage, ...]:
    """The pages that a file lists; read once until it changes."""
    try:
        rows = json.loads(path.read_text("utf-8"))["pages"]
        return tuple(GuidePage(str(row["path"]), str(row["title"]), str(row["file"]), int(row["line"])) for row in rows)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def version_folders(site_dir: Path) -> tuple[Path, ...]:
    """The folders that hold a guide of their own: the site's, or each version's; the current version comes first."""
    if (site_dir / FRAME_FILE).is_file():
        return (site_dir,)
    try:
        found = sorted(path.parent for path in site_dir.glob(f"*/{FRAME_FILE}"))
    except OSError:
        return ()
    names = _by_age(site_dir)
    return tuple(sorted(found, key=lambda folder: names.index(folder.name) if folder.name in names else len(names)))


def current_folder(site_dir: Path) -> Path:
    """The folder whose frame the desk wears: the site's own, or that of the version that people are led to."""
    return next(iter(version_folders(site_dir)), site_dir)


def site_path(site_dir: Path) -> str:
    """The path on the server that this folder lies at ("/", "/docs/"), as its pages tell; "/" where they don't."""
    folder = current_folder(site_dir)
    try:
        base = _base_of(elements_of((folder / FRAME_FILE).read_text("utf-8")))
    except (OSError, ValueError):
        return "/"
    # A version lies one folder deeper, which need not have its name: an alias is a link to it.
    return base if folder == site_dir or base == "/" else f"{base.rstrip('/').rpartition('/')[0]}/"


def _base_of(elements: list[Element]) -> str:
    """The path of a guide: as the theme tells its script, else as the address of our own style says."""
    config = next((element.content for element in elements if element.is_theme_config), "{}")
    told = str(json.loads(config).get("base", ""))
    if told.startswith("/") and told.endswith("/"):
        return told
    addresses = [element.attributes.get("href", "") for element in elements if element.tag == "link"]
    return next((found[1] for address in addresses if (found := _OWN_STYLE.match(address))), "/")


def _by_age(site_dir: Path) -> list[str]:
    """The folders of versions.json: first what bears the name of a current version, then the newest."""
    try:
        rows = json.loads((site_dir / VERSIONS_FILE).read_text("utf-8"))
        versions = [(str(row["version"]), [str(alias) for alias in row.get("aliases", ())]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return list(CURRENT)
    versions.sort(key=lambda row: min((CURRENT.index(one) for one in row[1] if one in CURRENT), default=len(CURRENT)))
    return [version for version, _ in versions]

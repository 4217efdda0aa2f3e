"""What MkDocs' plugin does after the pages are rendered, for a tool in which such plugins don't run, as in Zensical.

The Markdown extension renders the blocks there. This brings their script and style, the desk's frame, the file of
closures, and each form the path of its page; and it looks whether every block was rendered.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from formapp.widgets import CLOSURES_FILE, NO_CLOSURES, NO_SCOREBOARD, SCOREBOARD_FILE, assets
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from formapp.widgets.page_frame import FRAME_FILE, BrokenFrame, Edit, Element, edited, elements_of
from site_plugins.fences import find_fences
from site_plugins.page_assets import block_assets, closure_assets, has_blocks, with_assets, without_assets
from site_plugins.shell import frame_of, make_shell, start_tag
from site_plugins.sources import first_line
from site_plugins.translation import gettext as _

EXTENSIONS = frozenset({"support", "site_plugins.extension"})
# The page for addresses that aren't there: the theme around little content, and its addresses hold from anywhere.
FRAME_PAGE = "404.html"


@dataclass(frozen=True, slots=True)
class SiteConfig:
    """What is read of a site's mkdocs.yml or zensical.toml."""

    file: Path
    docs: Path
    path: str
    extensions: frozenset[str]
    plugin: Mapping[str, Any]
    styles: frozenset[str]

    @property
    def announces_everywhere(self) -> bool:
        """Whether every page tells of closures."""
        return bool(self.plugin.get("announce_closures") == "everywhere")


class _Loader(yaml.SafeLoader):
    """Tags of Python objects and of the environment are of no matter here."""


_Loader.add_multi_constructor("", lambda _loader, _suffix, _node: None)


def read_config(file: Path) -> SiteConfig:
    """Read a site's settings. Raises ValueError where the file can't be read as such."""
    try:
        text = file.read_text("utf-8")
        found = tomllib.loads(text).get("project", {}) if file.suffix == ".toml" else yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ValueError(_("%(file)s can't be read: %(reason)s", file=file, reason=error)) from error
    settings: dict[str, Any] = found if isinstance(found, dict) else {}
    site_url = settings.get("site_url")
    path = urlsplit(site_url if isinstance(site_url, str) else "/").path or "/"
    return SiteConfig(
        file=file,
        docs=file.parent / (settings.get("docs_dir") or "docs"),
        path=path if path.endswith("/") else f"{path}/",
        extensions=frozenset(_named(settings.get("markdown_extensions"))),
        plugin=_named(settings.get("plugins")).get("support") or {},
        styles=frozenset(str(one) for one in settings.get("extra_css") or ()),
    )


def finish(site: Path, config: SiteConfig) -> list[str]:
    """Finish a built site; what is wrong with it, each as a sentence. Where something is, nothing is written."""
    pages = {path: path.read_text("utf-8") for path in sorted(site.rglob("*.html"))}
    problems = [*_setting_problems(config), *_block_problems(site, config, pages)]
    if problems:
        return problems
    try:
        frame = _frame(pages.get(site / FRAME_PAGE, ""), config)
    except BrokenFrame as error:
        return [_("%(page)s makes no frame for the help desk's pages: %(reason)s.", page=FRAME_PAGE, reason=error)]
    for asset in assets():
        _write(site / "assets" / asset.hashed_name, asset.content)
    for path, page in pages.items():
        finished = _finished(page, path.relative_to(site), config)
        if finished != page:
            _write(path, finished.encode())
    _write(site / FRAME_FILE, frame.encode())
    _write(site / PAGES_FILE, pages_text(_listed(site, config, pages)).encode())
    # The desk may have written it meanwhile.
    for name, empty in ((CLOSURES_FILE, NO_CLOSURES), (SCOREBOARD_FILE, NO_SCOREBOARD)):
        if not (site / name).exists():
            _write(site / name, empty.encode())
    return []


def _named(listed: object) -> dict[str, Any]:
    """Plugins or extensions by their names, in each way that they can be written."""
    if isinstance(listed, dict):
        return listed
    named: dict[str, Any] = {}
    for one in listed if isinstance(listed, list) else ():
        named.update(one if isinstance(one, dict) else {str(one): None})
    return named


def _setting_problems(config: SiteConfig) -> Iterator[str]:
    if not EXTENSIONS & config.extensions:
        sentence = _('Add "support" to markdown_extensions; without it no block is rendered.')
        yield f"{config.file.name}: {sentence}"
    if config.plugin.get("page_help"):
        sentence = _('"page_help" is for MkDocs. Take it away.')
        yield f"{config.file.name}: {sentence}"
    if config.plugin.get("csp", "off") not in {"off", False}:
        sentence = _(
            '"csp" is for MkDocs. Take it away, and let the web server send a Content-Security-Policy if you want one.'
        )
        yield f"{config.file.name}: {sentence}"


def _block_problems(site: Path, config: SiteConfig, pages: Mapping[Path, str]) -> Iterator[str]:
    told: list[str] = []
    for source in sorted(config.docs.rglob("*.md")):
        fences = list(find_fences(source.read_text("utf-8-sig").splitlines()))
        name = f"{config.docs.name}/{source.relative_to(config.docs).as_posix()}"
        for fence in fences:
            for problem in fence.problems:
                told.append(problem.sentence)
                yield f"{name}:{problem.line}: {problem.sentence}"
        page = next((pages[path] for path in _built(site, source.relative_to(config.docs)) if path in pages), "")
        if fences and page and not has_blocks(page):
            sentence = _('The block "%(kind)s" was not rendered.', kind=fences[0].kind)
            yield f"{name}:{fences[0].start}: {sentence}"
    for path, page in pages.items():
        for sentence in _boxed(page):
            if not any(sentence.endswith(one) for one in told):
                yield f"{path.relative_to(site).as_posix()}: {sentence}"


def _built(site: Path, source: Path) -> tuple[Path, Path]:
    """Where the page of a source may stand."""
    stem = source.with_suffix("")
    folder = stem.parent if stem.name in {"index", "README"} else stem
    return site / folder / "index.html", site / stem.with_suffix(".html")


def _listed(site: Path, config: SiteConfig, pages: Mapping[Path, str]) -> Iterator[GuidePage]:
    """The pages as the desk lists them, each with the line of its source at which its writer begins to read."""
    for source in sorted(config.docs.rglob("*.md")):
        name = source.relative_to(config.docs)
        built = next((path for path in _built(site, name) if path in pages), None)
        if built is None:
            continue
        heading = next((one.content for one in elements_of(pages[built]) if one.tag == "h1"), "")
        # What a theme puts into a heading beside its words is a link of its own.
        title = " ".join(unescape(re.sub(r"<a\b.*?</a>|<[^>]+>", "", heading, flags=re.DOTALL)).split())
        file = f"{config.docs.name}/{name.as_posix()}"
        yield GuidePage(
            _address(config, built.relative_to(site)), title or file, file, first_line(source.read_text("utf-8"))
        )


def _address(config: SiteConfig, place: Path) -> str:
    return f"{config.path}{place.as_posix().removesuffix('index.html')}"


def _boxed(page: str) -> Iterator[str]:
    """What the boxes say that stand where a block should."""
    if "support-problem" not in page:
        return
    elements = elements_of(page)
    for box in elements:
        if "support-problem" in box.attributes.get("class", "").split():
            if box.tag == "mark":
                yield unescape(box.content.strip())
            yield from (unescape(one.content.strip()) for one in _within(elements, box) if one.tag == "li")


def _within(elements: Iterable[Element], outer: Element) -> Iterator[Element]:
    return (one for one in elements if outer.inside <= one.start < outer.end)


def _finished(page: str, place: Path, config: SiteConfig) -> str:
    """A page with what belongs to it: as if it had been built just now, however often it is finished."""
    page = without_assets(page)
    wanted = block_assets(page) if has_blocks(page) else closure_assets() if config.announces_everywhere else ()
    if not wanted:
        return page
    is_missing = place.as_posix() == FRAME_PAGE
    up = config.path if is_missing else f"{os.path.relpath('.', place.parent)}/"
    page = with_assets(page, wanted, f"{up}assets/".removeprefix("./"), {f"{up}{name}" for name in config.styles})
    return edited(page, _paths(page, _address(config, place)))


def _paths(page: str, address: str) -> list[Edit]:
    """Tell each form of ours on which page it stands."""
    elements = elements_of(page)
    return [
        (one.start, one.inside, start_tag(one, {**one.attributes, "value": address}))
        for form in elements
        if form.tag in {"support-form", "support-feedback"}
        for one in _within(elements, form)
        if one.tag == "input" and one.attributes.get("name") == "page"
    ]


def _frame(page: str, config: SiteConfig) -> str:
    if not page:
        raise BrokenFrame(_("the site has no such page"))
    own = frame_of(without_assets(page))
    marked = with_assets(own, block_assets(own), f"{config.path}assets/")
    return make_shell(marked, f"{config.path}{FRAME_PAGE}", keeps_instant=False)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)

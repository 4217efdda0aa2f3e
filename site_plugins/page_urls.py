"""Where a page stands on its server, in which language it is, and where its links lead, as MkDocs has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from formapp.widgets.built_site import GuidePage
from site_plugins.sources import beside, first_line
from supportpolicy.languages import SOURCE_LANGUAGE


def site_path(config: MkDocsConfig) -> str:
    """Where the site lies on its server, with a slash at the end, which mike leaves out for its versions."""
    return urlsplit(config.site_url or "/").path.rstrip("/") + "/"


def path_of(page: Page) -> str:
    """The path of a page on its server, as its forms tell it to the desk."""
    return page.abs_url or f"/{page.url}"


def language_of(page: Page, config: MkDocsConfig) -> str:
    """The tag of the language that a page is in: its own front matter says, or else the site that it is part of."""
    if language := page.meta.get("language"):
        return str(language)
    # mkdocs-static-i18n builds one site a language, and marks its pages.
    return str(getattr(page.file, "locale_alternate_of", None) or language_of_theme(config))


def language_of_theme(config: MkDocsConfig) -> str:
    """The tag of the language of the theme's own words."""
    return str(config.theme.get("language") or config.theme.get("locale") or SOURCE_LANGUAGE)


def url_from(here: File, there: File) -> str:
    """The address of a page from another; empty from itself."""
    return "" if here is there else there.url_relative_to(here)


def resolver(files: Files, here: File) -> Callable[[str], str | None]:
    """Links as Markdown has them: a page's source, with an anchor if wanted; addresses stay as they are."""

    def resolve(target: str) -> str | None:
        path, mark, anchor = target.partition("#")
        if _is_address(path):
            return target
        found = file_of(files, here, target)
        return f"{found.url_relative_to(here)}{mark}{anchor}" if found else None

    return resolve


def _is_address(path: str) -> bool:
    return not path or bool(urlsplit(path).scheme) or path.startswith("/")


def file_of(files: Files, here: File, target: str) -> File | None:
    """The page of the site that a link from this one leads to; None where it leads to none of its pages."""
    path = target.partition("#")[0]
    return None if _is_address(path) else files.get_file_from_path(_plain(Path(here.src_uri).parent / path))


def _plain(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def listed_pages(files: Files, folder: Path) -> Iterator[GuidePage]:
    """The pages as the desk lists them: with the file, from this folder, and the line at which its writer begins."""

    # Pages by the hundred lie in one folder, and to follow links costs a look at each part of its path.
    @cache
    def parent(path: Path) -> Path:
        return Path(beside(path, folder))

    for file in files.documentation_pages():
        if (page := file.page) is not None:
            source = Path(file.abs_src_path or file.src_uri)
            plain = (parent(source.parent) / source.name).as_posix()
            name = beside(source, folder) if source.is_symlink() else plain
            yield GuidePage(path_of(page), str(page.title or name), name, first_line(file.content_string))

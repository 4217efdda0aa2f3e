"""The pages of a MkDocs site with their links for help. Imported where ``page_help`` is on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

from formapp.widgets import Asset
from formapp.widgets.form import PageHelp
from formapp.widgets.page_help import help_url
from formapp.widgets.rendering import in_this_language
from site_plugins import page_help
from site_plugins.page_urls import language_of, language_of_theme, site_path
from supportpolicy.languages import SOURCE_LANGUAGE, closest_language, in_language


def form_with_help(plugins: Iterable[str]) -> PageHelp:
    """A form that takes what such links say; it suggests pages where the site has a search."""
    has_search = any(name.rpartition("/")[2] == "search" for name in plugins)
    return PageHelp(suggest=page_help.suggesting_script() if has_search else "")


@dataclass(frozen=True, slots=True)
class HelpedSite:
    """A site whose pages lead to the form; ``form_pages`` are those that show it, each with its language."""

    form_pages: dict[str, str]
    app_url: str
    nav: Navigation
    files: Files
    config: MkDocsConfig

    def with_help(self, output: str, page: Page) -> tuple[str, tuple[Asset, ...]]:
        """A page with its links, and what it needs for them.

        The form's own page, and one whose front matter says so, has none.
        """
        if page.file.src_uri not in self.form_pages and page.meta.get("page_help") is not False:
            language = closest_language(language_of(page, self.config)) or SOURCE_LANGUAGE
            form = self._form_url(language, page.file)
            told = page_help.told_of(page.abs_url or f"/{page.url}", str(page.title or ""))
            with in_language(language):
                output = page_help.with_page_help(output, page.content or "", told, page.toc, partial(help_url, form))
        return output, tuple(page_help.page_help_assets(output))

    def with_missing_page_help(self, output: str) -> tuple[str, tuple[Asset, ...]]:
        """The page for addresses that aren't there, with its link, and what it needs for it."""
        language = closest_language(language_of_theme(self.config)) or SOURCE_LANGUAGE
        url = help_url(self._form_url(language, None), page_help.told_of())
        with in_language(language):
            output = page_help.with_missing_page_help(output, url)
        return output, tuple(page_help.page_help_assets(output))

    def _form_url(self, language: str, here: File | None) -> str:
        """Where a page (None: any address) finds the form: the first in its language, any, or the desk's own."""
        found = page_help.first_form(self.form_pages, [page.file.src_uri for page in self.nav.pages], language)
        if not found:
            with in_language(language):
                return in_this_language(f"{self.app_url}tickets/new")
        file = self.files.src_uris[found]
        if here is None:
            return f"{site_path(self.config)}{file.url.removeprefix('./')}"
        return file.url_relative_to(here)

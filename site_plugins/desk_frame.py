"""The frame of the desk's pages: a page of the theme that MkDocs renders apart from the site's own."""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import Environment, TemplateError
from mkdocs.commands.build import get_context
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents
from mkdocs.utils import normalize_url

from formapp.widgets import Asset
from formapp.widgets.page_frame import TITLE, BrokenFrame
from site_plugins import shell
from site_plugins.page_assets import block_assets, with_assets
from site_plugins.page_urls import site_path
from site_plugins.translation import gettext as _


def make_frame(env: Environment, config: MkDocsConfig, files: Files, nav: Navigation, *, keeps_instant: bool) -> str:
    """A page of the theme with the marks that the desk fills. Raises PluginError where the theme makes none."""
    page = Page(TITLE, File.generated(config, shell.SOURCE, content=""), config)
    page.meta, page.content, page.toc = dict(shell.META), shell.CONTENT_HTML, TableOfContents([])
    context = get_context(nav, files, config, page)
    # From the root, as what the reader chose (light or dark) is stored under it. The dot lets a theme add
    # "/search.html" to it.
    context["base_url"] = f"{site_path(config)}."
    try:
        output = env.get_template("main.html").render(context)
        output = with_own_assets(output, block_assets(output), page, config)
        return shell.make_shell(output, page.abs_url or f"/{page.url}", keeps_instant=keeps_instant)
    except (TemplateError, BrokenFrame) as error:
        raise PluginError(_("The theme makes no frame for the help desk's pages: %(reason)s.", reason=error)) from error


def with_own_assets(output: str, wanted: Iterable[Asset], page: Page | None, config: MkDocsConfig) -> str:
    """A finished page (None: of any address) with these assets, below which the site's own styles stand."""
    base = site_path(config)
    own_styles = {normalize_url(str(path), page, base) for path in config.extra_css}
    return with_assets(output, wanted, normalize_url("assets", page, base) + "/", own_styles)

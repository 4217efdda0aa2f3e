"""The MkDocs plugin: a thin adapter around the Markdown extension."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal
from urllib.parse import urljoin, urlsplit

from jinja2 import Environment, TemplateError
from mkdocs.commands.build import get_context
from mkdocs.config import base
from mkdocs.config import config_options as option
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents
from mkdocs.utils import get_build_datetime, normalize_url, write_file

from formapp.widgets import CLOSURES_FILE, NO_CLOSURES, Asset, assets
from formapp.widgets.page_frame import FRAME_FILE, TITLE, BrokenFrame, frame_places
from site_plugins import csp, shell
from site_plugins.csp_report import blocked
from site_plugins.extension import PageContext, SupportExtension, beside
from site_plugins.fences import find_fences
from site_plugins.page_assets import closure_assets, has_blocks, with_assets
from supportpolicy import holidays_warning, load

log = get_plugin_logger("support")


class SupportConfig(base.Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    policy = option.File(default="support-policy.yml", exists=False)
    """The policy file, beside mkdocs.yml."""

    app_url = option.Type(str, default="/support/")
    """Where the help desk answers: a path on the guide's own origin, or a whole address."""

    announce_closures = option.Choice(("with_blocks", "everywhere"), default="with_blocks")
    """Which pages tell of closures: those with one of our blocks, or every page of the site."""

    # YAML takes the word off for false.
    csp = option.Type((str, bool), default="off")
    """Whether pages with our blocks forbid, by a Content-Security-Policy, what isn't theirs: off, report or enforce."""

    csp_allow = option.ListOfItems(option.Type(str), default=[])
    """What they allow beside it, each a directive with its addresses."""


class SupportPlugin(BasePlugin[SupportConfig]):  # type: ignore[no-untyped-call]
    """Renders the support blocks, brings their script and style, and leaves the desk its layout."""

    serving = False
    framed: MkDocsConfig | None = None

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:  # noqa: ARG002 - MkDocs' signature
        """In a preview, problems are shown in the pages; a build stops on them."""
        self.serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Load the policy, add the extension, its script and its style."""
        self.problems: list[str] = []
        policy_file = Path(str(self.config.policy))
        self.extension = SupportExtension(policy=str(policy_file), app_url=self.config.app_url)
        self.extension.folder = Path(config.config_file_path or ".").parent
        self.extension.reload()
        for sentence in self.extension.policy_problems:
            self._problem(sentence)
        if not self.extension.policy_problems and (warning := self._holidays_warning(policy_file)):
            log.warning("%s: %s", policy_file.name, warning)
        # MkDocs hands an instance on to Python-Markdown as it is.
        config.markdown_extensions.append(self.extension)  # type: ignore[arg-type]
        if str(policy_file) not in config.watch:
            config.watch.append(str(policy_file))
        self.csp = self._csp()
        for sentence in csp.allow_problems(self.config.csp_allow):
            self._problem(sentence)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:  # noqa: ARG002 - MkDocs' signature
        """Find the page with the criteria."""
        self.criteria_page = next((file for file in files.documentation_pages() if _has_criteria(file)), None)
        return files

    @event_priority(100)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG002 - MkDocs' signature
        """Note what is wrong with the page's blocks, and tell the extension where it stands."""
        self.extension.page = here = PageContext(
            criteria_url=_criteria_url(self.criteria_page, page.file),
            path=page.abs_url or f"/{page.url}",
            source=beside(Path(page.file.abs_src_path or page.file.src_path), self.extension.folder),
            lines_before=_lines_before(markdown, page.file.content_string),
            resolve=_resolver(files, page.file),
        )
        for fence in find_fences(markdown.split("\n")):
            for problem in (*fence.problems, *self.extension.link_problems(fence)):
                self._problem(here.tell(problem))
        return markdown

    @event_priority(-100)
    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:  # noqa: ARG002 - MkDocs' signature
        """Keep the navigation, as all plugins have made it, for the desk's frame."""
        self.nav = nav
        return nav

    @event_priority(-100)
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """All pages are read: stop a build that has problems, with all of them listed; make the desk's frame."""
        if self.problems and not self.serving:
            self._stop()
        # A plugin that builds a site in several languages does so one after the other with one configuration;
        # the desk wears the first.
        if self.framed is not config:
            self.framed = config
            self.frame = self._make_frame(env, config, files)
        return env

    # Before those who change pages: whoever makes them smaller does so with ours, whichever stands first in mkdocs.yml.
    @event_priority(50)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Bring script and style into a page that has one of our blocks."""
        if has_blocks(output):
            return _with_assets(output, assets(), page, config)
        return _with_assets(output, closure_assets(), page, config) if self._announces_everywhere else output

    @event_priority(50)
    def on_post_template(self, output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
        """A page of the theme's own, as for an address that isn't there, announces closures where all pages do."""
        if not self._announces_everywhere or not template_name.endswith(".html"):
            return output_content
        return _with_assets(output_content, closure_assets(), None, config)

    @event_priority(100)
    def _write_files(self, *, config: MkDocsConfig) -> None:
        """Write the assets, the desk's frame and the file of closures; they are no files of the site's source."""
        site_dir = Path(config.site_dir)
        for asset in assets():
            write_file(asset.content, str(site_dir / "assets" / asset.hashed_name))
        write_file(self.frame.encode(), str(site_dir / FRAME_FILE))
        # The desk rewrites it in the built site; the pages look for it from the first day on.
        write_file(NO_CLOSURES.encode(), str(site_dir / CLOSURES_FILE))

    @event_priority(-50)
    def _judge_pages(self, *, config: MkDocsConfig) -> None:
        """Write the Content-Security-Policy, or tell what it would block, which only the finished pages tell."""
        if self.csp == "off" or self.serving:
            return
        site_dir = Path(config.site_dir)
        policy = csp.read_policy(site_dir, self.config.app_url, self.config.csp_allow)
        # Where pages are exchanged within one document, all come under the policy of the first.
        everywhere = "navigation.instant" in (config.theme.get("features") or ())
        tell = log.warning if self.csp == "enforce" else log.info
        for path in csp.html_pages(site_dir):
            page, place = path.read_text("utf-8"), path.relative_to(site_dir).as_posix()
            if everywhere or has_blocks(page):
                url = urljoin(config.site_url or "http://localhost/", place)
                for one in blocked(page, url, policy, is_material=config.theme.name == "material"):
                    tell("%s: the policy blocks %s. To allow it, add to csp_allow:\n  - %s", place, one.what, one.line)
        if self.csp == "enforce":
            csp.write_policy(site_dir, policy)

    on_post_build = CombinedEvent(_write_files, _judge_pages)

    @property
    def _announces_everywhere(self) -> bool:
        return self.config.announce_closures == "everywhere"

    def _csp(self) -> str:
        value = self.config.csp
        if value is False:
            return "off"
        if value in {"off", "report", "enforce"}:
            return str(value)
        written = "true" if value is True else value
        self._problem(f'csp: can\'t be "{written}"; write "off", "report" or "enforce" (which is what "true" was).')
        return "off"

    def _make_frame(self, env: Environment, config: MkDocsConfig, files: Files) -> str:
        """A page of the theme with the marks that the desk fills."""
        page = Page(TITLE, File.generated(config, shell.SOURCE, content=""), config)
        page.meta, page.content, page.toc = dict(shell.META), shell.CONTENT_HTML, TableOfContents([])
        context = get_context(self.nav, files, config, page)
        # From the root, as what the reader chose (light or dark) is stored under it. The dot lets a theme add
        # "/search.html" to it.
        context["base_url"] = f"{urlsplit(config.site_url or '/').path or '/'}."
        try:
            output = env.get_template("main.html").render(context)
            output = _with_assets(output, assets(), page, config)
            frame = shell.make_shell(output, page.abs_url or f"/{page.url}", keeps_instant=self.csp == "enforce")
            frame_places(frame)
        except (TemplateError, BrokenFrame) as error:
            raise PluginError(f"The theme makes no frame for the help desk's pages: {error}.") from error
        return frame

    def _holidays_warning(self, policy_file: Path) -> str:
        """As of the build's own date, which SOURCE_DATE_EPOCH can set."""
        return holidays_warning(load(policy_file).calendar, get_build_datetime())

    def _problem(self, sentence: str) -> None:
        self.problems.append(sentence)
        log.warning(sentence) if self.serving else log.error(sentence)

    def _stop(self) -> None:
        count = len(self.problems)
        raise PluginError(f"The guide has {count} problem{'s' if count > 1 else ''}; see above.")


def _with_assets(output: str, wanted: Iterable[Asset], page: Page | None, config: MkDocsConfig) -> str:
    base = urlsplit(config.site_url or "/").path or "/"
    own_styles = {normalize_url(str(path), page, base) for path in config.extra_css}
    return with_assets(output, wanted, normalize_url("assets", page, base) + "/", own_styles)


def _has_criteria(file: File) -> bool:
    fences = find_fences(file.content_string.split("\n"))
    return any(fence.kind == "support-table" and fence.options.get("show") == "criteria" for fence in fences)


def _lines_before(markdown: str, whole: str) -> int:
    """How many lines of a file stand above its text."""
    return whole.count("\n") - markdown.count("\n") if whole.endswith(markdown) else 0


def _criteria_url(criteria_page: File | None, here: File) -> str:
    return "" if criteria_page is None or criteria_page is here else criteria_page.url_relative_to(here)


def _resolver(files: Files, here: File) -> Callable[[str], str | None]:
    """Links as Markdown has them: a page's source, with an anchor if wanted; addresses stay as they are."""

    def resolve(target: str) -> str | None:
        path, mark, anchor = target.partition("#")
        if not path or urlsplit(path).scheme or path.startswith("/"):
            return target
        folder = Path(here.src_uri).parent
        found = files.get_file_from_path(_plain(folder / path))
        return f"{found.url_relative_to(here)}{mark}{anchor}" if found else None

    return resolve


def _plain(path: Path) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)

"""The MkDocs plugin: a thin adapter around the Markdown extension."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from jinja2 import Environment
from mkdocs.config import base
from mkdocs.config import config_options as option
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority, get_plugin_logger
from mkdocs.structure.files import Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_build_datetime, write_file

from formapp.widgets import (
    CLOSURES_FILE,
    NO_CLOSURES,
    NO_SCOREBOARD,
    SCOREBOARD_FILE,
    Asset,
    assets,
    help_assets,
)
from formapp.widgets.built_site import PAGES_FILE, GuidePage, pages_text
from formapp.widgets.page_frame import FRAME_FILE
from site_plugins import placeholders
from site_plugins.collected import PageContext
from site_plugins.desk_frame import make_frame, with_own_assets
from site_plugins.extension import SupportExtension, address_problem
from site_plugins.facts import MARK
from site_plugins.page_assets import block_assets, closure_assets, has_blocks, may_have_blocks
from site_plugins.page_urls import (
    language_of,
    listed_pages,
    path_of,
    resolver,
    url_from,
)
from site_plugins.site_problems import dead_criteria_links, languages_not_spoken, missing_languages, pages_at_the_desk
from site_plugins.sources import Source, beside
from site_plugins.translation import gettext as _
from site_plugins.translation import ngettext
from supportpolicy import holidays_warning, translation_files
from supportpolicy.languages import (
    language_of_environment,
    speak,
)

# What an option needs is imported where that is on, and a preview's needs in a preview: a build pays for no more.
if TYPE_CHECKING:
    from mkdocs.livereload import LiveReloadServer

    from site_plugins.desk_preview import DeskPreview
    from site_plugins.helped_pages import HelpedSite

log = get_plugin_logger("support")


class SupportConfig(base.Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    policy = option.File(default="support-policy.yml", exists=False)
    """The policy file, beside mkdocs.yml."""

    app_url = option.Type(str, default="/support/")
    """Where the help desk answers: a path on the guide's own origin, or a whole address."""

    announce_closures = option.Choice(("with_blocks", "everywhere"), default="with_blocks")
    """Which pages tell of closures: those with one of our blocks, or every page of the site."""

    page_help = option.Type(bool, default=False)
    """Whether pages, their headings and the page for missing addresses lead to the form, which suggests pages."""

    lint = option.Type(bool, default=False)
    """Whether a build also stops for what can be seen in its pages: promises typed by hand, pictures without words."""

    # YAML takes the word off for false.
    csp = option.Type((str, bool), default="off")
    """Whether pages with our blocks forbid, by a Content-Security-Policy, what isn't theirs: off, report or enforce."""

    csp_allow = option.ListOfItems(option.Type(str), default=[])
    """What they allow beside it, each a directive with its addresses."""

    preview = option.Type(bool, default=False)
    """Whether ``mkdocs serve`` has a sandbox desk beside the guide, to file tickets at and to read its mails."""


class SupportPlugin(BasePlugin[SupportConfig]):  # type: ignore[no-untyped-call]
    """Renders the support blocks, brings their script and style, and leaves the desk its layout."""

    serving = False
    framed: MkDocsConfig | None = None
    desk: DeskPreview | None = None
    has_looked_for_desk = False

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:  # noqa: ARG002 - MkDocs' signature
        """In a preview, problems are shown in the pages; a build stops on them."""
        self.serving = command == "serve"
        # What the plugin says to writers; what it writes is in its page's language.
        speak(language_of_environment())

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Load the policy, add the extension, its script and its style."""
        self.problems: list[str] = []
        policy_file = Path(str(self.config.policy))
        self._look_for_desk(config)
        # Beside a sandbox, nothing that a writer tries may reach the real desk.
        app_url = self.desk.prefix if self.desk else self.config.app_url
        self.extension = SupportExtension(policy=str(policy_file), app_url=app_url)
        self.extension.folder = Path(config.config_file_path or ".").parent
        self.extension.widgets_last = True
        if self.config.page_help:
            from site_plugins.helped_pages import form_with_help

            self.extension.page_help = form_with_help(config.plugins)
        self.extension.reload()
        wrong_address = address_problem(self.config.app_url)
        for sentence in self.extension.policy_problems:
            self._problem(
                f"{_place_of_option(config, 'app_url')}: {sentence}" if sentence == wrong_address else sentence
            )
        # As of the build's own date, which SOURCE_DATE_EPOCH can set.
        policy = self.extension.policy
        if policy is not None and (warning := holidays_warning(policy.calendar, get_build_datetime())):
            # Not a warning for MkDocs: a strict build of something else must not stop by the calendar's date.
            log.info("%s: %s", policy_file.name, warning)
        # MkDocs hands an instance on to Python-Markdown as it is.
        config.markdown_extensions.append(self.extension)  # type: ignore[arg-type]
        for file in (policy_file, *(path for _code, path in translation_files(policy_file))):
            if str(file) not in config.watch:
                config.watch.append(str(file))
        self.csp = self._csp()
        if self.config.csp_allow:
            from site_plugins.csp import allow_problems

            for sentence in allow_problems(self.config.csp_allow):
                self._problem(sentence)
        return config

    def on_serve(
        self,
        server: LiveReloadServer,
        *,
        config: MkDocsConfig,
        builder: Callable[..., None],  # noqa: ARG002 - MkDocs' signature
    ) -> LiveReloadServer:
        """Put the sandbox desk beside the guide, on the same port."""
        if self.desk is not None and (guide := server.get_app()) is not None:
            from site_plugins.desk_preview import address_of

            host, port = address_of(config.dev_addr)
            with_desk = self.desk.begin(
                guide,
                policy_file=Path(str(self.config.policy)),
                site_dir=Path(config.site_dir),
                host=host,
                port=port,
                log=type(server).__module__,
            )
            server.set_app(with_desk)
            log.info(
                _("The sandbox desk answers at %(path)s; the bar below each page leads there.", path=self.desk.prefix)
            )
        return server

    def on_shutdown(self) -> None:
        """End the sandbox desk with the preview."""
        if self.desk is not None:
            self.desk.end()

    @event_priority(100)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Tell the extension where the page stands that is rendered next."""
        snippets = config.mdx_configs.get("pymdownx.snippets", {})
        bases = snippets.get("base_path", ["."])
        folders = [Path(base) for base in ([bases] if isinstance(bases, str) else bases)]
        self.extension.page = PageContext(
            name=page.file.src_uri,
            path=path_of(page),
            source=Source(
                Path(page.file.abs_src_path or page.file.src_path),
                lambda: page.file.content_string,
                (*folders, Path(config.docs_dir), self.extension.folder),
                tuple(snippets.get("auto_append", ())),
            ),
            resolve=resolver(files, page.file),
            language=language_of(page, config),
        )
        for name in ("title", "description"):
            if isinstance(text := page.meta.get(name), str) and MARK in text:
                page.meta[name] = self.extension.with_facts(text)
        return markdown

    @event_priority(-100)
    def on_nav(self, nav: Navigation, *, config: MkDocsConfig, files: Files) -> Navigation:  # noqa: ARG002 - MkDocs' signature
        """Keep the navigation, as all plugins have made it, for the desk's frame."""
        self.nav = nav
        return nav

    @event_priority(-100)
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """All pages are rendered: stop a build that has problems, with all of them listed; make the desk's frame."""
        self._note_whole_site(files, config)
        self._note_lint(config)
        self.files = files
        self._tell_problems()
        # What else is rendered, such as the beginnings of a blog's posts, is of no page that we know.
        self.extension.page = PageContext()
        # A plugin that builds a site in several languages does so one after the other with one configuration;
        # the desk wears the first.
        if self.framed is not config:
            self.framed = config
            self.pages: dict[str, GuidePage] = {}
            self.frame = make_frame(env, config, files, self.nav, keeps_instant=self.csp == "enforce")
        for listed in listed_pages(files, self.extension.folder):
            self.pages.setdefault(listed.path, listed)
        return env

    # Before those who change pages: whoever makes them smaller does so with ours, whichever stands first in mkdocs.yml.
    @event_priority(100)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        """Put the widgets into the page, and script and style into one that has some."""
        finished, wanted = output, closure_assets() if self._announces_everywhere else ()
        # Of most pages one look says enough, and they are long.
        if may_have_blocks(output):
            finished = self._with_widgets(output, page)
            if finished != output or has_blocks(output):
                wanted = block_assets(finished)
        if self.config.page_help:
            finished, of_help = self._helped(config).with_help(finished, page)
            wanted = (*wanted, *of_help)
        return with_own_assets(finished, wanted, page, config) if wanted else output

    @event_priority(50)
    def on_post_template(self, output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
        """A page of the theme's own, as for an address that isn't there: closures where all announce them, and help."""
        if not template_name.endswith(".html"):
            return output_content
        wanted: tuple[Asset, ...] = closure_assets() if self._announces_everywhere else ()
        if self.config.page_help and template_name == "404.html":
            output_content, of_help = self._helped(config).with_missing_page_help(output_content)
            wanted = (*wanted, *of_help)
        return with_own_assets(output_content, wanted, None, config) if wanted else output_content

    @event_priority(100)
    def _write_files(self, *, config: MkDocsConfig) -> None:
        """Write the assets and what is for the desk, or from it; they are no files of the site's source."""
        site_dir = Path(config.site_dir)
        for asset in (*assets(), *(help_assets() if self.config.page_help else ())):
            write_file(asset.content, str(site_dir / "assets" / asset.hashed_name))
        write_file(self.frame.encode(), str(site_dir / FRAME_FILE))
        # The desk rewrites it in the built site; the pages look for it from the first day on.
        write_file(NO_CLOSURES.encode(), str(site_dir / CLOSURES_FILE))
        write_file(NO_SCOREBOARD.encode(), str(site_dir / SCOREBOARD_FILE))
        write_file(pages_text(self.pages.values()).encode(), str(site_dir / PAGES_FILE))

    @event_priority(-50)
    def _write_csp(self, *, config: MkDocsConfig) -> None:
        """Write the Content-Security-Policy, or tell what it would block, which only the finished pages tell."""
        if self.csp == "off" or self.serving:
            return
        from site_plugins import csp
        from site_plugins.csp_report import blocked_in

        site_dir = Path(config.site_dir)
        policy = csp.read_policy(site_dir, self.config.app_url, self.config.csp_allow)
        # Where pages are exchanged within one document, all come under the policy of the first.
        everywhere = "navigation.instant" in (config.theme.get("features") or ())
        tell = log.warning if self.csp == "enforce" else log.info
        is_material = config.theme.name == "material"
        for place, one in blocked_in(site_dir, policy, config.site_url, everywhere=everywhere, is_material=is_material):
            sentence = _("the policy blocks %(what)s. To allow it, add to csp_allow:", what=one.what)
            tell("%s: %s\n  - %s", place, sentence, one.line)
        if self.csp == "enforce":
            csp.write_policy(site_dir, policy)

    @event_priority(150)
    def _tell_late_problems(self, *, config: MkDocsConfig) -> None:  # noqa: ARG002 - MkDocs' signature
        """Stop for problems of what was rendered after the pages, such as the beginnings of a blog's posts."""
        self._tell_problems()

    @event_priority(-100)
    def _hand_policy_to_desk(self, *, config: MkDocsConfig) -> None:  # noqa: ARG002 - MkDocs' signature
        """The sandbox desk keeps what the guide promises now; while that can't be read, what it promised before."""
        if self.desk is not None and self.extension.policy is not None:
            self.desk.use_policy(self.extension.policy)

    on_post_build = CombinedEvent(_tell_late_problems, _write_files, _write_csp, _hand_policy_to_desk)

    def _look_for_desk(self, config: MkDocsConfig) -> None:
        """Find out, once a preview, whether it can have a sandbox desk; if not, say why and go on."""
        if not (self.serving and self.config.preview) or self.has_looked_for_desk:
            return
        self.has_looked_for_desk = True
        from site_plugins.desk_preview import DeskPreview, NoDesk, address_of

        try:
            self.desk = DeskPreview(address_of(config.dev_addr)[0])
        except NoDesk as reason:
            log.warning(str(reason))

    def _note_whole_site(self, files: Files, config: MkDocsConfig) -> None:
        collected, policy_file = self.extension.collected, Path(str(self.config.policy))
        desk = "" if address_problem(self.config.app_url) else self.extension.app_url
        for sentence in (
            *dead_criteria_links(collected, files),
            *missing_languages(collected, policy_file),
            *pages_at_the_desk(files, config, desk),
        ):
            collected.problems[sentence] = None
        for note in (*languages_not_spoken(collected), *collected.notes):
            log.info("%s", note)

    def _note_lint(self, config: MkDocsConfig) -> None:
        if self.config.lint:
            from site_plugins.lint.lint import LINT_CHECKS, lint

            for path, finding in lint(Path(config.docs_dir), self.extension.policy, LINT_CHECKS):
                place = f"{beside(path, self.extension.folder)}:{finding.line}"
                self.extension.collected.problems[f"{place}: {finding.sentence}"] = None

    def _tell_problems(self) -> None:
        for sentence in self.extension.collected.problems:
            if sentence not in self.problems:
                self._problem(sentence)
        if self.problems and not self.serving:
            self._stop()

    def _with_widgets(self, output: str, page: Page) -> str:
        languages, own = self.extension.collected.languages, page.file.src_uri
        names = [name for name in self.extension.collected.criteria_pages if languages[name] == languages.get(own)]
        criteria_page = own if own in names else next(iter(names), None)
        url = None if criteria_page is None else url_from(page.file, self.files.src_uris[criteria_page])
        return placeholders.with_widgets(output, lambda number: self.extension.collected.widgets[number](url))

    def _helped(self, config: MkDocsConfig) -> HelpedSite:
        from site_plugins.helped_pages import HelpedSite

        extension = self.extension
        return HelpedSite(extension.collected.form_pages, extension.app_url, self.nav, self.files, config)

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
        self._problem(
            _(
                'csp: can\'t be "%(written)s"; write "off", "report" or "enforce" (which is what "true" was).',
                written=written,
            )
        )
        return "off"

    def _problem(self, sentence: str) -> None:
        self.problems.append(sentence)
        log.warning(sentence) if self.serving else log.error(sentence)

    def _stop(self) -> None:
        raise PluginError(
            ngettext(
                "The guide has %(count)s problem; see above.",
                "The guide has %(count)s problems; see above.",
                len(self.problems),
            )
        )


def _place_of_option(config: MkDocsConfig, name: str) -> str:
    """Where an option of the plugin stands in mkdocs.yml, as well as can be seen: "mkdocs.yml:12"."""
    file = Path(config.config_file_path or "mkdocs.yml")
    lines = file.read_text("utf-8").split("\n") if file.is_file() else []
    line = next((number for number, line in enumerate(lines, 1) if line.lstrip(" {-").startswith(f"{name}:")), 1)
    return f"{file.name}:{line}"

"""The MkDocs plugin: a thin adapter around the Markdown extension."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from mkdocs.config import base
from mkdocs.config import config_options as option
from mkdocs.config.config_options import ExtraScriptValue
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page
from mkdocs.utils import get_build_datetime

from formapp.widgets import CLOSURES_FILE, NO_CLOSURES, assets
from formapp.widgets.page_frame import FRAME_FILE
from site_plugins import csp, readable, shell
from site_plugins.extension import PageContext, SupportExtension, address_problem
from site_plugins.sources import Source
from supportpolicy import holidays_warning, load

log = get_plugin_logger("support")


class SupportConfig(base.Config):  # type: ignore[no-untyped-call]
    """The plugin's options in mkdocs.yml."""

    policy = option.File(default="support-policy.yml", exists=False)
    """The policy file, beside mkdocs.yml."""

    app_url = option.Type(str, default="/support/")
    """Where the help desk answers: a path on the guide's own origin, or a whole address."""

    csp = option.Type(bool, default=True)
    """Whether pages forbid, by a Content-Security-Policy, all that is not their own."""


class SupportPlugin(BasePlugin[SupportConfig]):  # type: ignore[no-untyped-call]
    """Renders the support blocks, brings their script and style, and leaves the desk its layout."""

    serving = False

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:  # noqa: ARG002 - MkDocs' signature
        """In a preview, problems are shown in the pages; a build stops on them."""
        self.serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Load the policy, add the extension, its script and its style."""
        self.problems: list[str] = []
        self.shell_page = ""
        policy_file = Path(str(self.config.policy))
        self.extension = SupportExtension(policy=str(policy_file), app_url=self.config.app_url)
        self.extension.folder = Path(config.config_file_path or ".").parent
        self.extension.widgets_last = True
        self.extension.reload()
        wrong_address = address_problem(self.config.app_url)
        for sentence in self.extension.policy_problems:
            self._problem(
                f"{_place_of_option(config, 'app_url')}: {sentence}" if sentence == wrong_address else sentence
            )
        if self.extension.policy is not None and (warning := self._holidays_warning(policy_file)):
            # Not a warning for MkDocs: a strict build of something else must not stop by the calendar's date.
            log.info("%s: %s", policy_file.name, warning)
        # MkDocs hands an instance on to Python-Markdown as it is.
        config.markdown_extensions.append(self.extension)  # type: ignore[arg-type]
        if str(policy_file) not in config.watch:
            config.watch.append(str(policy_file))
        styles = [f"assets/{asset.hashed_name}" for asset in assets() if asset.media_type == "text/css"]
        # First, so that a site's own style overrides ours.
        config.extra_css[:0] = [style for style in styles if style not in config.extra_css]
        for asset in assets():
            name = f"assets/{asset.hashed_name}"
            if asset.media_type == "text/javascript" and name not in map(str, config.extra_javascript):
                script = ExtraScriptValue(name)
                script.type = "module"
                config.extra_javascript.append(script)
        return config

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the assets, the page that the desk fills and the file of closures."""
        for asset in assets():
            files.append(File.generated(config, f"assets/{asset.hashed_name}", content=asset.content))
        files.append(File.generated(config, shell.SOURCE, content=shell.MARKDOWN, inclusion=InclusionLevel.NOT_IN_NAV))
        # The desk rewrites it in the built site; the pages look for it from the first day on.
        files.append(File.generated(config, CLOSURES_FILE, content=NO_CLOSURES))
        return files

    @event_priority(100)
    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        """Tell the extension where the page stands that is rendered next."""
        snippets = config.mdx_configs.get("pymdownx.snippets", {})
        bases = snippets.get("base_path", ["."])
        folders = [Path(base) for base in ([bases] if isinstance(bases, str) else bases)]
        self.extension.page = PageContext(
            name=page.file.src_uri,
            path=page.abs_url or f"/{page.url}",
            source=Source(
                Path(page.file.abs_src_path or page.file.src_path),
                page.file.content_string,
                (*folders, Path(config.docs_dir), self.extension.folder),
                tuple(snippets.get("auto_append", ())),
            ),
            resolve=_resolver(files, page.file),
        )
        return markdown

    @event_priority(-100)
    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:  # noqa: ANN401, ARG002 - MkDocs' signature
        """All pages are rendered: stop a build that has problems, with all of them listed."""
        collected = self.extension.collected
        for link in collected.criteria_links:
            file = _file_of(files, files.src_uris[link.page], link.target)
            if file is not None and file.src_uri not in collected.criteria_pages:
                sentence = (
                    f'"criteria: {link.target}" leads to a page without the criteria; show them there by a block '
                    '"support-table" with "show: criteria".'
                )
                collected.problems[f"{link.place}: {sentence}"] = None
        self.files = files
        for sentence in collected.problems:
            self._problem(sentence)
        if self.problems and not self.serving:
            self._stop()
        # What else is rendered, such as the beginnings of a blog's posts, is of no page that we know.
        self.extension.page = PageContext()
        return env

    @event_priority(100)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG002 - MkDocs' signature
        """Put the widgets into the page; take the shell out of the pages."""
        if readable.has_places(output):
            names = self.extension.collected.criteria_pages
            criteria_page = page.file.src_uri if page.file.src_uri in names else next(iter(names), None)
            url = None if criteria_page is None else _url_from(page.file, self.files.src_uris[criteria_page])
            output = readable.with_widgets(output, lambda number: self.extension.collected.widgets[number](url))
        if page.file.src_uri != shell.SOURCE:
            return output
        self.shell_page = shell.make_shell(output, page.abs_url or f"/{page.url}")
        return ""

    def on_post_template(self, output_content: str, *, template_name: str, config: MkDocsConfig) -> str:  # noqa: ARG002 - MkDocs' signature
        """Take the shell out of the sitemap."""
        return shell.without_shell(output_content) if template_name == "sitemap.xml" else output_content

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Write the desk's layout and the Content-Security-Policy, which only the finished pages tell."""
        site_dir = Path(config.site_dir)
        for sentence in self.extension.collected.problems:
            if sentence not in self.problems:
                self._problem(sentence)
        if self.problems and not self.serving:
            self._stop()
        if self.config.csp:
            csp.write_policy(site_dir, self.config.app_url)
        # After the policy: the desk sends its own for the pages that it fills.
        (site_dir / FRAME_FILE).write_text(self.shell_page, "utf-8")

    def _holidays_warning(self, policy_file: Path) -> str:
        """As of the build's own date, which SOURCE_DATE_EPOCH can set."""
        return holidays_warning(load(policy_file).calendar, get_build_datetime())

    def _problem(self, sentence: str) -> None:
        self.problems.append(sentence)
        log.warning(sentence) if self.serving else log.error(sentence)

    def _stop(self) -> None:
        count = len(self.problems)
        raise PluginError(f"The guide has {count} problem{'s' if count > 1 else ''}; see above.")


def _place_of_option(config: MkDocsConfig, name: str) -> str:
    """Where an option of the plugin stands in mkdocs.yml, as well as can be seen: "mkdocs.yml:12"."""
    file = Path(config.config_file_path or "mkdocs.yml")
    lines = file.read_text("utf-8").split("\n") if file.is_file() else []
    line = next((number for number, line in enumerate(lines, 1) if line.lstrip(" {-").startswith(f"{name}:")), 1)
    return f"{file.name}:{line}"


def _url_from(here: File, there: File) -> str:
    """The address of a page from another; empty from itself."""
    return "" if here is there else there.url_relative_to(here)


def _resolver(files: Files, here: File) -> Callable[[str], str | None]:
    """Links as Markdown has them: a page's source, with an anchor if wanted; addresses stay as they are."""

    def resolve(target: str) -> str | None:
        path, mark, anchor = target.partition("#")
        if _is_address(path):
            return target
        found = _file_of(files, here, target)
        return f"{found.url_relative_to(here)}{mark}{anchor}" if found else None

    return resolve


def _is_address(path: str) -> bool:
    return not path or bool(urlsplit(path).scheme) or path.startswith("/")


def _file_of(files: Files, here: File, target: str) -> File | None:
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

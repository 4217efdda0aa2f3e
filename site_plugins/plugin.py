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
from site_plugins import csp, shell
from site_plugins.extension import PageContext, SupportExtension, beside
from site_plugins.fences import find_fences
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
        self.extension.reload()
        for sentence in self.extension.policy_problems:
            self._problem(sentence)
        if not self.extension.policy_problems and (warning := self._holidays_warning(policy_file)):
            log.warning("%s: %s", policy_file.name, warning)
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
        """Add the assets, the page that the desk fills and the file of closures; find the page with the criteria."""
        for asset in assets():
            files.append(File.generated(config, f"assets/{asset.hashed_name}", content=asset.content))
        files.append(File.generated(config, shell.SOURCE, content=shell.MARKDOWN, inclusion=InclusionLevel.NOT_IN_NAV))
        # The desk rewrites it in the built site; the pages look for it from the first day on.
        files.append(File.generated(config, CLOSURES_FILE, content=NO_CLOSURES))
        self.files = files
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

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:  # noqa: ANN401, ARG002 - MkDocs' signature
        """All pages are read: stop a build that has problems, with all of them listed."""
        if self.problems and not self.serving:
            self._stop()
        return env

    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG002 - MkDocs' signature
        """Take the shell out of the pages."""
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

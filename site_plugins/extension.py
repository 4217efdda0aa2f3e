"""The Markdown extension: our fenced blocks become the widgets' HTML. It knows nothing of MkDocs.

Used by the plugin as an instance, or on its own by any tool that runs Python-Markdown:
``{"policy": "support-policy.yml", "app_url": "/support/"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markupsafe import Markup

from formapp.forms import ticket_form
from formapp.widgets import render_chooser, render_form, render_table
from site_plugins.fences import Fence, FenceProblem, find_fences
from supportpolicy import Policy, PolicyError, graph_svg, load

# Before fenced_code and superfences (25), which would take the blocks for code.
PRIORITY = 27


@dataclass(slots=True)
class PageContext:
    """Where the page stands. ``resolve`` turns "page.md#anchor" into a URL, or None where there is none.

    ``source`` is the page's file as its writer knows it, in which ``lines_before`` lines of front
    matter stand above the text.
    """

    criteria_url: str = ""
    path: str = ""
    source: str = ""
    lines_before: int = 0
    resolve: Callable[[str], str | None] = field(default=lambda target: target)

    def tell(self, problem: FenceProblem) -> str:
        """The problem as "file:line: sentence"."""
        line = problem.line + self.lines_before
        return f"{self.source}:{line}: {problem.sentence}" if self.source else f"Line {line}: {problem.sentence}"


class SupportExtension(Extension):
    """Renders ``support-table``, ``support-chooser`` and ``support-form``."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Python-Markdown's signature
        self.config = {
            "policy": ["support-policy.yml", "The policy file"],
            "app_url": ["/support/", "Where the help desk answers"],
        }
        super().__init__(**options)
        self.policy: Policy | None = None
        self.policy_problems: list[str] = []
        self.folder = Path()
        self.page = PageContext()

    @property
    def app_url(self) -> str:
        """The desk's address, with a slash at its end."""
        return str(self.getConfig("app_url")).rstrip("/") + "/"

    @property
    def dates_url(self) -> str:
        """Where the desk tells by when one is answered if one files now."""
        return f"{self.app_url}dates.json"

    def reload(self) -> None:
        """Read the policy file anew; its problems are kept and shown where a widget should stand."""
        self.policy, self.policy_problems = None, []
        try:
            self.policy = load(self.getConfig("policy"))
        except PolicyError as error:
            for problem in error.problems:
                place = beside(Path(problem.file), self.folder)
                self.policy_problems.append(f"{place}:{problem.line}: {problem.sentence}")

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Python-Markdown's name
        """Take our blocks before any other extension can."""
        if self.policy is None and not self.policy_problems:
            self.reload()
        md.block_level_elements.extend(("support-chooser", "support-form"))
        md.preprocessors.register(_FencePreprocessor(md, self), "support", PRIORITY)

    def html_of(self, fence: Fence) -> Markup:
        """The HTML of one block: its widget, or what is wrong with it."""
        if self.policy is None:
            return problem_box(self.policy_problems)
        problems_here = [*fence.problems, *self.link_problems(fence)]
        if problems_here:
            return problem_box([self.page.tell(problem) for problem in problems_here])
        if fence.kind == "support-chooser":
            return render_chooser(
                self.policy,
                form_url=self._link(fence, "form") or f"{self.app_url}tickets/new",
                dates_url=self.dates_url,
            )
        if fence.kind == "support-form":
            return render_form(
                self.policy,
                ticket_form(self.policy),
                action=f"{self.app_url}tickets",
                embedded=True,
                page=self.page.path,
                dates_url=self.dates_url,
                files_url=f"{self.app_url}files",
                similar_url=f"{self.app_url}similar.json",
            )
        show = fence.options.get("show", "promises")
        if show == "graph":
            svg = Markup(graph_svg(self.policy))  # noqa: S704 - our own drawing, its words escaped
            return Markup(
                '<div class="support-graph" tabindex="0" role="group" aria-label="Decision graph">{}</div>'
            ).format(svg)
        criteria_url = self._link(fence, "criteria") or self.page.criteria_url
        return render_table(self.policy, show=show, criteria_url=criteria_url, dates_url=self.dates_url)  # type: ignore[arg-type]

    def link_problems(self, fence: Fence) -> list[FenceProblem]:
        """Options that name a page which isn't there."""
        return [
            FenceProblem(
                fence.option_lines[name], f'"{name}: {fence.options[name]}" leads nowhere; there is no such page.'
            )
            for name in ("criteria", "form")
            if name in fence.options and self._link(fence, name) is None
        ]

    def _link(self, fence: Fence, name: str) -> str | None:
        target = fence.options.get(name)
        return self.page.resolve(target) if target else ""


class _FencePreprocessor(Preprocessor):
    def __init__(self, md: Markdown, extension: SupportExtension) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, lines: list[str]) -> list[str]:
        """Put each block's HTML into the stash and its placeholder into the text, at the same indent."""
        result: list[str] = []
        done = 0
        for fence in find_fences(lines):
            html = str(self._extension.html_of(fence))
            result += lines[done : fence.start - 1]
            result += ["", fence.indent + self.md.htmlStash.store(html), ""]
            done = fence.end
        return result + lines[done:]


def problem_box(sentences: Sequence[str]) -> Markup:
    """What a writer sees in the preview where a widget should stand."""
    rows = Markup().join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Markup(
        '<div class="admonition failure support-problem">'
        '<p class="admonition-title">This can\'t be shown yet</p><ul>{}</ul></div>'
    ).format(rows)


def beside(path: Path, folder: Path) -> str:
    """A path as its writer knows it: from this folder."""
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return str(path)


def makeExtension(**options: Any) -> SupportExtension:  # noqa: ANN401, N802 - Python-Markdown's entry
    """Python-Markdown's way to make the extension by its dotted name."""
    return SupportExtension(**options)

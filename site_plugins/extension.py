"""The Markdown extension: our fenced blocks become the widgets' HTML. It knows nothing of MkDocs.

Used by the plugin as an instance, or on its own by any tool that runs Python-Markdown:
``{"policy": "support-policy.yml", "app_url": "/support/"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markupsafe import Markup

from formapp.forms import ticket_form
from formapp.widgets import render_chooser, render_form, render_table
from site_plugins import readable
from site_plugins.fences import Fence, FenceProblem, find_fences
from site_plugins.sources import Source
from supportpolicy import Policy, PolicyError, graph_svg, load

# Before fenced_code and superfences (25), which would take the blocks for code.
PRIORITY = 27


@dataclass(slots=True)
class PageContext:
    """Where the page stands. ``resolve`` turns "page.md#anchor" into a URL, or None where there is none.

    ``name`` is the page's among the site's, and ``source`` its file, by which a problem names the line that its
    writer edits.
    """

    name: str = ""
    path: str = ""
    source: Source | None = None
    resolve: Callable[[str], str | None] = field(default=lambda target: target)


@dataclass(frozen=True, slots=True)
class CriteriaLink:
    """A page that a block names for the criteria, and where it does."""

    page: str
    target: str
    place: str


@dataclass(slots=True)
class Collected:
    """What the pages of a site were found to have while they were rendered."""

    problems: dict[str, None] = field(default_factory=dict)
    criteria_pages: dict[str, None] = field(default_factory=dict)
    criteria_links: list[CriteriaLink] = field(default_factory=list)
    widgets: list[Callable[[str | None], Markup]] = field(default_factory=list)


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
        self.collected = Collected()
        self._tables: dict[tuple[str, str | None], Markup] = {}
        # Whether somebody puts the widgets into the finished pages, for which words stand meanwhile.
        self.widgets_last = False

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
        self._tables.clear()
        if wrong := address_problem(str(self.getConfig("app_url"))):
            self.policy_problems.append(wrong)
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
        md.block_level_elements.extend(("support-chooser", "support-form", readable.TAG))
        md.preprocessors.register(_FencePreprocessor(md, self), "support", PRIORITY)

    def html_of(self, fence: Fence, lines: Sequence[str], criteria_here: bool) -> Markup:
        """The HTML of one block of these lines: its widget, or what is wrong with it."""
        problems_here = [*fence.problems, *self.link_problems(fence)]
        if problems_here:
            told = [self._told(problem, fence, lines) for problem in problems_here]
            self.collected.problems.update(dict.fromkeys(told))
            if self.policy is not None and not self.policy_problems:
                return problem_box(told)
        if self.policy is None or self.policy_problems:
            return problem_box(self.policy_problems)
        show = fence.options.get("show", "promises")
        if fence.kind == "support-table" and show == "criteria" and self.page.name:
            self.collected.criteria_pages[self.page.name] = None
        if "criteria" in fence.options and self.page.name:
            line = fence.option_lines["criteria"]
            place = self._place(line, fence, lines)
            self.collected.criteria_links.append(CriteriaLink(self.page.name, fence.options["criteria"], place))
        widget = self._widget(fence, self.policy)
        if not self.widgets_last:
            return widget("" if criteria_here else None)
        self.collected.widgets.append(widget)
        words = readable.words(self.policy, show) if fence.kind == "support-table" else Markup()
        return readable.stand_in(len(self.collected.widgets) - 1, words)

    def _widget(self, fence: Fence, policy: Policy) -> Callable[[str | None], Markup]:
        """What makes the block's HTML, once it is known which page shows the criteria (None: no page)."""
        page = self.page
        if fence.kind == "support-chooser":
            form_url = self._link(fence, "form") or f"{self.app_url}tickets/new"
            return lambda _: render_chooser(policy, form_url=form_url, dates_url=self.dates_url)
        if fence.kind == "support-form":
            return lambda _: render_form(
                policy,
                ticket_form(policy),
                action=f"{self.app_url}tickets",
                embedded=True,
                page=page.path,
                dates_url=self.dates_url,
                files_url=f"{self.app_url}files",
                similar_url=f"{self.app_url}similar.json",
            )
        show = fence.options.get("show", "promises")
        if show == "graph":
            return lambda _: _drawing(policy)
        own = self._link(fence, "criteria")
        return lambda criteria_url: self._table(policy, show, own or criteria_url)

    def _table(self, policy: Policy, show: str, criteria_url: str | None) -> Markup:
        """A table's HTML, which many pages have alike."""
        key = (show, criteria_url)
        if key not in self._tables:
            self._tables[key] = render_table(
                policy,
                show=show,  # type: ignore[arg-type]
                criteria_url=criteria_url,
                dates_url=self.dates_url,
            )
        return self._tables[key]

    def link_problems(self, fence: Fence) -> list[FenceProblem]:
        """Options that name a page which isn't there."""
        found = []
        for name in ("criteria", "form"):
            if name not in fence.options:
                continue
            target, line = fence.options[name], fence.option_lines[name]
            if self._link(fence, name) is None:
                found.append(FenceProblem(line, f'"{name}: {target}" leads nowhere; there is no such page.'))
            elif name == "criteria" and "#" in target:
                page, _, anchor = target.partition("#")
                sentence = f'Leave "#{anchor}" out of "criteria": each priority\'s name leads to its own place.'
                found.append(FenceProblem(line, sentence if page else f"{sentence} Name the page."))
        return found

    def _link(self, fence: Fence, name: str) -> str | None:
        target = fence.options.get(name)
        return self.page.resolve(target) if target else ""

    def _told(self, problem: FenceProblem, fence: Fence, lines: Sequence[str]) -> str:
        place = self._place(problem.line, fence, lines)
        return f"{place}: {problem.sentence}"

    def _place(self, line: int, fence: Fence, lines: Sequence[str]) -> str:
        """Where a line of a block was written, as its writer knows it: "docs/index.md:12"."""
        if self.page.source is None:
            return f"Line {line}"
        found = self.page.source.find(lines, range(fence.start - 1, fence.end), line - 1)
        return f"{beside(found.file, self.folder)}:{found.line}"


class _FencePreprocessor(Preprocessor):
    def __init__(self, md: Markdown, extension: SupportExtension) -> None:
        super().__init__(md)
        self._extension = extension

    def run(self, lines: list[str]) -> list[str]:
        """Put each block's HTML into the stash and its placeholder into the text, at the same indent."""
        result: list[str] = []
        done = 0
        fences = list(find_fences(lines, self.md.tab_length))
        criteria_here = any(fence.options.get("show") == "criteria" for fence in fences)
        for fence in fences:
            html = str(self._extension.html_of(fence, lines, criteria_here))
            result += lines[done : fence.start - 1]
            result += ["", fence.indent + self.md.htmlStash.store(html), ""]
            done = fence.end
        return result + lines[done:]


def _drawing(policy: Policy) -> Markup:
    svg = Markup(graph_svg(policy))  # noqa: S704 - our own drawing, its words escaped
    return Markup(
        '<div class="support-graph" dir="ltr" tabindex="0" role="group" aria-label="Decision graph">{}</div>'
    ).format(svg)


def address_problem(app_url: str) -> str:
    """What is wrong with the desk's address; empty where it can be one."""
    parts = urlsplit(app_url)
    is_path = app_url.startswith("/") and not app_url.startswith("//")
    is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    if (is_path or is_address) and not parts.query and not parts.fragment and not set(app_url) & set(' \\\t\n"<>'):
        return ""
    like = parts.path.strip("/ ") if not parts.scheme and app_url.strip("/ ").isidentifier() else "support"
    return (
        f'"app_url: {app_url}" is no address of the help desk; write a path that begins with a slash, as in '
        f'"/{like}/", or a whole address, as in "https://desk.example/{like}/".'
    )


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

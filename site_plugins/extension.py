"""The Markdown extension: our fenced blocks become the widgets' HTML. It knows nothing of MkDocs.

Used by the plugin as an instance, or on its own by any tool that runs Python-Markdown:
``{"policy": "support-policy.yml", "app_url": "/support/"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markdown import Extension, Markdown
from markdown.preprocessors import Preprocessor
from markupsafe import Markup

from site_plugins import pictures, placeholders
from site_plugins.collected import Collected, CriteriaLink, PageContext
from site_plugins.facts import (
    FACT,
    FACT_PRIORITY,
    LATE_PRIORITY,
    FactInHtml,
    FactInText,
    Problem,
    fact_problems,
    find_facts,
    may_have_facts,
    unknown,
)
from site_plugins.fences import KINDS, Fence, FenceProblem, find_fences, form_problems
from site_plugins.sources import beside
from site_plugins.translation import gettext as _
from supportpolicy import Policy, PolicyError, all_facts, load
from supportpolicy.languages import (
    PSEUDO_LANGUAGE,
    SOURCE_LANGUAGE,
    closest_language,
)

if TYPE_CHECKING:
    from formapp.widgets.form import PageHelp
    from site_plugins.block_widgets import BlockWidgets

# Before fenced_code and superfences (25), which would take the blocks for code.
PRIORITY = 27


class SupportExtension(Extension):
    """Renders the blocks that are named in ``fences.KINDS``, and tells facts."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Python-Markdown's signature
        self.config = {
            "policy": ["support-policy.yml", "The policy file"],
            "app_url": ["/support/", "Where the help desk answers"],
            "language": [SOURCE_LANGUAGE, "The language of the pages"],
        }
        super().__init__(**options)
        self.policy: Policy | None = None
        self.policy_problems: list[str] = []
        self.folder = Path()
        self.page = PageContext(language=str(self.getConfig("language")))
        self.collected = Collected()
        self._facts: dict[str, Mapping[str, str]] = {}
        self._wrong_facts: dict[str, str] = {}
        self._widgets: BlockWidgets | None = None
        # Whether somebody puts the widgets into the finished pages, for which words stand meanwhile.
        self.widgets_last = False
        # What the form takes of links for help from the pages of the site.
        self.page_help: PageHelp | None = None

    @property
    def app_url(self) -> str:
        """The desk's address, with a slash at its end."""
        return str(self.getConfig("app_url")).rstrip("/") + "/"

    def reload(self) -> None:
        """Read the policy file anew; its problems are kept and shown where a widget should stand."""
        self.policy, self.policy_problems, self._widgets = None, [], None
        self._facts.clear()
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
        md.block_level_elements.extend((*KINDS, placeholders.TAG))
        md.preprocessors.register(_FencePreprocessor(md, self), "support", PRIORITY)
        md.postprocessors.register(FactInHtml(md, self._tell_fact), "support-fact", LATE_PRIORITY)
        pictures.register(md, lambda: self.page.source.file if self.page.source else None)

    def html_of(self, fence: Fence, lines: Sequence[str], criteria_here: bool) -> Markup:
        """The HTML of one block of these lines: its widget, or what is wrong with it."""
        problems_here = [*fence.problems, *self.link_problems(fence), *form_problems(fence, self.policy)]
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
        language = self._language(self.policy, lambda: self._place(fence.start, fence, lines))
        self.collected.languages[self.page.name] = language
        if fence.kind == "support-form" and not fence.options.get("form"):
            self.collected.form_pages[self.page.name] = language
        widgets = self._widgets_of(self.policy)
        widget = widgets.made(
            fence,
            language,
            page=self.page.path,
            form_url=self._link(fence, "form") or "",
            criteria_url=self._link(fence, "criteria") or "",
            page_help=self.page_help,
        )
        if not self.widgets_last:
            return widget("" if criteria_here else None)
        self.collected.widgets.append(widget)
        if fence.kind == "support-changes" and (missing := widgets.missing_changes()):
            self.collected.notes[f"{self._place(fence.start, fence, lines)}: {missing}"] = None
        return placeholders.placeholder(len(self.collected.widgets) - 1, widgets.words(fence, language))

    def _widgets_of(self, policy: Policy) -> BlockWidgets:
        """What renders the blocks, once there is one."""
        if self._widgets is None:
            from site_plugins.block_widgets import BlockWidgets

            self._widgets = BlockWidgets(policy, Path(str(self.getConfig("policy"))), self.app_url)
        return self._widgets

    def facts(self) -> Mapping[str, str]:
        """The facts in the language of the page; none while the policy can't be read."""
        if self.policy is None or self.policy_problems:
            return {}
        language = closest_language(self.page.language) or self.policy.language
        if language not in self._facts:
            self._facts[language] = all_facts(self.policy, language)
        return self._facts[language]

    def take_facts(self, md: Markdown, lines: Sequence[str]) -> None:
        """Let the facts of a page, whose lines these are, be told; note what is wrong with them."""
        self._wrong_facts.clear()
        if not may_have_facts("\n".join(lines)):
            return
        # Asked for each piece of a page's text: it would cost pages without a fact more than all else of ours.
        md.inlinePatterns.register(FactInText(md, self._tell_fact), "support-fact", FACT_PRIORITY)
        if self.policy is None or not (known := self.facts()):
            return
        tab = md.tab_length
        for problem in fact_problems(lines, known, tab):
            told = f"{self._place_of_line(problem.line, lines)}: {problem.sentence}"
            self.collected.problems[told] = None
            self._wrong_facts[problem.written] = told
        if first := next(find_facts(lines, tab), None):
            self._language(self.policy, lambda: self._place_of_line(first.line, lines))

    def with_facts(self, text: str) -> str:
        """A text of the page's front matter with the words of its facts; what is wrong with one is noted."""
        known = self.facts()
        if known and self.page.source is not None:
            lines = self.page.source.text.split("\n")
            for found in FACT.finditer(text):
                if found["name"] not in known:
                    line = next((number for number, one in enumerate(lines, 1) if found[0] in one), 1)
                    told = f"{beside(self.page.source.file, self.folder)}:{line}: {unknown(found['name'], known)}"
                    self.collected.problems[told] = None
        return FACT.sub(lambda found: known.get(found["name"], found[0]), text)

    def _tell_fact(self, name: str, written: str) -> str | Problem | None:
        """The words of a fact, or what is wrong with it; None while nothing can be told."""
        known = self.facts()
        if not known or name in known:
            return known.get(name)
        return Problem(self._wrong_facts.get(written) or unknown(name, known))

    def _language(self, policy: Policy, place: Callable[[], str]) -> str:
        """The language of the page's widgets: its own, or the policy's where we don't speak that.

        ``place``, which takes a look at the page's file, is asked for in the first case of each.
        """
        language = closest_language(self.page.language)
        if language is None:
            if self.page.language not in self.collected.not_spoken:
                self.collected.not_spoken[self.page.language] = place()
            return policy.language
        if language not in (*policy.languages, PSEUDO_LANGUAGE) and language not in self.collected.missing_texts:
            self.collected.missing_texts[language] = place()
        return language

    def link_problems(self, fence: Fence) -> list[FenceProblem]:
        """Options that name a page which isn't there."""
        found = []
        for name in ("criteria", "form"):
            if name not in fence.options or fence.kind == "support-form":
                continue
            target, line = fence.options[name], fence.option_lines[name]
            if self._link(fence, name) is None:
                found.append(
                    FenceProblem(
                        line,
                        _('"%(option)s: %(target)s" leads nowhere; there is no such page.', option=name, target=target),
                    )
                )
            elif name == "criteria" and "#" in target:
                page, _mark, anchor = target.partition("#")
                sentence = (
                    _(
                        'Leave "#%(anchor)s" out of "criteria": each priority\'s name leads to its own place.',
                        anchor=anchor,
                    )
                    if page
                    else _(
                        'Leave "#%(anchor)s" out of "criteria": each priority\'s name leads to its own place. '
                        "Name the page.",
                        anchor=anchor,
                    )
                )
                found.append(FenceProblem(line, sentence))
        return found

    def _link(self, fence: Fence, name: str) -> str | None:
        target = fence.options.get(name)
        return self.page.resolve(target) if target else ""

    def _told(self, problem: FenceProblem, fence: Fence, lines: Sequence[str]) -> str:
        place = self._place(problem.line, fence, lines)
        return f"{place}: {problem.sentence}"

    def _place(self, line: int, fence: Fence, lines: Sequence[str]) -> str:
        """Where a line of a block was written, as its writer knows it: "docs/index.md:12"."""
        return self._place_of_line(line, lines, range(fence.start - 1, fence.end))

    def _place_of_line(self, line: int, lines: Sequence[str], block: range | None = None) -> str:
        if self.page.source is None:
            return _("Line %(line)s", line=line)
        found = self.page.source.find(lines, block or range(line - 1, line), line - 1)
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
        self._extension.take_facts(self.md, lines)
        return result + lines[done:]


def address_problem(app_url: str) -> str:
    """What is wrong with the desk's address; empty where it can be one."""
    parts = urlsplit(app_url)
    is_path = app_url.startswith("/") and not app_url.startswith("//")
    is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    if (is_path or is_address) and not parts.query and not parts.fragment and not set(app_url) & set(' \\\t\n"<>'):
        return ""
    like = parts.path.strip("/ ") if not parts.scheme and app_url.strip("/ ").isidentifier() else "support"
    return _(
        '"app_url: %(address)s" is no address of the help desk; write a path that begins with a slash, as in '
        '"/%(like)s/", or a whole address, as in "https://desk.example/%(like)s/".',
        address=app_url,
        like=like,
    )


def problem_box(sentences: Sequence[str]) -> Markup:
    """What a writer sees in the preview where a widget should stand."""
    rows = Markup().join(Markup("<li>{}</li>").format(sentence) for sentence in sentences)
    return Markup(
        '<div class="admonition failure support-problem"><p class="admonition-title">{}</p><ul>{}</ul></div>'
    ).format(Markup(escape(_("This can't be shown yet"), quote=False)), rows)  # noqa: S704 - escaped


def makeExtension(**options: Any) -> SupportExtension:  # noqa: ANN401, N802 - Python-Markdown's entry
    """Python-Markdown's way to make the extension by its dotted name."""
    return SupportExtension(**options)

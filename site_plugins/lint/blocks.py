"""Blocks and facts as a build judges them, where their links lead, and links that a build leaves as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from site_plugins.facts import fact_problems
from site_plugins.fences import Fence, find_fences, form_problems, without_criteria
from site_plugins.lint.page import Finding, LintPage
from site_plugins.translation import gettext as _

# A link in raw HTML to a page's source.
_HTML_LINK = re.compile(
    r"""<a\b[^<>]*?\shref\s*=\s*["']?(?P<target>[^"'\s>]+\.md(?:#[^"'\s>]*)?)["'\s>]""", re.IGNORECASE
)
_SHOWS = {"criteria": ("support-table", "criteria"), "form": ("support-form", "")}


def block_findings(page: LintPage) -> Iterator[Finding]:
    """What is wrong with the blocks of a page, and with its facts."""
    for fence in find_fences(page.body):
        for problem in (*fence.problems, *form_problems(fence, page.policy)):
            yield Finding(problem.line, problem.sentence)
        for name in ("criteria", "form"):
            if (
                name in fence.options
                and fence.kind != "support-form"
                and (sentence := _target_sentence(page, fence, name))
            ):
                yield Finding(fence.option_lines[name], sentence)
    if page.facts:
        for wrong in fact_problems(page.body, page.facts):
            yield Finding(wrong.line, wrong.sentence)


def link_findings(page: LintPage) -> Iterator[Finding]:
    """Links of blocks to pages without what they promise, and links in raw HTML to a page's source."""
    for fence in find_fences(page.body):
        if fence.kind == "support-chooser" and "form" in fence.options and (sentence := _without_form(page, fence)):
            yield Finding(fence.option_lines["form"], sentence)
    for number, line in enumerate(page.words, start=1):
        for found in _HTML_LINK.finditer(line):
            sentence = _(
                'A link in HTML stays as it is written, and "%(target)s" is no address of the site; write it as '
                "[words](%(target)s).",
                target=found["target"],
            )
            yield Finding(number, sentence)


def _target_sentence(page: LintPage, fence: Fence, name: str) -> str:
    target = fence.options[name]
    file = _file(page, target)
    if file is not None and not file.is_file():
        return _('"%(option)s: %(target)s" leads nowhere; there is no such page.', option=name, target=target)
    if name == "criteria" and file is not None and not _shows(file, *_SHOWS["criteria"]):
        return without_criteria(target)
    return ""


def _without_form(page: LintPage, fence: Fence) -> str:
    target = fence.options["form"]
    file = _file(page, target)
    if file is None or not file.is_file() or _shows(file, *_SHOWS["form"]):
        return ""
    return _(
        '"form: %(target)s" leads to a page without the form; put a block "support-form" there, or leave the option '
        "out to lead to the help desk's own form.",
        target=target,
    )


def _file(page: LintPage, target: str) -> Path | None:
    """The page that an option names; None where it is an address."""
    name = target.partition("#")[0]
    if not name or name.startswith(("/", "mailto:")) or "://" in name:
        return None
    return page.path.parent / name


def _shows(file: Path, kind: str, show: str) -> bool:
    lines = file.read_text("utf-8-sig", errors="replace").split("\n")
    return any(one.kind == kind and (not show or one.options.get("show") == show) for one in find_fences(lines))

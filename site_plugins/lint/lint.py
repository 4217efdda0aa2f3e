"""All checks over all pages of a folder, and mending what is certain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from site_plugins.lint.blocks import block_findings, link_findings
from site_plugins.lint.page import IGNORE_PAGE, Finding, LintPage, mended
from site_plugins.lint.pictures import picture_findings
from site_plugins.lint.steps import step_findings, swallowed_findings
from site_plugins.lint.typed import typed_findings
from site_plugins.translation import gettext as _
from supportpolicy import Policy

Check = Callable[[LintPage], Iterator[Finding]]

# What a build tells by itself, and what only the lint does.
BUILD_CHECKS: tuple[Check, ...] = (block_findings,)
LINT_CHECKS: tuple[Check, ...] = (
    link_findings,
    typed_findings,
    picture_findings,
    step_findings,
    swallowed_findings,
)
_MOST_ROUNDS = 5


def lint(
    docs: Path, policy: Policy | None, checks: Sequence[Check] = (*BUILD_CHECKS, *LINT_CHECKS)
) -> Iterator[tuple[Path, Finding]]:
    """What is found in the pages below a folder, or in one page, by file and line."""
    for path in _pages(docs):
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            yield path, Finding(line, _("This line is not UTF-8 text."))
            continue
        for finding in lint_page(LintPage(path, text, policy), checks):
            yield path, finding


def lint_page(page: LintPage, checks: Sequence[Check] = (*BUILD_CHECKS, *LINT_CHECKS)) -> list[Finding]:
    """What is found in one page, in the order of its lines; each thing once."""
    if IGNORE_PAGE in page.text:
        return []
    found = dict.fromkeys(finding for check in checks for finding in check(page) if not page.is_ignored(finding))
    return sorted(found, key=lambda finding: finding.line)


def fix(docs: Path, policy: Policy | None) -> int:
    """Mend in the pages below a folder what is certain; how many things."""
    count = 0
    for path in _pages(docs):
        for _round in range(_MOST_ROUNDS):
            try:
                text = path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                break
            # Bytes, so that line ends and a mark at the beginning stay as they are.
            findings = lint_page(LintPage(path, text, policy), LINT_CHECKS)
            edits = [one.edit for one in findings if one.edit is not None]
            better = mended(text, edits)
            if better == text:
                break
            count += len(edits)
            path.write_bytes(better.encode("utf-8"))
    return count


def _pages(docs: Path) -> list[Path]:
    if docs.is_file():
        return [docs]
    return sorted(path for path in docs.rglob("*.md") if not any(part.startswith(".") for part in path.parts[1:]))

"""What breaks the shape of a page: a picture between two steps, a code block that swallows what follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from site_plugins.lint.page import Edit, Finding, LintPage
from site_plugins.prose import code_blocks
from site_plugins.translation import gettext as _

STEP = re.compile(r"^ {0,2}\d+\.\s")
_PICTURE = re.compile(r"^ {0,3}(?:\[?!\[.*\]\(.*\)(?:\]\(.*\))?(?:\{.*\})?|<img\b.*>)\s*$")
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+\S")
_OPENING = re.compile(r"^[ \t]*(?P<ticks>`{3,}|~{3,})[ \t]*\w")


def step_findings(page: LintPage) -> Iterator[Finding]:
    """Pictures that stand between two steps, so that the second begins again at 1."""
    step: int | None = None
    outside: list[int] = []
    for number, line in enumerate(page.words):
        if not line.strip() and not page.body[number].strip():
            continue
        if STEP.match(line):
            for picture in outside if step is not None else ():
                sentence = _(
                    "This picture stands outside its step, so that the next step is 1 again; indent it by four spaces."
                )
                written = page.lines[picture]
                edit = Edit(picture + 1, written, f"    {written.lstrip()}", before=True)
                yield Finding(picture + 1, sentence, edit)
            step, outside = number, []
        elif _PICTURE.match(line):
            outside.append(number)
        elif not line.startswith(("    ", "\t")) and (outside or not page.body[number - 1].strip()):
            # Other words end the list, too, and then a new count is meant.
            step, outside = None, []


def swallowed_findings(page: LintPage) -> Iterator[Finding]:
    """Headings within a code block that is closed too late, or never."""
    for block in code_blocks(page.body):
        last = len(page.body) if block.end is None else block.end
        if block.info.startswith("support") or (len(block.ticks) > 3 and block.end is not None):
            continue
        inside = range(block.start + 1, last)
        # A second opening within a block is one that its writer took for closed.
        again = next((one for one in inside if _opens_again(page.body[one], block.ticks)), None)
        end = last if block.end is None else again
        heading = next((one for one in inside if end and one < end and _HEADING.match(page.body[one])), None)
        if heading is not None and (block.end is None or page.body[heading].lstrip().startswith("##")):
            sentence = _(
                "This heading is within the code block that begins in line %(line)s; end that block before it, with "
                "%(ticks)s.",
                line=block.start + 1,
                ticks=block.ticks,
            )
            yield Finding(heading + 1, sentence)


def _opens_again(line: str, ticks: str) -> bool:
    opening = _OPENING.match(line)
    return opening is not None and opening["ticks"] == ticks

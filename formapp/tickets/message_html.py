"""A message as HTML that is safe to show: every character as it was typed.

Of Markdown only what changes no word is kept: lines between two of ``` are code, set apart as they stand, and
addresses that begin with http://, https:// or mailto: become links. All else means what it says: stars in
``*.txt``, underscores in ``__init__.py``, backslashes in ``C:\\new``, ``#42``, ``1.``, ``<tags>``.

Done once for each message by the worker, in a process of its own (``python -m formapp.tickets.message_html``): a page
of brackets can take the finder of addresses seconds. A text that takes too much is shown without links.
"""

from __future__ import annotations

import re
import sys
import tempfile
from functools import cache

from linkify_it import LinkifyIt
from markupsafe import Markup, escape

from formapp.limited_process import limit_this_process, run_limited

MODULE = "formapp.tickets.message_html"
MOST_SECONDS = 2
"""Of work, for one message; the longest honest one takes a tenth of one."""
MOST_MEMORY = 256 * 1024 * 1024
_PATIENCE = 30.0
"""In seconds on the clock, of a busy machine too."""
# The lines between two fences, which may be none; a fence that is never closed is text.
_CODE = re.compile(r"^```[^`\n]*\n((?:(?!```).*\n)*?)```[ \t]*(?:\n|\Z)", re.MULTILINE)


@cache
def _finder() -> LinkifyIt:
    # Without a scheme "app.py" and "www.log" would be addresses: Paraguay's, and nobody's.
    finder = LinkifyIt(options={"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    return finder.add("//", None).add("ftp:", None)


def to_html(text: str) -> str:
    """Safe HTML of a message; links name no referrer."""
    html, at = [], 0
    for code in _CODE.finditer(text):
        html += [_with_links(text[at : code.start()]), Markup("<pre><code>{}</code></pre>\n").format(code[1])]
        at = code.end()
    return "".join([*html, _with_links(text[at:])])


def render(text: str) -> str:
    """The same in a process of its own. Raises OverLimit, or OSError where no process starts."""
    with tempfile.TemporaryFile() as work:
        work.write(text.encode())
        work.seek(0)
        return run_limited(MODULE, work, _PATIENCE).decode()


def as_typed(text: str) -> str:
    """Safe HTML that shows a text as it was typed, and makes nothing of it."""
    return str(_paragraph(escape(text)))


def _with_links(text: str) -> str:
    # The line breaks beside code are none of the text.
    text = text.strip("\n")
    if not text.strip():
        return ""
    html, at = [], 0
    for found in _finder().match(text) or ():
        html += [escape(text[at : found.index]), _link(found.url, text[found.index : found.last_index])]
        at = found.last_index
    return str(_paragraph(Markup().join([*html, escape(text[at:])])))


def _link(address: str, words: str) -> Markup:
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(address, words)


def _paragraph(html: Markup) -> Markup:
    # The page keeps its spaces and line breaks.
    return Markup('<p dir="auto">{}</p>\n').format(html)


def _main() -> None:
    text = sys.stdin.buffer.read().decode()
    limit_this_process(MOST_MEMORY, MOST_SECONDS)
    sys.stdout.buffer.write(to_html(text).encode())


if __name__ == "__main__":
    _main()

"""Markdown that people typed, as HTML that is safe to show.

Done once for each message by the worker: a page of brackets can take the parser seconds. So it is done in a
process of its own (``python -m formapp.tickets.markdown``), and a text that takes too much is shown as typed.
"""

from __future__ import annotations

import sys
import tempfile
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import escape

from formapp.limited_process import limit_this_process, run_limited

MODULE = "formapp.tickets.markdown"
MOST_SECONDS = 2
"""Of work, for one message; the longest honest one takes a tenth of one."""
MOST_MEMORY = 256 * 1024 * 1024
_PATIENCE = 30.0
"""In seconds on the clock, of a busy machine too."""

TAGS = frozenset(
    "a blockquote br code del em h3 h4 h5 h6 hr li ol p pre s strong table tbody td th thead tr ul".split()  # noqa: SIM905
)
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}


@cache
def _parser() -> MarkdownIt:
    # No raw HTML and no pictures: a picture from elsewhere would tell its server who reads the ticket.
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": True, "maxNesting": 20})
    return parser.enable(["table", "strikethrough", "linkify"]).disable(["image"])


def to_html(text: str) -> str:
    """Safe HTML of a message. Headings begin at level 3, below the page's own; links name no referrer."""
    tokens = _parser().parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 2, 6)}"
    html = _parser().renderer.render(tokens, _parser().options, {})
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={tag: set(names) for tag, names in ATTRIBUTES.items()},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )


def render(text: str) -> str:
    """The same in a process of its own. Raises OverLimit, or OSError where no process starts."""
    with tempfile.TemporaryFile() as work:
        work.write(text.encode())
        work.seek(0)
        return run_limited(MODULE, work, _PATIENCE).decode()


def as_typed(text: str) -> str:
    """Safe HTML that shows a text as it was typed, line by line."""
    paragraphs = (str(escape(part)).replace("\n", "<br>\n") for part in text.split("\n\n"))
    return "".join(f"<p>{part}</p>\n" for part in paragraphs if part.strip())


def _main() -> None:
    text = sys.stdin.buffer.read().decode()
    limit_this_process(MOST_MEMORY, MOST_SECONDS)
    sys.stdout.buffer.write(to_html(text).encode())


if __name__ == "__main__":
    _main()

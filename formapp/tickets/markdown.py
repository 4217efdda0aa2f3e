"""Markdown that people typed, as HTML that is safe to show.

Done once for each message by the worker: a page of brackets can take the parser seconds.
"""

from __future__ import annotations

from functools import cache

import nh3
from markdown_it import MarkdownIt

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

"""The page that the desk fills, made of a page of the theme."""

from __future__ import annotations

import pytest

from formapp.widgets.page_frame import CONTENT, TITLE, BrokenFrame
from site_plugins.shell import make_shell

PAGE = f"""<html><head><title>{TITLE} - Guide</title><link rel="canonical" href="https://guide.example/x/">
<link rel="next" href="../more/"><link REL=stylesheet href='../a&amp;b.css' media="print">
<script id="__config" type="application/json">{{"base": "..", "search": "../s.js", "x": "<b>"}}</script>
</head><body><a href="#top" title='"1" > 0'>Up</a><a href="//cdn.example/">C</a><a href="mailto:a@b.example">M</a>
<form action="?q=1"><input required></form><img src="../p.png" alt=""/>
<script>go("<a href='../no'>")</script>
<h1 id="t">{TITLE}<a class="headerlink" href="#t">¶</a></h1><h1>Another</h1>{CONTENT}</body></html>"""


def test_a_page_of_the_theme_becomes_the_shell() -> None:
    """Every address holds from anywhere, what speaks of the page itself is gone, and all else is as it was."""
    shell = f"""<html><head><title>{TITLE} - Guide</title>
<link rel="stylesheet" href="/docs/a&amp;b.css" media="print">
<script id="__config" type="application/json">{{"base": "/docs/", "search": "/docs/s.js", "x": "\\u003cb>"}}</script>
</head><body><a href="#top" title='"1" > 0'>Up</a><a href="//cdn.example/">C</a><a href="mailto:a@b.example">M</a>
<form action="/docs/shell/?q=1"><input required></form><img src="/docs/p.png" alt />
<script>go("<a href='../no'>")</script>
<h1>Another</h1>{CONTENT}</body></html>"""
    assert make_shell(PAGE, "/docs/shell/", keeps_instant=True).splitlines() == shell.splitlines()


def test_a_page_of_the_guide_that_is_opened_from_the_desk_gets_a_document_of_its_own() -> None:
    """Unless the guide's pages have a policy: the desk's would take from them what they may show."""
    script = '<script id="__config">{"base": ".", "search": "", "features": ["navigation.instant.x", "a"]}</script>'
    page = f"<html><head><title>{TITLE}</title>{script}</head><body>{CONTENT}</body></html>"
    assert '"features": ["a"]' in make_shell(page, "/docs/shell/", keeps_instant=False)
    assert '"navigation.instant.x"' in make_shell(page, "/docs/shell/", keeps_instant=True)


@pytest.mark.parametrize("lost", [TITLE, CONTENT, "</head>"])
def test_a_page_without_a_place_for_what_the_desk_fills_in_is_no_frame(lost: str) -> None:
    with pytest.raises(BrokenFrame):
        make_shell(PAGE.replace(lost, ""), "/docs/shell/", keeps_instant=True)

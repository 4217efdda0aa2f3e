"""The page that the desk fills: the theme's own layout with two placeholders and absolute addresses."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from urllib.parse import urljoin, urlsplit

SOURCE = "support-shell.md"
FILE = "support-shell.html"
TITLE = "<!-- support:title -->"
CONTENT = "<!-- support:content -->"
# A word that survives the theme's filters, which strip comments from a title.
_TITLE_WORD = "Support-shell-title"
MARKDOWN = f"---\ntitle: {_TITLE_WORD}\nhide: [toc, feedback, path]\nsearch:\n  exclude: true\n---\n\n{CONTENT}\n"

_ADDRESS = re.compile(r"""(\s(?:href|src|action)=)(["'])(.*?)\2""")
_CONFIG = re.compile(r'(<script id="__config" type="application/json">)(.*?)(</script>)', re.DOTALL)
_SITEMAP_ENTRY = re.compile(r"\s*<url>(?:(?!</url>).)*?support-shell(?:(?!</url>).)*?</url>", re.DOTALL)
_CANONICAL = re.compile(r'\s*<link rel="(?:canonical|prev|next)"[^>]*>')
_HEADING = re.compile(rf"<h1[^>]*>\s*{_TITLE_WORD}.*?</h1>", re.DOTALL)


def make_shell(page: str, page_url: str) -> str:
    """The shell of a rendered page. ``page_url`` is its path on the server ("/guide/support-shell/")."""
    page = _CANONICAL.sub("", page)
    # The theme makes a heading of the title where a page has none; the desk's pages bring their own.
    page = _HEADING.sub("", page)
    page = _ADDRESS.sub(lambda found: found[1] + found[2] + _absolute(found[3], page_url) + found[2], page)
    page = _CONFIG.sub(lambda found: found[1] + _config(found[2], page_url) + found[3], page)
    return page.replace(_TITLE_WORD, TITLE)


def without_shell(sitemap: str) -> str:
    """The sitemap without the shell, which is no page to visit."""
    return _SITEMAP_ENTRY.sub("", sitemap)


def _absolute(address: str, page_url: str) -> str:
    plain = unescape(address)
    if plain.startswith(("#", "//")) or urlsplit(plain).scheme:
        return address
    return escape(urljoin(page_url, plain), quote=True)


def _config(text: str, page_url: str) -> str:
    config = json.loads(text)
    config["base"] = urljoin(page_url, config["base"] + "/")
    config["search"] = urljoin(page_url, config["search"])
    return json.dumps(config).replace("<", "\\u003c")

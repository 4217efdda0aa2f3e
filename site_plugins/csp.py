"""The Content-Security-Policy of the built site: nothing but its own origin, and the inline code it really has.

The theme writes a few inline scripts, so their hashes are collected after the build, over all pages:
with instant navigation a page runs under the policy of the page that was opened first.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

HEADER_FILE = "support-csp.txt"
_SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_STYLE_ATTRIBUTE = re.compile(r"""<[a-z][^>]*?\sstyle=(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_DATA = re.compile(r"""\btype=["']?application/(?:ld\+)?json""", re.IGNORECASE)
_META = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
_CHARSET = re.compile(r"<meta charset=[^>]*>", re.IGNORECASE)


@dataclass(slots=True)
class InlineCode:
    """The hashes of what stands inline, in the order first seen."""

    scripts: dict[str, None] = field(default_factory=dict)
    styles: dict[str, None] = field(default_factory=dict)
    style_attributes: dict[str, None] = field(default_factory=dict)

    def collect(self, page: str) -> None:
        """Add a page's inline scripts, styles and style attributes."""
        for attributes, code in _SCRIPT.findall(page):
            if "src=" not in attributes and not _DATA.search(attributes):
                self.scripts[_hash(code)] = None
        for code in _STYLE.findall(page):
            self.styles[_hash(code)] = None
        for double, single in _STYLE_ATTRIBUTE.findall(page):
            self.style_attributes[_hash(unescape(double or single))] = None


def write_policy(site_dir: Path, app_url: str) -> str:
    """Write the policy into every page and beside them, for a server that can send it; returns it."""
    pages = sorted(site_dir.rglob("*.html"))
    found = InlineCode()
    for page in pages:
        found.collect(page.read_text("utf-8"))
    policy = policy_of(found, app_url)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    for page in pages:
        text = _META.sub("", page.read_text("utf-8"))
        page.write_text(_CHARSET.sub(lambda charset: charset[0] + meta, text, count=1), "utf-8")
    # A page can't forbid being framed by itself; only a header can.
    (site_dir / HEADER_FILE).write_text(f"{policy}; frame-ancestors 'none'\n", "utf-8")
    return policy


def policy_of(found: InlineCode, app_url: str) -> str:
    """The policy that allows this inline code and posts to the desk."""
    parts = urlsplit(app_url)
    desk = [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []
    styles = [*found.styles, *(["'unsafe-hashes'", *found.style_attributes] if found.style_attributes else [])]
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *found.scripts],
        "style-src": ["'self'", *styles],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *desk],
        "form-action": ["'self'", *desk],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
    }
    return "; ".join(f"{name} {_joined(values)}" for name, values in directives.items())


def _joined(values: Iterable[str]) -> str:
    return " ".join(values)


def _hash(code: str) -> str:
    digest = sha256(code.replace("\r\n", "\n").encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"

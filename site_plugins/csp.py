"""The Content-Security-Policy of the built site: nothing but its own origin, and the inline code it really has.

The theme writes a few inline scripts, so their hashes are collected after the build, over all pages:
with instant navigation a page runs under the policy of the page that was opened first.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from formapp.widgets.page_frame import CSP_FILE, Edit, InlineCode, edited, elements_of


def write_policy(site_dir: Path, app_url: str) -> str:
    """Write the policy into every page and beside them, for a server that can send it; returns it."""
    pages = sorted(site_dir.rglob("*.html"))
    found = InlineCode()
    for page in pages:
        found.collect(page.read_text("utf-8"))
    policy = policy_of(found, app_url)
    for page in pages:
        page.write_text(with_policy(page.read_text("utf-8"), policy), "utf-8")
    # A page can't forbid being framed by itself; only a header can.
    (site_dir / CSP_FILE).write_text(f"{policy}; frame-ancestors 'none'\n", "utf-8")
    return policy


def with_policy(page: str, policy: str) -> str:
    """The page with this policy, and no other, right after its character set."""
    edits: list[Edit] = []
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    for element in elements_of(page):
        if element.tag != "meta":
            continue
        if element.attributes.get("http-equiv", "").lower() == "content-security-policy":
            edits.append((element.start, element.inside, ""))
        elif "charset" in element.attributes:
            edits.append((element.inside, element.inside, meta))
    return edited(page, edits)


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

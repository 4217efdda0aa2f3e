"""The Content-Security-Policy of pages with our blocks: their own origin, the inline code they really have, and
what ``csp_allow`` names.

The theme writes a few inline scripts, so their hashes are collected after the build, over all pages:
with instant navigation a page runs under the policy of the page that was opened first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from formapp.widgets.page_frame import CSP_FILE, Edit, InlineCode, edited, elements_of
from site_plugins.page_assets import has_blocks
from site_plugins.translation import gettext as _

# What a line of csp_allow can begin with.
DIRECTIVES = (
    "script-src",
    "style-src",
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "frame-src",
    "object-src",
    "worker-src",
    "manifest-src",
    "form-action",
)
NONE = "'none'"


def allow_problems(allow: Sequence[str]) -> list[str]:
    """What is wrong with the lines of csp_allow, each as a sentence."""
    problems = []
    for line in allow:
        name, *sources = line.split() or [""]
        if name not in DIRECTIVES:
            problems.append(
                _(
                    'csp_allow: "%(line)s" begins with none of %(directives)s.',
                    line=line,
                    directives=", ".join(DIRECTIVES),
                )
            )
        elif not sources or set(line) & set(';,"<>'):
            problems.append(
                _(
                    'csp_allow: write "%(line)s" as a directive and addresses, as in "%(directive)s https://example.com".',
                    line=line,
                    directive=name,
                )
            )
    return problems


def read_policy(site_dir: Path, app_url: str, allow: Sequence[str]) -> str:
    """The policy that the pages of this site need."""
    found = InlineCode()
    for page in html_pages(site_dir):
        found.collect(page.read_text("utf-8"))
    return policy_of(found, app_url, allow)


def write_policy(site_dir: Path, policy: str) -> None:
    """Write the policy into the pages with our blocks and beside them, for a server that can send it."""
    for path in html_pages(site_dir):
        page = path.read_text("utf-8")
        if has_blocks(page):
            path.write_text(with_policy(page, policy), "utf-8")
    # A page can't forbid being framed by itself; only a header can.
    (site_dir / CSP_FILE).write_text(f"{policy}; frame-ancestors 'none'\n", "utf-8")


def html_pages(site_dir: Path) -> list[Path]:
    """The pages of a built site."""
    return sorted(site_dir.rglob("*.html"))


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


def policy_of(found: InlineCode, app_url: str, allow: Sequence[str] = ()) -> str:
    """The policy that allows this inline code, posts to the desk, and these lines of csp_allow."""
    parts = urlsplit(app_url)
    desk = [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []
    allowed: dict[str, list[str]] = {}
    for line in allow:
        name, *sources = line.split()
        allowed.setdefault(name, []).extend(sources)
    hashes = {
        "script-src": list(found.scripts),
        "style-src": [*found.styles, *(["'unsafe-hashes'", *found.style_attributes] if found.style_attributes else [])],
    }
    for name in hashes:
        # Beside a hash browsers take no notice of it.
        if "'unsafe-inline'" in allowed.get(name, ()):
            hashes[name] = []
    directives = {
        "default-src": ["'self'"],
        "script-src": ["'self'", *hashes["script-src"]],
        "style-src": ["'self'", *hashes["style-src"]],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *desk],
        "form-action": ["'self'", *desk],
        "object-src": [],
        "base-uri": ["'self'"],
    }
    for name, sources in allowed.items():
        directives[name] = [*directives.get(name, ["'self'"]), *sources]
    return "; ".join(f"{name} {_joined(values or [NONE])}" for name, values in directives.items())


def _joined(values: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(values))

"""The desk's pages wear the guide's layout, and say so in their security policy."""

from __future__ import annotations

import base64
import os
from hashlib import sha256
from pathlib import Path

import pytest
from markupsafe import Markup

from formapp.app import create_app
from formapp.web.layout.shell import ShellFile, cut
from formapp.widgets import assets
from formapp.widgets.page_frame import CONTENT, TITLE, BrokenFrame
from tests.builders import build_services
from tests.web.page import Browser

PALETTE = 'document.body.dataset.scheme = "slate"'
STYLE = ":root{--text: serif}"


def shell(name: str = "Riverside") -> str:
    form = next(asset for asset in assets() if asset.name == "support-form.js")
    return f"""<!doctype html>
<html lang="en"><head><title>{TITLE} - {name}</title><style>{STYLE}</style>
<script type="module" src="/assets/{form.hashed_name}"></script></head>
<body><p>{name}: {TITLE}</p><script>{PALETTE}</script>
<script type="application/json">{{"data": 1}}</script><script src="/assets/theme.js"></script>
<main>{CONTENT}</main><footer>{TITLE}</footer></body></html>"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "support-shell.txt").write_text(shell())
    (folder / "support-csp.txt").write_text("default-src 'self'; script-src 'self' 'sha256-other='; style-src 'self'")
    return folder


@pytest.fixture
def reader(tmp_path: Path, site: Path) -> Browser:
    return Browser(create_app(services=build_services(tmp_path, site_dir=site)).test_client())


def digest(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def test_a_page_stands_in_the_guides_layout(reader: Browser) -> None:
    page = reader.open("/support/sign-in")
    assert page.title == "Sign in - Riverside"
    assert page.one("h1").inside(page.one("main"))
    assert page.one("footer").text == "Sign in"


def test_only_the_layouts_own_inline_code_may_run(reader: Browser) -> None:
    """And the guide's, because its pages can be opened from here without a new document."""
    policy = dict(
        part.strip().split(" ", 1)
        for part in reader.open("/support/sign-in").headers["Content-Security-Policy"].split(";")
    )
    assert policy["script-src"] == f"'self' {digest(PALETTE)} 'sha256-other='"
    assert policy["style-src"] == f"'self' {digest(STYLE)}"
    assert policy["default-src"] == "'self'"
    assert policy["form-action"] == "'self'"
    assert policy["base-uri"] == policy["frame-ancestors"] == policy["object-src"] == "'none'"


def test_a_script_that_the_layout_brings_is_not_loaded_twice(reader: Browser) -> None:
    page = reader.open("/support/tickets/new")
    loaded = [script["src"].rpartition("/")[2] for script in page.all("script") if script.get("src")]
    assert sorted(name for name in loaded if name.startswith("support-form")) == [
        next(asset.hashed_name for asset in assets() if asset.name == "support-form.js")
    ]
    assert any(name.startswith("support-pages") for name in loaded)


def test_a_rebuilt_guide_is_worn_without_a_restart(reader: Browser, site: Path) -> None:
    reader.open("/support/sign-in")
    (site / "support-shell.txt").write_text(shell("Hillside"))
    assert reader.open("/support/sign-in").title == "Sign in - Hillside"


def test_while_the_guide_is_being_built_the_last_layout_serves(reader: Browser, site: Path) -> None:
    reader.open("/support/sign-in")
    (site / "support-shell.txt").write_text("<html><head>half a")
    assert reader.open("/support/sign-in").title == "Sign in - Riverside"
    (site / "support-shell.txt").unlink()
    assert reader.open("/support/sign-in").title == "Sign in - Riverside"


def test_without_a_guide_the_plain_layout_serves(tmp_path: Path) -> None:
    reader = Browser(create_app(services=build_services(tmp_path)).test_client())
    page = reader.open("/support/sign-in")
    assert page.title == "Sign in – Support"
    assert page.headers["Content-Security-Policy"].startswith(
        "default-src 'self'; script-src 'self'; style-src 'self';"
    )
    styles = [link["href"] for link in page.all("link") if link.get("rel") == "stylesheet"]
    assert any("support-plain" in style for style in styles)
    for style in styles:
        assert reader.answer("GET", style).headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_title_is_escaped_wherever_it_stands() -> None:
    page = cut(shell()).before_content("<b>&", Markup("")) + cut(shell()).after_content("<b>&")
    assert "<b>" not in page
    assert page.count("&lt;b&gt;&amp;") == 3


@pytest.mark.parametrize("missing", [TITLE, CONTENT, "</head>"])
def test_a_page_that_is_no_shell_is_refused(missing: str) -> None:
    named = "the end of its head" if missing == "</head>" else missing
    with pytest.raises(BrokenFrame, match=f"it misses {named}"):
        cut(shell().replace(missing, ""))


def test_the_file_is_read_only_when_it_changed(site: Path) -> None:
    layouts = ShellFile(site)
    first = layouts.current()
    assert layouts.current() is first
    os.utime(site / "support-shell.txt", ns=(1, 1))
    assert layouts.current() is not first

"""The Content-Security-Policy of a built site: it allows what stands in the pages, and nothing else."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest

from formapp.widgets.page_frame import InlineCode
from site_plugins.csp import policy_of, with_policy
from site_plugins.csp_report import blocked
from tests.plugin.conftest import Site, built_site
from tests.reading import Page

TABLE = "```support-table\n```\n"
BLOCKS = "```support-table\n```\n\n```support-chooser\n```\n\n```support-form\n```\n"
# The site's own inline code, as a writer may have it.
OWN = '<script>window.own = "1 < 2";</script>\n<style>p { margin: 0 }</style>\n<p style="color: red">Red</p>\n'

ENFORCED: list[dict[str, Any]] = [{"support": {"csp": "enforce"}}]


def hash_of(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, directory_urls: bool) -> Site:
    """A site with every block, and with inline code of its own."""
    pages = {"index.md": BLOCKS, "more.md": "# More\n", "more/own.md": f"# Own\n\n{OWN}", "more/table.md": TABLE}
    return built_site(tmp_path_factory.mktemp("site"), directory_urls, pages, plugins=ENFORCED)


def test_every_inline_script_and_style_of_every_page_is_allowed_by_its_hash(built: Site) -> None:
    policy = directives((built.folder / "site" / "support-csp.txt").read_text("utf-8"))
    scripts, styles = set[str](), set[str]()
    for path in (built.folder / "site").rglob("*.html"):
        page = Page(path.read_text("utf-8"))
        scripts |= {
            hash_of(found.text)
            for found in page.all("script")
            if "src" not in found.attributes and found.attributes.get("type") != "application/json"
        }
        styles |= {hash_of(found.text) for found in page.all("style")}
        styles |= {hash_of(found.attributes["style"]) for found in page.elements if "style" in found.attributes}
    assert hash_of('window.own = "1 < 2";') in scripts
    assert set(policy["script-src"]) == {"'self'", *scripts}
    assert {"'self'", "'unsafe-hashes'", *styles} == set(policy["style-src"])


def test_nothing_is_allowed_wholesale(built: Site) -> None:
    policy = directives((built.folder / "site" / "support-csp.txt").read_text("utf-8"))
    assert policy["default-src"] == ["'self'"]
    assert policy["object-src"] == ["'none'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"} & {
        one for row in policy.values() for one in row
    }


def test_a_page_with_blocks_carries_it_before_anything_that_it_is_about(built: Site) -> None:
    header = (built.folder / "site" / "support-csp.txt").read_text("utf-8").strip()
    for path in (built.path("index.md"), built.path("more/table.md")):
        page = Page(path.read_text("utf-8"))
        meta = page.one("meta", **{"http-equiv": "Content-Security-Policy"})
        # What only a header can say is not in the page.
        assert f"{meta.attributes['content']}; frame-ancestors 'none'" == header
        first = next(index for index, found in enumerate(page.elements) if found.tag in {"script", "style", "link"})
        assert page.elements.index(meta) < first


def test_a_page_without_blocks_carries_none(built: Site) -> None:
    for path in (built.path("more.md"), built.path("more/own.md"), built.folder / "site" / "404.html"):
        assert "Content-Security-Policy" not in path.read_text("utf-8")


def test_a_rebuild_with_other_inline_code_replaces_it(site: Site) -> None:
    site.build({"index.md": f"{TABLE}\n<script>one()</script>\n"}, plugins=ENFORCED)
    before = (site.folder / "site" / "support-csp.txt").read_text("utf-8")
    site.build({"index.md": f"{TABLE}\n<script>two()</script>\n"}, plugins=ENFORCED)
    after = (site.folder / "site" / "support-csp.txt").read_text("utf-8")
    assert hash_of("one()") in before
    assert hash_of("one()") not in after
    assert hash_of("two()") in after
    assert site.page().count("Content-Security-Policy") == 1


@pytest.mark.parametrize("options", [{}, {"csp": False}, {"csp": "off"}, {"csp": "report"}])
def test_nothing_is_forbidden_unless_it_is_asked_for(site: Site, options: dict[str, Any]) -> None:
    """YAML reads "csp: off" as false."""
    site.build({"index.md": BLOCKS}, plugins=[{"support": options}])
    assert "Content-Security-Policy" not in site.page()
    assert not (site.folder / "site" / "support-csp.txt").exists()


def test_hashes_are_those_that_a_browser_counts() -> None:
    """Line ends are one character, a character reference in an attribute is what it stands for."""
    found = InlineCode()
    found.collect('<script>a();\r\nb();</script><p style="font-family: &quot;Serif&quot;">x</p>')
    found.collect('<script src="x.js"></script><script type="application/json">{"a": 1}</script>')
    assert list(found.scripts) == [hash_of("a();\nb();")]
    assert list(found.style_attributes) == [hash_of('font-family: "Serif"')]
    assert "'unsafe-hashes'" not in policy_of(InlineCode(), "/support/")


def test_a_page_carries_one_policy_however_often_it_is_written() -> None:
    page = "<head><META Charset='utf-8'><title>x</title></head>"
    once = with_policy(page, "default-src 'self'")
    assert once.startswith("<head><META Charset='utf-8'><meta http-equiv=\"Content-Security-Policy\" content=")
    assert with_policy(once, "default-src 'none'") == once.replace("'self'", "'none'")


def test_a_preview_forbids_nothing(site: Site) -> None:
    """What brings a saved page to the reader's window is an inline script of the preview's own."""
    site.build({"index.md": BLOCKS}, plugins=ENFORCED, serving=True)
    assert "Content-Security-Policy" not in site.page()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"csp": True}, 'csp: can\'t be "true"; write "off", "report" or "enforce" (which is what "true" was).'),
        ({"csp": "on!"}, 'csp: can\'t be "on!"; write "off", "report" or "enforce" (which is what "true" was).'),
        ({"csp_allow": ["fonts"]}, 'csp_allow: "fonts" begins with none of script-src, style-src'),
        ({"csp_allow": [""]}, 'csp_allow: "" begins with none of script-src, style-src'),
        ({"csp_allow": ["img-src"]}, 'csp_allow: write "img-src" as a directive and addresses, as in "img-src https:'),
        ({"csp_allow": ["img-src a; b"]}, 'csp_allow: write "img-src a; b" as a directive and addresses'),
    ],
)
def test_an_option_that_says_nothing_is_a_problem(site: Site, options: dict[str, Any], sentence: str) -> None:
    (said, end) = site.problems({"index.md": BLOCKS}, plugins=[{"support": options}])
    assert said.startswith(sentence)
    assert end == "The guide has 1 problem; see above."


# What it would block

OUTSIDE = """```support-table
```

<script src="https://cdn.example/x.js"></script>
<img src="https://img.example/badge.svg" srcset="https://img.example/1.png 1x, https://img2.example/2.png 2x">
<iframe src="https://video.example/embed/1"></iframe>
<video src="https://media.example/v.mp4" poster="https://img3.example/p.png"></video>
<button onclick="go()">Go</button>
<p style="color: red">Red</p> <img src="picture.png"> <img src="data:image/png;base64,AA==">
"""
LINES = {
    "script-src https://cdn.example",
    "img-src https://img.example",
    "img-src https://img2.example",
    "frame-src https://video.example",
    "media-src https://media.example",
    "img-src https://img3.example",
    f"script-src 'unsafe-hashes' {hash_of('go()')}",
}


def told(site: Site) -> dict[str, set[str]]:
    """The lines to add, by the page."""
    lines: dict[str, set[str]] = {}
    for said in site.said():
        page, _, rest = said.partition(": the policy blocks ")
        lines.setdefault(page, set()).add(rest.partition("\n  - ")[2])
    return lines


def test_what_a_page_with_blocks_fetches_from_others_is_told_with_the_line_that_allows_it(site: Site) -> None:
    pages = {"index.md": OUTSIDE, "more.md": "![](https://other.example/x.png)\n"}
    site.build(pages, plugins=ENFORCED)
    assert told(site) == {"index.html": LINES}
    site.build(pages, plugins=[{"support": {"csp": "enforce", "csp_allow": sorted(LINES)}}])
    assert site.said() == []


def test_a_report_is_no_warning_and_changes_no_page(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "mkdocs"):
        site.build({"index.md": OUTSIDE}, plugins=[{"support": {"csp": "report"}}])
    reported = [record.getMessage() for record in caplog.records if "the policy blocks" in record.getMessage()]
    assert {said.partition("\n  - ")[2] for said in reported} == LINES
    assert any("index.html: the policy blocks https://cdn.example/x.js. To allow it, add" in said for said in reported)


def test_where_pages_are_exchanged_within_a_document_all_are_judged(site: Site) -> None:
    pages = {"index.md": TABLE, "more.md": "![](https://other.example/x.png)\n"}
    site.build(pages, plugins=ENFORCED, theme={"name": "material", "font": False, "features": ["navigation.instant"]})
    assert told(site) == {
        site.path("more.md").relative_to(site.folder / "site").as_posix(): {"img-src https://other.example"}
    }


def test_what_the_theme_itself_fetches_is_told(site: Site) -> None:
    pages = {"index.md": f"{TABLE}\n<pre class='mermaid'><code>graph</code></pre>\n"}
    site.build(pages, plugins=ENFORCED, theme={"name": "material"})
    assert told(site)["index.html"] == {
        "style-src https://fonts.googleapis.com",
        "font-src https://fonts.gstatic.com",
        "script-src https://unpkg.com",
        "style-src 'unsafe-inline'",
    }


def test_a_hash_would_undo_that_all_inline_styles_are_allowed() -> None:
    found = InlineCode()
    found.collect("<style>p{}</style><script>a()</script>")
    policy = directives(
        policy_of(found, "/support/", ["style-src 'unsafe-inline' https://a.example", "object-src 'self'"])
    )
    assert policy["style-src"] == ["'self'", "'unsafe-inline'", "https://a.example"]
    assert policy["script-src"] == ["'self'", hash_of("a()")]
    assert policy["object-src"] == ["'self'"]


@pytest.mark.parametrize(
    ("source", "is_allowed"),
    [
        ("https://a.example", True),
        ("a.example", True),
        ("*.example", True),
        ("https:", True),
        ("*", True),
        ("https://a.example/img/", True),
        ("https://a.example/img/x.png", True),
        ("http://a.example", False),
        ("https://b.example", False),
        ("*.a.example", False),
        ("https://a.example/other/", False),
        ("https://a.example/img", False),
        ("'none'", False),
    ],
)
def test_an_address_is_allowed_as_browsers_read_it(source: str, *, is_allowed: bool) -> None:
    policy = f"default-src 'self'; img-src {source}"
    found = blocked('<img src="https://a.example/img/x.png">', "https://here.example/", policy, is_material=False)
    assert [one.line for one in found] == ([] if is_allowed else ["img-src https://a.example"])

"""The Content-Security-Policy of a built site: it allows what stands in the pages, and nothing else."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest

from formapp.widgets.page_frame import InlineCode
from site_plugins.csp import policy_of, with_policy
from tests.plugin.conftest import Site, built_site
from tests.reading import Page

BLOCKS = "```support-table\n```\n\n```support-chooser\n```\n\n```support-form\n```\n"
# The site's own inline code, as a writer may have it.
OWN = '<script>window.own = "1 < 2";</script>\n<style>p { margin: 0 }</style>\n<p style="color: red">Red</p>\n'


def hash_of(code: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(code.encode()).digest()).decode()}'"


def directives(policy: str) -> dict[str, list[str]]:
    return {name: values for name, *values in (part.split() for part in policy.split(";"))}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, directory_urls: bool) -> Site:
    """A site with every block, and with inline code of its own."""
    pages = {"index.md": BLOCKS, "more.md": "# More\n", "more/own.md": f"# Own\n\n{OWN}"}
    return built_site(tmp_path_factory.mktemp("site"), directory_urls, pages)


def test_every_inline_script_and_style_of_every_page_is_allowed_by_its_hash(built: Site) -> None:
    policy = directives((built.folder / "site" / "support-csp.txt").read_text("utf-8"))
    scripts, styles = set[str](), set[str]()
    for path in (built.folder / "site").rglob("*.html"):
        if path.name == "support-shell.html":
            continue  # the desk sends a policy of its own with it
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


def test_each_page_carries_it_before_anything_that_it_is_about(built: Site) -> None:
    header = (built.folder / "site" / "support-csp.txt").read_text("utf-8").strip()
    for path in (built.path("index.md"), built.path("more.md"), built.folder / "site" / "404.html"):
        page = Page(path.read_text("utf-8"))
        meta = page.one("meta", **{"http-equiv": "Content-Security-Policy"})
        # What only a header can say is not in the page.
        assert f"{meta.attributes['content']}; frame-ancestors 'none'" == header
        first = next(index for index, found in enumerate(page.elements) if found.tag in {"script", "style", "link"})
        assert page.elements.index(meta) < first


def test_a_rebuild_with_other_inline_code_replaces_it(site: Site) -> None:
    site.build({"index.md": "<script>one()</script>\n"})
    before = (site.folder / "site" / "support-csp.txt").read_text("utf-8")
    site.build({"index.md": "<script>two()</script>\n"})
    after = (site.folder / "site" / "support-csp.txt").read_text("utf-8")
    assert hash_of("one()") in before
    assert hash_of("one()") not in after
    assert hash_of("two()") in after
    assert site.page().count("Content-Security-Policy") == 1


def test_a_site_may_have_one_of_its_own(site: Site) -> None:
    site.build({"index.md": BLOCKS}, plugins=[{"support": {"csp": False}}])
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

"""A good guest: what nobody asked the plugin to change is what it would be without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from formapp.widgets import CLOSURES_FILE, SCOREBOARD_FILE, assets
from formapp.widgets.built_site import PAGES_FILE
from formapp.widgets.page_frame import CONTENT_ID, FRAME_FILE, TITLE, frame_places
from site_plugins.page_assets import block_assets
from tests.plugin.conftest import Site
from tests.reading import Element, Page

TABLE = "```support-table\n```\n"
# What the pages of real sites use, and none of it is ours.
PAGES = {
    "index.md": "# Home\n\n[More](deep/more.md) and [a part of it](deep/more.md#a-part)\n\n"
    "![A badge](https://img.example/badge.svg)\n",
    "deep/more.md": "# More\n\n## A part\n\nWords[^1], in short HTML.\n\n[^1]: A note.\n\n*[HTML]: a language\n",
    "deep/code.md": "# Code\n\n```python title='x.py' hl_lines='1'\nprint(1)\n```\n\n    indented\n\n"
    "~~~\n```support\nnot ours\n```\n~~~\n\n````markdown\n```support-table\n```\n````\n",
    "deep/diagram.md": "# Diagram\n\n```mermaid\ngraph LR\n  a --> b\n```\n\n"
    '<div class="arithmatex">\\(x^2\\)</div>\n\n<swagger-ui src="api.json"></swagger-ui>\n',
    "deep/html.md": '# HTML\n\n<iframe src="https://video.example/1" onload="x()"></iframe>\n\n'
    '<p style="color: red" class="support-us">Support-us</p>\n\n<script>window.a = "</p>"</script>\n',
    "deep/lists.md": "# Lists\n\n- one\n\n    !!! note\n        text\n\n- [x] two\n\n| a | b |\n| - | - |\n| 1 | 2 |\n"
    '\n=== "Tab"\n\n    in a tab\n\n=== "Other"\n\n    in another\n',
    "deep/meta.md": "---\ntitle: Another title\ndescription: Words.\ntags: [a]\nhide: [toc]\n---\n\nNo heading.\r\n",
    "deep/quote.md": "# Quote\n\n> text\n>\n> ```\n> code\n> ```\n\nTerm\n: Its meaning\n",
}
EXTENSIONS: list[str | dict[str, Any]] = [
    *["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "pymdownx.details"],
    *["pymdownx.superfences", "pymdownx.tasklist", {"pymdownx.tabbed": {"alternate_style": True}}],
    {"toc": {"permalink": True}},
]
THEMES = [
    {"name": "material", "features": ["navigation.instant", "navigation.tabs", "content.code.copy"]},
    {"name": "mkdocs", "color_mode": "auto"},
    {"name": "readthedocs"},
]


def files_of(site: Site) -> dict[str, bytes]:
    """The built site's files by their names."""
    folder = site.folder / "site"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def build(site: Site, pages: dict[str, str], plugins: list[Any], **settings: Any) -> dict[str, bytes]:
    """Build a site with what real ones bring along; their warnings are theirs."""
    own = {"own.css": "p { margin: 0 }\n", "own.js": "window.own = 1;\n"}
    site.build(
        {**pages, **own},
        plugins=["search", *plugins],
        markdown_extensions=EXTENSIONS,
        extra_css=["own.css", "https://cdn.example/x.css"],
        extra_javascript=["own.js", {"path": "https://cdn.example/x.mjs", "type": "module"}],
        **settings,
    )
    site.said()
    return files_of(site)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme["name"])
def test_a_site_without_blocks_is_the_same_byte_for_byte(site: Site, theme: dict[str, Any]) -> None:
    without = build(site, PAGES, [], theme=theme)
    with_us = build(site, PAGES, ["support"], theme=theme)
    ours = {f"assets/{asset.hashed_name}" for asset in assets()} | {
        FRAME_FILE,
        CLOSURES_FILE,
        SCOREBOARD_FILE,
        PAGES_FILE,
    }
    assert with_us.keys() - without.keys() == ours
    assert [name for name, content in without.items() if with_us[name] != content] == []


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme["name"])
def test_a_block_changes_its_own_page_alone(site: Site, theme: dict[str, Any]) -> None:
    """The search index holds its words; every other file is as it would be without the plugin."""
    without = build(site, {**PAGES, "table.md": "# Table\n"}, [], theme=theme)
    with_us = build(site, {**PAGES, "table.md": f"# Table\n\n{TABLE}"}, [{"support": {"csp": "enforce"}}], theme=theme)
    changed = {name for name, content in without.items() if with_us[name] != content}
    assert changed == {
        site.path("table.md").relative_to(site.folder / "site").as_posix(),
        "search/search_index.json",
    }


def loaded(page: Page) -> list[str]:
    """What of ours a page loads, by the plain names."""
    names = {asset.hashed_name: asset.name for asset in assets()}
    addresses = (found.attributes.get("href", found.attributes.get("src", "")) for found in page.all("link", "script"))
    return [names[name] for address in addresses if (name := address.rpartition("/")[2]) in names]


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme["name"])
def test_closures_are_announced_everywhere_where_that_is_asked_for(site: Site, theme: dict[str, Any]) -> None:
    pages = {"index.md": "# Home\n", "deep/table.md": TABLE}
    site.build(pages, plugins=[{"support": {"announce_closures": "everywhere"}}], theme=theme)
    site.said()
    missing = Page((site.folder / "site" / "404.html").read_text("utf-8"))
    assert loaded(Page(site.page())) == loaded(missing) == ["support-closures.css", "support-closures.js"]
    assert sorted(loaded(Page(site.page("deep/table.md")))) == sorted(asset.name for asset in block_assets(""))
    # A page for any address that isn't there is found from all of them.
    script = next(one.attributes["src"] for one in missing.all("script") if "closures" in one.attributes.get("src", ""))
    assert script.startswith("/help/assets/support-closures.")


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme["name"])
def test_the_site_s_own_style_comes_after_ours_and_scripts_come_with_the_content(
    site: Site, theme: dict[str, Any]
) -> None:
    build(site, {"index.md": TABLE, "own/deep.md": TABLE}, ["support"], theme=theme)
    for name in ("index.md", "own/deep.md"):
        page = Page(site.page(name))
        styles = [one.attributes["href"] for one in page.all("link") if one.attributes.get("rel") == "stylesheet"]
        places = [number for number, address in enumerate(styles) if "/support-" in f"/{address}"]
        own = next(number for number, address in enumerate(styles) if address.endswith("own.css"))
        assert max(places) < own
        assert min(places) > 0
        scripts = [one for one in page.all("script") if "support-" in one.attributes.get("src", "")]
        assert scripts
        for script in scripts:
            around = [one for one in script.parents if isinstance(one, Element)]
            assert any(one.tag == "main" or one.attributes.get("role") == "main" for one in around), (
                f"{theme['name']}: a script of ours stands outside of what a theme exchanges"
            )


def test_no_other_plugin_meets_what_we_make_for_ourselves(site: Site, tmp_path: Path) -> None:
    """A hook looks at all files and pages that MkDocs knows, as another plugin would."""
    hook = tmp_path / "look.py"
    hook.write_text(
        "from pathlib import Path\n"
        "seen = Path(__file__).with_suffix('.txt')\n"
        "def on_env(env, *, config, files):\n"
        "    for file in files:\n"
        "        file.content_bytes, Path(file.abs_src_path).read_bytes()\n"
        "    seen.write_text('\\n'.join(file.src_uri for file in files if 'support-' in file.src_uri))\n"
        "def on_page_context(context, *, page, config, nav):\n"
        "    seen.write_text(seen.read_text() + ('!' if 'shell' in page.file.src_uri else ''))\n"
        "    return context\n"
    )
    site.build({"index.md": TABLE}, hooks=[str(hook)])
    assert hook.with_suffix(".txt").read_text() == ""


# Takes out comments and quotes, as plugins do that make pages smaller.
SMALLER = """
import re
from mkdocs.plugins import event_priority

@event_priority({priority})
def on_post_page(output, *, page, config):
    return re.sub(r'="([\\w./-]+)"', r"=\\1", re.sub(r"<!--.*?-->", "", output, flags=re.S))
"""


@pytest.mark.parametrize("priority", [100, 0, -100])
def test_pages_that_are_made_smaller_have_blocks_frame_and_policy(site: Site, tmp_path: Path, priority: int) -> None:
    """Whether that is done before us or after."""
    hook = tmp_path / "smaller.py"
    hook.write_text(SMALLER.format(priority=priority))
    site.build({"index.md": TABLE}, plugins=[{"support": {"csp": "enforce"}}], hooks=[str(hook)])
    page = Page(site.page())
    assert "lang=en" in site.page()
    assert sorted(loaded(page)) == sorted(asset.name for asset in block_assets(""))
    page.one("meta", **{"http-equiv": "Content-Security-Policy"})
    frame = (site.folder / "site" / FRAME_FILE).read_text("utf-8")
    assert frame_places(frame)
    # One who works on the finished site meets the frame itself.
    assert frame_places(frame.replace(f'id="{CONTENT_ID}"', f"id={CONTENT_ID}"))


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<html><head><title>{{ page.title }}</title></head><body></body></html>", "it misses <div id="),
        ("<html><head></head><body>{{ page.content }}</body></html>", f"it misses {TITLE} in its head"),
        ("<body>{{ page.title }}{{ page.content }}</body>", "it misses the end of its head"),
        ("{{ page.meta.nothing.below }}", "'dict object' has no attribute 'nothing'"),
    ],
)
def test_a_theme_that_makes_no_frame_fails_the_build(site: Site, template: str, words: str) -> None:
    (site.folder / "own").mkdir()
    (site.folder / "own" / "main.html").write_text(template)
    said = site.problems({"index.md": "# Home\n"}, theme={"name": "mkdocs", "custom_dir": str(site.folder / "own")})
    assert len(said) == 1
    assert said[0].startswith("The theme makes no frame for the help desk's pages: ")
    assert words in said[0]


def test_a_site_that_is_built_for_each_language_leaves_the_frame_of_the_first(site: Site, tmp_path: Path) -> None:
    """As mkdocs-static-i18n does: it builds again, with the same configuration, when a build is done."""
    hook = tmp_path / "languages.py"
    hook.write_text(
        "from mkdocs.commands.build import build\n"
        "from mkdocs.plugins import event_priority\n"
        "@event_priority(-100)\n"
        "def on_post_build(config):\n"
        "    if config.theme['language'] != 'de':\n"
        "        config.theme['language'] = 'de'\n"
        "        build(config, dirty=True)\n"
    )
    site.build({"index.md": TABLE}, hooks=[str(hook)], theme={"name": "material", "language": "en", "font": False})
    site.said()
    assert 'lang="en"' in (site.folder / "site" / FRAME_FILE).read_text("utf-8")

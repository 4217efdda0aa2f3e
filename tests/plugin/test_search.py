"""What search indexes and exports of text get of our blocks: sentences, and nothing of the chooser and the form."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.plugin.conftest import Site
from tests.reading import Page

TABLE = "```support-table\n```\n"
CHOOSER = "```support-chooser\n```\n"
FORM = "```support-form\n```\n"
CRITERIA = "```support-table\nshow: criteria\n```\n"
RULES = "```support-table\nshow: house-rules\n```\n"
GRAPH = "```support-table\nshow: graph\n```\n"
WORDS = "Words that stand below."
TEXT = (
    f"# Help\n\n## Promises\n\n{TABLE}\n## Criteria\n\n{CRITERIA}\n{RULES}\n{GRAPH}\n"
    f"## Questions\n\n{CHOOSER}\n{FORM}\n{WORDS}\n"
)
# The theme with its own search, and one that has MkDocs' own.
SEARCHES: list[dict[str, Any]] = [{}, {"theme": {"name": "mkdocs"}, "markdown_extensions": ["admonition"]}]
PLAIN = re.compile(r"<[^>]+>")
# Writes down what others get to read: as a page is rendered, and before it is put into the theme.
HOOK = """
from pathlib import Path

def on_page_content(html, page, config, files):
    if page.file.src_uri == "index.md":
        Path(config.docs_dir).parent.joinpath("rendered.html").write_text(html)

def on_page_context(context, page, config, nav):
    if page.file.src_uri == "index.md":
        Path(config.docs_dir).parent.joinpath("context.html").write_text(page.content)
"""


def plain(html: str) -> str:
    return " ".join(PLAIN.sub(" ", html).split())


@pytest.mark.parametrize("before", [True, False], ids=["support first", "search first"])
@pytest.mark.parametrize("settings", SEARCHES, ids=["material", "mkdocs"])
def test_search_results_read_well(site: Site, settings: dict[str, Any], before: bool) -> None:
    plugins = ["support", "search"] if before else ["search", "support"]
    site.build({"index.md": TEXT}, plugins=plugins, **settings)
    index = json.loads((site.folder / "site" / "search" / "search_index.json").read_text("utf-8"))
    found = {entry["location"].partition("#")[2]: plain(entry["text"]) for entry in index["docs"]}
    promises = found["promises"]
    assert promises.startswith(
        "Critical: within 1 hour, 24/7; resolution: 4 hours, 24/7. High: 1 business day; resolution:"
    )
    assert "Support is open Monday to Friday, 09:00 to 17:00 Paris time" in promises
    assert "Critical. In production, when no workaround is possible: The site is down." in found["criteria"]
    assert found["questions"] == WORDS
    everything = " ".join(found.values())
    assert "What do you need?" not in everything
    assert "Send ticket" not in everything
    assert "Counted while" not in everything
    assert "support-block" not in (site.folder / "site" / "search" / "search_index.json").read_text("utf-8")


def test_exports_of_text_get_sentences_and_readers_get_the_widgets(site: Site) -> None:
    (site.folder / "hook.py").write_text(HOOK, "utf-8")
    site.build({"index.md": TEXT}, hooks=["hook.py"])
    for name in ("rendered.html", "context.html"):
        text = Page((site.folder / name).read_text("utf-8")).tree.get_text(" ", strip=True)
        assert "Critical: within 1 hour, 24/7; resolution: 4 hours, 24/7." in text
        assert "Open a ticket with this priority" not in text
        assert len(text) < 6000
    page = Page(site.page())
    assert len([one for one in page.elements if "support-card" in one.classes]) > 50
    page.one("form", id="ticket")
    assert not list(page.all("support-block"))
    # A paragraph around a widget would be ended by its first table or list, with room for nothing.
    for start in ("<support-chooser", "<support-form", "<table", '<div class="support-'):
        assert f"<p>{start}" not in site.content()
    assert "Critical: within 1 hour" not in site.content()

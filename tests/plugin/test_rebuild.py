"""What a writer waits for after each edit: the preview of a hundred pages is made anew nearly as fast as without us."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from tests.plugin.conftest import SITE_URL, Site, new_site

PAGES = 100
ROUNDS = 4
MOST = 1.5
TEXT = """# Page {number}

Open the *settings*, choose **Billing**, and look at the [next page](page-{next}.md).

1. Press `Export`.
2. Save the file.

| Column | Meaning |
| --- | --- |
| `paid` | what was paid, in cents |
{block}"""
BLOCK = "\n```support-table\n```\n\nWrite to [[support: contact.email]].\n"
PREVIEW = {"search": {}, "support": {"preview": True}}


@contextmanager
def guide(folder: Path, plugins: Mapping[str, Any], block: str) -> Iterator[Site]:
    """A guide of a hundred pages that has been built once, as a preview begins."""
    folder.mkdir()
    with new_site(folder, True) as site:
        pages = {
            f"page-{number}.md": TEXT.format(number=number, next=(number + 1) % PAGES, block=block)
            for number in range(PAGES)
        }
        site.write({"index.md": "# Home\n", **pages}, plugins=[{name: options} for name, options in plugins.items()])
        yield site


def rebuild(site: Site, number: int) -> float:
    """Seconds of CPU from an edited line to the finished site, as ``mkdocs serve`` does it."""
    page = site.folder / "docs" / "page-7.md"
    page.write_text(page.read_text("utf-8") + f"\nLine {number}.\n", "utf-8")
    begun = time.process_time()
    config = load_config(str(site.folder / "mkdocs.yml"))
    config.plugins.on_startup(command="serve", dirty=False)
    build(config, serve_url=SITE_URL)
    return time.process_time() - begun


@pytest.mark.parametrize("block", ["", BLOCK], ids=["without a block", "a block and a fact on each page"])
def test_an_edit_shows_within_one_and_a_half_times_what_it_takes_without_us(tmp_path: Path, block: str) -> None:
    with guide(tmp_path / "stock", {"search": {}}, "") as stock, guide(tmp_path / "ours", PREVIEW, block) as ours:
        pairs = [(rebuild(stock, number), rebuild(ours, number)) for number in range(ROUNDS)]
        assert "Line 2." in ours.page("page-7.md")
    # Whatever else the machine does only adds, so the quietest round of each side counts.
    without, with_us = (min(side) for side in zip(*pairs, strict=True))
    assert with_us / without <= MOST, pairs

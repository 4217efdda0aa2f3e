"""The extension without MkDocs, as any tool has it that runs Python-Markdown."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import markdown
import pytest

from tests.builders import POLICY

BLOCKS = "# Help\n\n```support-table\n```\n\n```support-chooser\n```\n\n```support-form\n```\n"
# Finds the extension by the name that the package gives it, and fails where MkDocs was needed for it.
WITHOUT_MKDOCS = """
import sys
sys.modules["mkdocs"] = None
import markdown
settings = {"support": {"policy": sys.argv[1]}}
html = markdown.markdown(sys.stdin.read(), extensions=["support"], extension_configs=settings)
assert "flask" not in sys.modules and "sqlalchemy" not in sys.modules
print(html)
"""


def convert(text: str, *others: str, **options: str) -> str:
    settings = {"policy": str(POLICY), **options}
    return markdown.markdown(text, extensions=["support", *others], extension_configs={"support": settings})


def test_it_is_found_by_its_name_and_needs_neither_mkdocs_nor_the_desk() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_MKDOCS, str(POLICY)], input=BLOCKS, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for part in ('<table class="support-table" ', "<support-chooser ", "<support-form "):
        assert part in done.stdout


@pytest.mark.parametrize("other", ["fenced_code", "pymdownx.superfences", "extra", "md_in_html"])
def test_other_extensions_leave_its_blocks_to_it(other: str) -> None:
    html = convert(BLOCKS, other)
    assert html.count("<support-chooser ") == 2  # one stands in the form
    assert "```" not in html


def test_the_desk_s_address_is_an_option() -> None:
    html = convert(BLOCKS, app_url="https://desk.shop.example/help")
    assert 'action="https://desk.shop.example/help/tickets"' in html
    assert 'href="https://desk.shop.example/help/tickets/new?priority=' in html
    assert 'data-dates="https://desk.shop.example/help/dates.json"' in html


def test_one_converter_serves_many_pages() -> None:
    converter = markdown.Markdown(extensions=["support"], extension_configs={"support": {"policy": str(POLICY)}})
    first = converter.convert(BLOCKS)
    converter.reset()
    assert converter.convert("Nothing of ours.") == "<p>Nothing of ours.</p>"
    converter.reset()
    assert converter.convert(BLOCKS) == first


def test_what_is_wrong_stands_in_the_page() -> None:
    html = convert("text\n\n```support-tabel\n```\n\nmore")
    assert "Line 3: There is no block &#34;support-tabel&#34;; did you mean &#34;support-table&#34;?" in html
    assert "<p>more</p>" in html


def test_a_broken_policy_stands_in_the_page(tmp_path: Path) -> None:
    broken = tmp_path / "policy.yml"
    broken.write_text("calendar: []\n", "utf-8")
    html = convert("```support-table\n```\n\nmore", policy=str(broken))
    assert f"{broken}:1: " in html
    assert "<p>more</p>" in html

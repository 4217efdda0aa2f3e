"""Blocks are judged in the text that is rendered: after snippets, includes and variables, in every build alike."""

from __future__ import annotations

from typing import Any

import pytest

from tests.plugin.conftest import EXTENSIONS, Site
from tests.plugin.test_mistakes import mkdocs_build
from tests.reading import Page

SNIPPETS: dict[str, Any] = {
    "markdown_extensions": [*EXTENSIONS, {"pymdownx.snippets": {"base_path": ["parts"], "check_paths": True}}]
}
NO_BLOCK = 'There is no block "suport-table"; did you mean "support-table"?'
WRONG = "Words.\n\n```suport-table\n```\n"
# Fills in variables and includes files as the usual plugins do.
HOOK = """
import re
from pathlib import Path

def on_page_markdown(markdown, page, config, files):
    def included(match):
        return (Path(config.docs_dir).parent / "parts" / match[1]).read_text()
    markdown = re.sub(r'{% include "([^"]+)" %}', included, markdown)
    return markdown.replace("{{ shown }}", "all").replace("{{ table }}", "```support-table\\nshow: all\\n```")
"""


@pytest.fixture
def parts(site: Site) -> Site:
    (site.folder / "parts").mkdir()
    (site.folder / "parts" / "table.md").write_text(WRONG, "utf-8")
    (site.folder / "parts" / "outer.md").write_text('One.\n\n--8<-- "table.md"\n', "utf-8")
    (site.folder / "hook.py").write_text(HOOK, "utf-8")
    return site


@pytest.mark.parametrize("strict", [[], ["--strict"]])
@pytest.mark.parametrize("text", ['# Help\n\n--8<-- "table.md"\n', "--8<--\ntable.md\n--8<--\n", '--8<-- "outer.md"\n'])
def test_a_mistake_in_a_snippet_stops_the_build_and_names_the_snippet(
    parts: Site, monkeypatch: pytest.MonkeyPatch, strict: list[str], text: str
) -> None:
    # Snippets are found from the folder in which the build runs.
    monkeypatch.chdir(parts.folder)
    parts.write({"index.md": text, "more.md": "# More\n\n```support-form\nsize: big\n```\n"}, **SNIPPETS)
    done = mkdocs_build(parts, *strict)
    assert done.returncode == 1
    assert f"parts/table.md:3: {NO_BLOCK}" in done.stderr
    assert 'docs/more.md:4: "support-form" has no option "size"' in done.stderr
    assert "The guide has 2 problems; see above." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mistake_below_a_snippet_has_its_line_in_the_page(parts: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(parts.folder)
    (parts.folder / "parts" / "table.md").write_text("Many\n\nlines.\n\n```support-table\n```\n", "utf-8")
    text = f'---\ntitle: Help\n---\n\n--8<-- "table.md"\n\n{WRONG}'
    (problem, _) = parts.problems({"index.md": text}, **SNIPPETS)
    assert problem == f"docs/index.md:9: {NO_BLOCK}"


def test_the_same_mistake_in_page_and_snippet_is_two_problems(parts: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(parts.folder)
    said = parts.problems({"index.md": f'{WRONG}\n--8<-- "table.md"\n'}, **SNIPPETS)
    assert said[:-1] == [f"docs/index.md:3: {NO_BLOCK}", f"parts/table.md:3: {NO_BLOCK}"]


def test_what_every_page_gets_is_judged_once(parts: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(parts.folder)
    appended = {"pymdownx.snippets": {"base_path": "parts", "auto_append": ["table.md"]}}
    said = parts.problems({"index.md": "# One\n", "two.md": "# Two\n"}, markdown_extensions=[*EXTENSIONS, appended])
    assert said == [f"parts/table.md:3: {NO_BLOCK}", "The guide has 1 problem; see above."]


@pytest.mark.parametrize(
    ("text", "place", "sentence"),
    [
        ('# Help\n\n{% include "table.md" %}\n', "parts/table.md:3", NO_BLOCK),
        ("# Help\n\n```support-table\nshow: {{ shown }}\n```\n", "docs/index.md:4", '"show" can\'t be "all"'),
        ("# Help\n\nWords.\n\n{{ table }}\n\nMore.\n", "docs/index.md:5", '"show" can\'t be "all"'),
    ],
)
def test_what_includes_and_variables_make_is_judged(
    parts: Site, monkeypatch: pytest.MonkeyPatch, text: str, place: str, sentence: str
) -> None:
    monkeypatch.chdir(parts.folder)
    (problem, _) = parts.problems({"index.md": text}, hooks=["hook.py"], **SNIPPETS)
    assert problem.startswith(f"{place}: {sentence}")


def test_what_a_variable_mends_is_right(parts: Site) -> None:
    (parts.folder / "hook.py").write_text(HOOK.replace('"all"', '"criteria"'), "utf-8")
    parts.build({"index.md": "```support-table\nshow: {{ shown }}\n```\n"}, hooks=["hook.py"])
    assert "Production data is lost." in parts.content()


def test_in_a_preview_the_mistake_of_a_snippet_stands_in_the_page(parts: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(parts.folder)
    parts.build({"index.md": '--8<-- "table.md"\n'}, serving=True, **SNIPPETS)
    assert parts.said() == [f"parts/table.md:3: {NO_BLOCK}"]
    assert "parts/table.md:3: There is no block &#34;suport-table&#34;" in parts.content()


def names_of_priorities(page: Page) -> list[tuple[str, str | None]]:
    table = page.one("table", class_="support-table")
    found = [one for one in table.find_all(["a", "span"]) if "support-priority" in one.classes]
    return [(one.tag, one.attributes.get("href")) for one in found]


def test_names_lead_to_criteria_that_a_snippet_puts_into_a_later_page(
    parts: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(parts.folder)
    (parts.folder / "parts" / "table.md").write_text("```support-table\nshow: criteria\n```\n", "utf-8")
    parts.build({"index.md": "```support-table\n```\n", "later.md": '# Later\n\n--8<-- "table.md"\n'}, **SNIPPETS)
    page = "later/" if parts.directory_urls else "later.html"
    tag, address = names_of_priorities(Page(parts.page()))[0]
    assert (tag, address) == ("a", f"{page}#priority-critical")


def test_names_are_no_links_where_no_page_shows_the_criteria(site: Site) -> None:
    site.build(
        {"index.md": "```support-table\n```\n", "other.md": "````\n```support-table\nshow: criteria\n```\n````\n"}
    )
    assert set(names_of_priorities(Page(site.page()))) == {("span", None)}

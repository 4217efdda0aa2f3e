"""What a build pays for the plugin, counted instead of timed: modules, calls of ours, looks at a page as a whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from tests.plugin.conftest import Site

OURS = ("formapp", "site_plugins", "supportpolicy")
# The frame names every page, so it pays something for each.
FRAME = ("formapp.widgets.page_frame.", "site_plugins.shell.")
BLOCK = "```support-table\n```\n"
# What pages have that have no block of ours: each part has cost them something once.
PLAIN = (
    "# Page\n\nPress *Export*, then [look](index.md), then [[ wait ]]; support helps.\n\n![A badge](badge.svg)"
    '{ width="9" height="9" }\n\n'
    "1. One:\n\n    ```python\n    rows[0]\n    ```\n\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |\n\n## Part\n\n"
    "> `code`\n"
)
# Each option with what it brings, which nobody pays who doesn't use it.
BROUGHT: dict[str, tuple[str, dict[str, Any], set[str]]] = {
    "a table": (BLOCK, {}, {"site_plugins.block_widgets", "formapp.widgets.table", "formapp.widgets.rendering"}),
    "a chooser": ("```support-chooser\n```\n", {}, {"formapp.widgets.chooser"}),
    "a form": ("```support-form\n```\n", {}, {"formapp.forms", "formapp.widgets.form", "wtforms"}),
    "changes": ("```support-changes\n```\n", {}, {"site_plugins.changes", "site_plugins.policy_history"}),
    "csp": ("", {"csp": "report"}, {"site_plugins.csp", "site_plugins.csp_report"}),
    "lint": ("", {"lint": True}, {"site_plugins.lint.lint"}),
    "page_help": ("", {"page_help": True}, {"site_plugins.helped_pages", "site_plugins.page_help"}),
}
IN_A_PREVIEW = {"mkdocs.livereload", "site_plugins.desk_preview", "formapp.preview", "flask"}


@pytest.fixture(scope="module")
def directory_urls() -> bool:
    """One way to name addresses is enough: the other costs the same."""
    return True


def modules_of_a_build(site: Site) -> set[str]:
    """What a build of the written site imports, in a process of its own."""
    return _said_by_a_build(site, said="sorted(sys.modules)")


def files_of_a_build(site: Site) -> set[str]:
    """What a build of the written site opens, in a process of its own."""
    hook = (
        "opened = []\nsys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == 'open' else None)\n"
    )
    return _said_by_a_build(site, before=hook, said="opened")


def _said_by_a_build(site: Site, said: str, before: str = "") -> set[str]:
    build = "from mkdocs.__main__ import cli\ncli(['build', '-q'], standalone_mode=False)\n"
    command = [sys.executable, "-c", f"import json, sys\n{before}{build}print(json.dumps({said}))"]
    around = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=site.folder, env=around, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def calls_of_a_build(site: Site, pages: dict[str, str]) -> Counter[str]:
    """How often a build calls each of our functions."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _arg: object) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.partition(".")[0] in OURS:
            counted[f"{module}.{frame.f_code.co_qualname}"] += 1

    sys.setprofile(count)
    try:
        site.build(pages)
    finally:
        sys.setprofile(None)
    return counted


def pages(number: int, text: str) -> dict[str, str]:
    return {"index.md": "# Home\n", "badge.svg": "<svg/>"} | {f"page-{one}.md": text for one in range(number)}


def calls_a_page(site: Site, text: str) -> Counter[str]:
    """How often one page more calls each of our functions."""
    calls_of_a_build(site, pages(1, text))
    few, many = (calls_of_a_build(site, pages(number, text)) for number in (5, 15))
    more = Counter({name: calls - few[name] for name, calls in many.items()})
    return Counter({name: round(calls / 10) for name, calls in more.items() if calls > 0})


def test_a_build_without_a_block_imports_no_widget_no_form_and_nothing_of_an_option_that_is_off(site: Site) -> None:
    site.write(pages(1, PLAIN))
    unwanted = IN_A_PREVIEW.union(*(brought for _text, _options, brought in BROUGHT.values()))
    assert not unwanted & modules_of_a_build(site)


def test_a_build_with_tables_alone_imports_no_other_widget(site: Site) -> None:
    site.write(pages(1, BLOCK))
    unwanted = IN_A_PREVIEW.union(*(brought for name, (_, _, brought) in BROUGHT.items() if name != "a table"))
    assert not unwanted & modules_of_a_build(site)


def test_a_table_reads_no_data_of_a_language_s_dates_and_numbers(site: Site) -> None:
    site.write(pages(1, BLOCK))
    opened = files_of_a_build(site)
    assert any(name.endswith("support-policy.yml") for name in opened)
    assert not [name for name in opened if "locale-data" in name]


@pytest.mark.parametrize("name", BROUGHT)
def test_who_uses_something_imports_it(site: Site, name: str) -> None:
    text, options, brought = BROUGHT[name]
    site.write(pages(1, f"{PLAIN}\n{text}"), plugins=["search", {"support": options}])
    assert brought <= modules_of_a_build(site)


def test_a_page_without_a_block_costs_a_few_calls(site: Site) -> None:
    calls = calls_a_page(site, PLAIN)
    own = Counter({name: number for name, number in calls.items() if not name.startswith(FRAME)})
    assert own["site_plugins.plugin.SupportPlugin.on_post_page"] == 1
    assert own.total() <= 50, own


def test_the_frame_is_made_once_and_parsed_once_whatever_the_number_of_pages(site: Site) -> None:
    calls = calls_of_a_build(site, pages(12, PLAIN))
    assert calls["site_plugins.desk_frame.make_frame"] == 1
    assert calls["formapp.widgets.page_frame.elements_of"] == 1


def test_a_table_that_many_pages_have_alike_is_rendered_once(site: Site) -> None:
    calls = calls_a_page(site, f"{PLAIN}\n{BLOCK}")
    assert calls["site_plugins.block_widgets.BlockWidgets.made"] == 1
    for name in ("rendering.render", "table.render_table", "page_frame.elements_of"):
        assert calls[f"formapp.widgets.{name}"] == 0
    # Where a block was written is asked for where something is wrong with it.
    assert calls["site_plugins.readable.words"] == calls["site_plugins.sources.Source.find"] == 0

"""What writers get wrong: every mistake has its file, its line and a sentence, all in one build."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from supportpolicy import Policy
from tests.plugin.conftest import Site

MISTAKES = [
    ("```support-tabel\n```", 1, 'There is no block "support-tabel"; did you mean "support-table"?'),
    ("```support-map\n```", 1, 'There is no block "support-map"'),
    ("```support-table show=criteria\n```", 1, 'Put the options of "support-table" into lines of their own'),
    ("```support-table\nshow: critria\n```", 2, '"show" can\'t be "critria"; did you mean "criteria"?'),
    ("```support-table\nshw: criteria\n```", 2, '"support-table" has no option "shw"; did you mean "show"?'),
    ("```support-form\nshow: criteria\n```", 2, '"support-form" has no option "show"'),
    ("```support-form\nform: lunch-date\n```", 2, 'The policy has no form "lunch-date"; did you mean "launch-date"?'),
    ("```support-form\nform:\n```", 2, 'The option "form" has no value.'),
    ("```support-table\n\nshow:\n```", 3, 'The option "show" has no value.'),
    ("```support-table\nshow: graph\nshow: criteria\n```", 3, 'The option "show" stands twice.'),
    ("```support-table\njust words\n```", 2, '"just words" is not an option; write "key: value".'),
    ("```support-table\ncriteria: gone.md\n```", 2, '"criteria: gone.md" leads nowhere; there is no such page.'),
    ("```support-chooser\nform: ../index.md\n```", 2, '"form: ../index.md" leads nowhere; there is no such page.'),
    ("```support-chooser", 1, 'The block "support-chooser" is never closed; end it with ```.'),
    ("~~~~support-chooser\n~~~", 1, 'The block "support-chooser" is never closed; end it with ~~~~.'),
    ("```suport-table\n```", 1, 'There is no block "suport-table"; did you mean "support-table"?'),
    ("```Support-Table\n```", 1, 'There is no block "Support-Table"; did you mean "support-table"?'),
    ("```support_table\n```", 1, 'There is no block "support_table"; did you mean "support-table"?'),
    ("``` support table\n```", 1, 'There is no block "support table"; did you mean "support-table"?'),
    ("```supportchooser\n```", 1, 'There is no block "supportchooser"; did you mean "support-chooser"?'),
    ("```{.support-table}\n```", 1, 'Write "support-table" without braces'),
    ("``` { .support-table show=criteria }\n```", 1, 'Write "support-table" without braces'),
    ("``` {support-table}\n```", 1, 'Write "support-table" without braces'),
    ("```support-table {.wide}\n```", 1, 'Write "support-table" without braces'),
    ("```{.suport-table}\n```", 1, 'There is no block "suport-table"; did you mean "support-table"?'),
    ("> ```support-table\n> ```", 1, 'The block "support-table" can\'t stand in a quote; take the ">" away'),
    ("> words\n>\n> > ```suport-table\n> > ```", 3, 'The block "suport-table" can\'t stand in a quote'),
    (
        "```support-table```",
        1,
        'The block "support-table" ends in the line in which it begins; put its end, ```, below',
    ),
    ("- ```support-table\n  ```", 1, 'The block "support-table" begins in the line of a list\'s item'),
    (
        "- item\n\n  ```support-table\n  ```",
        3,
        "This block is indented by 2 spaces; to stand in the list or box above it",
    ),
    ("1. item\n\n   ```support-table\n   ```", 3, "This block is indented by 3 spaces"),
    ("!!! note\n  ```support-table\n  ```", 2, "This block is indented by 2 spaces"),
    ("- one\n\n    words\n\n        ```support-table\n        ```", 5, "This block is indented by 8 spaces"),
    ("Words.\n\n    ```support-table\n    ```", 3, "This block is indented, but stands in no list or admonition"),
    ("```support-table\ncriteria: empty.md\n```", 2, '"criteria: empty.md" leads to a page without the criteria'),
    ("```support-table\ncriteria: empty.md#low\n```", 2, 'Leave "#low" out of "criteria"'),
]
# What looks like a mistake and is none.
RIGHT = [
    "````markdown\n```suport-table\n```\n````",
    "````\n> ```support-table\n> ```\n````",
    "> ````\n> ```support-table\n> ```\n> ````",
    "> Words in a quote.",
    "Write `` ```support-table `` into a page.",
    "```report-table\n```",
    "```{.python}\nprint()\n```",
    "``` { .yaml title=support-policy.yml }\na: b\n```",
    # From here on the table is shown.
    "- one\n  - two\n\n    ```support-table\n    ```",
    "- one\n    - two\n\n        ```support-table\n        ```",
    "- an item that\ngoes on here\n\n    ```support-table\n    ```",
    "Words.\n\n  ```support-table\n  ```",
    "1. one\n\n\t```support-table\n\t```",
]
FIRST_SHOWN = 8
FRONT_MATTER = "---\ntitle: Help\ntags:\n  - one\n---\n\n"
# The house would fall with this one, and with that one beside it.
TWO_IN_THE_POLICY = [
    ("timezone: Europe/Paris", "timezone: Europe/Pariss"),
    ("house_rules: [R11]", "house_rules: [R99]"),
]


@pytest.mark.parametrize(("block", "line", "sentence"), MISTAKES)
def test_each_mistake_is_named_with_its_line(site: Site, block: str, line: int, sentence: str) -> None:
    (problem, last) = site.problems({"index.md": f"# Help\n\n{block}\n", "empty.md": "# Nothing here\n"})
    assert problem.startswith(f"docs/index.md:{line + 2}: {sentence}")
    assert last == "The guide has 1 problem; see above."


def test_what_is_right_is_let_be(site: Site) -> None:
    site.build({f"page{number}.md": f"# Help\n\n{text}\n" for number, text in enumerate(RIGHT)})
    for number, text in enumerate(RIGHT):
        shown = '<table class="support-table"' in site.content(f"page{number}.md")
        assert shown is (number >= FIRST_SHOWN), text


ADDRESSES = [
    "support",
    "desk.example/support",
    "//desk.example",
    "support/",
    "ftp://desk.example/",
    "/support/?a=b",
    "https:///x",
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_the_desk_that_is_none_is_named_in_mkdocs_yml(site: Site, address: str) -> None:
    (problem, last) = site.problems({"index.md": "# Help\n"}, plugins=["search", {"support": {"app_url": address}}])
    lines = (site.folder / "mkdocs.yml").read_text("utf-8").splitlines()
    line = next(number for number, words in enumerate(lines, 1) if "app_url" in words)
    assert problem.startswith(f'mkdocs.yml:{line}: "app_url: {address}" is no address of the help desk; write a path')
    assert '"/support/"' in problem
    assert last == "The guide has 1 problem; see above."


def test_front_matter_counts_as_lines_of_the_file(site: Site) -> None:
    (problem, _) = site.problems({"index.md": f"{FRONT_MATTER}# Help\n\n```support-tabel\n```\n"})
    assert problem.startswith("docs/index.md:9: ")


def test_a_page_separator_in_pasted_text_is_no_new_line(site: Site) -> None:
    """Editors count line feeds only."""
    (problem, _) = site.problems({"index.md": "a log\x0cand\u2028more\n\n```support-tabel\n```\n"})
    assert problem.startswith("docs/index.md:3: ")


def test_all_mistakes_of_all_pages_and_of_the_policy_come_in_one_build(site: Site, policy_text: str) -> None:
    broken = policy_text
    for right, wrong in TWO_IN_THE_POLICY:
        broken = broken.replace(right, wrong, 1)
    lines = {wrong: broken[: broken.index(wrong)].count("\n") + 1 for _, wrong in TWO_IN_THE_POLICY}
    pages = {
        "index.md": "```support-tabel\n```\n\n```support-table\nshow: all\nstyle: wide\n```\n",
        "deep/below/more.md": "text\n\n- a list\n\n    ```support-form\n    size: big\n    ```\n",
    }
    said = site.problems(pages, broken)
    assert [sentence.split(": ")[0] for sentence in said[:-1]] == [
        f"support-policy.yml:{lines['timezone: Europe/Pariss']}",
        f"support-policy.yml:{lines['house_rules: [R99]']}",
        "docs/index.md:1",
        "docs/index.md:5",
        "docs/index.md:6",
        "docs/deep/below/more.md:6",
    ]
    assert said[-1] == "The guide has 6 problems; see above."


def test_a_policy_that_is_not_there_is_said(site: Site) -> None:
    said = site.problems({"index.md": "# Help\n"}, plugins=[{"support": {"policy": "policies/gone.yml"}}])
    assert said[0] == "policies/gone.yml:1: There is no such file."


def test_a_mistake_in_an_example_is_none(site: Site) -> None:
    site.build({"index.md": "````markdown\n```support-tabel\n```\n````\n\n~~~text\n```support-chooser\n~~~\n"})


def mkdocs_build(site: Site, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *options],
        cwd=site.folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("strict", [[], ["--strict"], ["--quiet"]])
def test_mkdocs_build_fails_with_the_sentences_and_without_a_traceback(site: Site, strict: list[str]) -> None:
    site.write({"index.md": "```support-tabel\n```\n", "more.md": "```support-form\nsize: big\n```\n"})
    done = mkdocs_build(site, *strict)
    assert done.returncode == 1
    assert 'docs/index.md:1: There is no block "support-tabel"' in done.stderr
    assert 'docs/more.md:2: "support-form" has no option "size"' in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not site.path("index.md").exists()


def test_in_a_preview_the_page_itself_says_what_is_wrong_and_the_rest_stands(site: Site) -> None:
    text = f"{FRONT_MATTER}# Help\n\n```support-tabel\n```\n\nBetween.\n\n```support-table\n```\n"
    site.build({"index.md": text}, serving=True)
    assert site.said() == ['docs/index.md:9: There is no block "support-tabel"; did you mean "support-table"?']
    content = site.content()
    assert "This can't be shown yet" in content
    sentence = "docs/index.md:9: There is no block &#34;support-tabel&#34;; did you mean &#34;support-table&#34;?"
    assert sentence in content
    assert content.index("can't be shown") < content.index("Between.") < content.index("within 1 hour, 24/7")


def test_in_a_preview_a_broken_policy_is_said_where_a_widget_should_stand(site: Site, policy_text: str) -> None:
    pages = {"index.md": "# Help\n\n```support-table\n```\n", "about.md": "# About\n\nNothing of ours.\n"}
    site.build(pages, policy_text.replace("Europe/Paris", "Europe/<Pariss>", 1), serving=True)
    assert len(site.said()) == 1
    content = site.content()
    assert "There is no time zone &#34;Europe/&lt;Pariss&gt;&#34;" in content
    assert str(site.folder) not in content
    assert "support-problem" not in site.content("about.md")


@pytest.mark.parametrize(("days", "told"), [(61, False), (30, True), (-400, True)])
def test_holidays_that_end_soon_are_told_and_stop_no_strict_build(
    site: Site, policy: Policy, days: int, told: bool
) -> None:
    site.write({"index.md": "# Home"})
    last = max(policy.calendar.holidays)
    day = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) - timedelta(days=days)
    done = mkdocs_build(site, "--strict", SOURCE_DATE_EPOCH=f"{day.timestamp():.0f}")
    assert done.returncode == 0, done.stderr
    ends = "ended on" if days < 0 else "end on"
    sentence = f"support-policy.yml: The holidays {ends} {last.day} {last:%B %Y}. Add those"
    assert (sentence in done.stderr) is told


def test_a_page_that_lies_where_the_desk_answers_is_a_mistake(site: Site) -> None:
    """Nobody could read it: the web server hands its address to the desk."""
    pages = {"index.md": "# Home\n", "support/index.md": "# Support\n", "supporters.md": "# Others\n"}
    address = "/support/" if site.directory_urls else "/support/index.html"
    problem, _ = site.problems(pages, site_url="https://docs.shop.example/")
    place = "docs/support/index.md:1"
    assert problem == f'{place}: Its address is "{address}", where the help desk answers; give the file another name.'
    # In a folder of its own there is room for both.
    site.build(pages, site_url="https://docs.shop.example/help/")

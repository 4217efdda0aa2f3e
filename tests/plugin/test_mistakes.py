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
    ("```support-table\n\nshow:\n```", 3, 'The option "show" has no value.'),
    ("```support-table\nshow: graph\nshow: criteria\n```", 3, 'The option "show" stands twice.'),
    ("```support-table\njust words\n```", 2, '"just words" is not an option; write "key: value".'),
    ("```support-table\ncriteria: gone.md\n```", 2, '"criteria: gone.md" leads nowhere; there is no such page.'),
    ("```support-chooser\nform: ../index.md\n```", 2, '"form: ../index.md" leads nowhere; there is no such page.'),
    ("```support-chooser", 1, 'The block "support-chooser" is never closed; end it with ```.'),
    ("~~~~support-chooser\n~~~", 1, 'The block "support-chooser" is never closed; end it with ~~~~.'),
]
FRONT_MATTER = "---\ntitle: Help\ntags:\n  - one\n---\n\n"
# The house would fall with this one, and with that one beside it.
TWO_IN_THE_POLICY = [
    ("timezone: Europe/Paris", "timezone: Europe/Pariss"),
    ("house_rules: [R11]", "house_rules: [R99]"),
]


@pytest.mark.parametrize(("block", "line", "sentence"), MISTAKES)
def test_each_mistake_is_named_with_its_line(site: Site, block: str, line: int, sentence: str) -> None:
    (problem, last) = site.problems({"index.md": f"# Help\n\n{block}\n"})
    assert problem.startswith(f"docs/index.md:{line + 2}: {sentence}")
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


@pytest.mark.parametrize("strict", [[], ["--strict"], ["--quiet"]])
def test_mkdocs_build_fails_with_the_sentences_and_without_a_traceback(site: Site, strict: list[str]) -> None:
    site.write({"index.md": "```support-tabel\n```\n", "more.md": "```support-form\nsize: big\n```\n"})
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *strict],
        cwd=site.folder,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
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


def test_a_build_warns_of_holidays_that_end_soon(site: Site, policy: Policy, monkeypatch: pytest.MonkeyPatch) -> None:
    last = max(policy.calendar.holidays)
    for days, warned in ((61, False), (30, True)):
        day = datetime(last.year, last.month, last.day, 12, tzinfo=UTC) - timedelta(days=days)
        monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{day.timestamp():.0f}")
        site.build({"index.md": "# Home"})
        said = [one for one in site.said() if "holidays" in one]
        assert bool(said) is warned
    assert said[0].startswith(f"support-policy.yml: The holidays end on {last.day} {last:%B %Y}. Add those")

"""What the lint finds in pages before they are built: each with file, line and what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from site_plugins.lint.__main__ import main
from site_plugins.lint.lint import LINT_CHECKS, lint_page
from site_plugins.lint.page import LintPage
from supportpolicy import Policy
from tests.builders import POLICY
from tests.plugin.conftest import Site

SIZED = '{ width="8" height="6" }'
SQUARE = '{ width="400" height="400" }'
LONG = "The form with every field filled, " * 5

# The page's text, the line, and how the sentence begins.
FOUND = [
    ("High: 1 business day.", 1, '"1 business day" is typed by hand; write "[[support: high.response]]"'),
    (
        "We answer High\nwithin 1 business day.",
        2,
        '"within 1 business day" is typed by hand; write "[[support: high.res',
    ),
    (
        "Words.\n\nCritical is answered in 4 hours.",
        3,
        '"4 hours" is typed by hand beside "Critical", but the policy',
    ),
    ("In two days you hear of a Normal ticket.", 1, '"two days" is typed by hand beside "Normal"'),
    (
        "| Normal | 1-2 business days |\n| --- | --- |",
        1,
        '"1-2 business days" is typed by hand; write "[[support: norm',
    ),
    (
        "---\nlanguage: de\n---\nBei Hoch: 1 Arbeitstag.",
        4,
        '"1 Arbeitstag" is typed by hand; write "[[support: high.re',
    ),
    ("---\nlanguage: de\n---\nBei Hoch nach 3 Tagen.", 4, '"3 Tagen" is typed by hand beside "Hoch"'),
    ("Write to support@platform.example.", 1, '"support@platform.example" is typed by hand; write "[[support: contact'),
    (f"![](a.png){SIZED}", 1, 'The picture "a.png" has no alt text; say in a sentence what it shows.'),
    ('<img src="a.png" width="8" height="6">', 1, 'The picture "a.png" has no alt text'),
    (f"![a.png](a.png){SIZED}", 1, 'The alt text "a.png" is a file\'s name; say what the picture shows.'),
    (f"![new form](new-form.png){SIZED}", 1, 'The alt text "new form" is a file\'s name'),
    (f"![Screenshot](a.png){SIZED}", 1, 'The alt text "Screenshot" says only that it is a picture; say what it shows'),
    (f"![An image](a.png){SIZED}", 1, 'The alt text "An image" says only'),
    (f"![Screenshot of the form](a.png){SIZED}", 1, 'Begin with what is seen: "The form".'),
    (f"![{LONG}](a.png){SIZED}", 1, "This alt text has 169 characters; 150 are enough"),
    (f"![Form](a.png){SIZED}\n\n![Form](new-form.png){SIZED}", 3, "Line 1 has the same alt text; say what is special"),
    (
        "![Words](a.png)",
        1,
        'Without width and height the page moves while this picture loads; add width="8" height="6".',
    ),
    (
        '![Words](a.png){ width="8" height="9" }',
        1,
        'The page moves while this picture loads, as the file has another shape than "8" by "9"; write width="8" heigh',
    ),
    (f"![Words](heavy.png){SQUARE}", 1, 'The picture "heavy.png" weighs 161 kB; keep it below 150 kB'),
    (f"![Words](b.png){SIZED}", 1, 'There is no picture "b.png"; did you mean "a.png"?'),
    (
        f"1. One\n\n![Words](a.png){SIZED}\n\n2. Two",
        3,
        "This picture stands outside its step, so that the next step is 1",
    ),
    (
        "```bash\nmake\n\n## Next\n\n```bash\nmake\n```",
        4,
        "This heading is within the code block that begins in",
    ),
    (
        "```\ncode\n\n# Next\n",
        4,
        "This heading is within the code block that begins in line 1",
    ),
    ("```support-chooser\nform: plain.md\n```", 2, '"form: plain.md" leads to a page without the form; put a block'),
    (
        'Go <a href="plain.md">there</a>.',
        1,
        'A link in HTML stays as it is written, and "plain.md" is no',
    ),
    ("```support-table\nshow: critria\n```", 2, '"show" can\'t be "critria"; did you mean "criteria"?'),
    ("```support-table\ncriteria: gone.md\n```", 2, '"criteria: gone.md" leads nowhere; there is no such page.'),
    ("```support-table\ncriteria: plain.md\n```", 2, '"criteria: plain.md" leads to a page without the criteria'),
    ("In [[support: hgh.response]].", 1, 'There is no fact "hgh.response"; did you mean "high.response"?'),
]
RIGHT = [
    "High: [[support: high.response]].",
    "High prices. Refunds take 4 days. The museum is open 2 hours.",
    "`High: 1 business day`\n\n```yaml\nHigh: 4 hours\n```",
    "The tide is low for 4 hours.",
    f"![A form](a.png){SIZED}",
    '![Half as large](a.png){ width="4" height="3" }',
    '![As wide as the page](a.png){ width="100%" height="6" }',
    '<img src="a.png" alt="" width="8" height="6">',
    f"1. One\n\n    ![Words](a.png){SIZED}\n\n2. Two",
    f"1. One\n2. Two\n\n![Words](a.png){SIZED}\n\n## Other\n\n1. One",
    "```bash\n# a comment\nmake\n```\n\n## Next\n\n```bash\nmake\n```",
    "````markdown\n```bash\n## shown\n```\n````",
    "```\nclosed\n```\n\n# Next",
    "[There](plain.md) or <a href='https://shop.example/a.md/'>there</a>",
    "High: 1 business day. <!-- support-lint: ignore -->",
    "<!-- support-lint: ignore this page -->\n\nHigh: 1 business day.",
    "Write to other-support@platform.example or support@platform.example.org.",
    "![Badge](https://img.example/a.png)",
]


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a policy and pictures, in which the lint runs."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(POLICY, tmp_path)
    shutil.copy(POLICY.with_suffix(".de.yml"), tmp_path)
    folder = tmp_path / "docs"
    folder.mkdir()
    make_pictures(folder)
    return folder


def make_pictures(folder: Path) -> None:
    for name in ("a.png", "new-form.png"):
        Image.new("RGB", (8, 6)).save(folder / name)
    Image.effect_noise((400, 400), 90).save(folder / "heavy.png")
    assert (folder / "heavy.png").stat().st_size > 155_000
    (folder / "heavy.png").write_bytes((folder / "heavy.png").read_bytes()[:160_500].ljust(160_500, b"\0"))
    (folder / "plain.md").write_text("# Nothing here\n")


def found(docs: Path, text: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    (docs / "index.md").write_text(text, "utf-8")
    assert main([*options]) in {0, 1}
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(("text", "line", "sentence"), FOUND)
def test_each_mistake_is_found_with_its_line(
    docs: Path, capsys: pytest.CaptureFixture[str], text: str, line: int, sentence: str
) -> None:
    (told,) = found(docs, text, capsys)
    assert told.startswith(f"docs/index.md:{line}: {sentence}")
    assert told.endswith((".", "?"))


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_right_is_let_be(docs: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert found(docs, text, capsys) == []


MENDED = [
    ("High: 1 business day.", "High: [[support: high.response]]."),
    ("Critical within 1 hour, 24/7!", "Critical [[support: critical.response]]!"),
    ("<support@platform.example>", "[[[support: contact.email]]](mailto:[[support: contact.email]])"),
    ("[us](mailto:support@platform.example)", "[us](mailto:[[support: contact.email]])"),
    ("![Screenshot of the form](a.png)", '![The form](a.png){ width="8" height="6" }'),
    ("![Form](a.png){ .wide }", '![Form](a.png){ .wide width="8" height="6" }'),
    ("![Form](a.png){ .wide width=\"9\" height='1' }", '![Form](a.png){ .wide width="8" height="6" }'),
    ('<img src="a.png" alt="Form" width=9 height=1>', '<img src="a.png" alt="Form" width="8" height="6">'),
    ('<img src="a.png" alt="Form" />', '<img src="a.png" alt="Form" width="8" height="6" />'),
    (
        f"1. One\n![Form](a.png){SIZED}\n2. Two\n\n![Other](new-form.png){SIZED}\n\n3. Three",
        f"1. One\n\n    ![Form](a.png){SIZED}\n2. Two\n\n    ![Other](new-form.png){SIZED}\n\n3. Three",
    ),
    ("A\r\n\r\nHigh: 1 business day.\r\n", "A\r\n\r\nHigh: [[support: high.response]].\r\n"),
]


@pytest.mark.parametrize(("text", "better"), MENDED)
def test_what_is_certain_is_mended_and_then_nothing_is_left(
    docs: Path, capsys: pytest.CaptureFixture[str], text: str, better: str
) -> None:
    (docs / "index.md").write_bytes(text.encode())
    assert main(["--fix"]) == 0
    assert (docs / "index.md").read_bytes().decode() == better
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("Mended ")


def test_what_is_not_certain_stays(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Low: best effort. Critical in 3 hours.\n\n![](a.png)\n"
    (docs / "index.md").write_text(text.replace("(a.png)", f"(a.png){SIZED}"))
    assert main(["--fix"]) == 1
    assert (docs / "index.md").read_text() == text.replace("(a.png)", f"(a.png){SIZED}")
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_github_gets_annotations(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs / "a,b.md").write_text("![50%](a.png)\n")
    (line,) = found(docs, "# Fine\n", capsys, "--format", "github")
    assert line.startswith("::error file=docs/a%2Cb.md,line=1::Without width and height")


def test_a_broken_policy_is_told_and_the_rest_is_found_all_the_same(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = docs.parent / "support-policy.yml"
    path.write_text(path.read_text("utf-8").replace("Europe/Paris", "Mars/Base"), "utf-8")
    first, second = found(docs, "![](a.png)" + SIZED, capsys)
    assert first.startswith("support-policy.yml:")
    assert second.startswith("docs/index.md:1: ")


def test_it_reads_where_pages_and_policy_are_from_the_site_s_settings(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    docs.rename(docs.parent / "pages")
    (docs.parent / "support-policy.yml").rename(docs.parent / "promises.yml")
    (docs.parent / "mkdocs.yml").write_text("docs_dir: pages\nplugins:\n  - support:\n      policy: promises.yml\n")
    (docs.parent / "pages" / "index.md").write_text("High: 1 business day.")
    assert main([]) == 1
    assert capsys.readouterr().out.startswith('pages/index.md:1: "1 business day" is typed by hand')


@pytest.mark.usefixtures("docs")
def test_a_folder_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["elsewhere"]) == 2
    assert capsys.readouterr().err == 'There is no folder "elsewhere".\n'


def test_it_runs_as_a_command_without_mkdocs(docs: Path) -> None:
    code = "import sys; sys.modules['mkdocs'] = None; from site_plugins.lint.__main__ import main; sys.exit(main([]))"
    (docs / "index.md").write_text("High: 1 business day.")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_long_page_is_read_in_little_time(policy: Policy) -> None:
    """What grows faster than the page would take minutes here."""
    text = "High words and (one) [two] `three` 12 ![ <a <img \n" * 4000
    assert isinstance(lint_page(LintPage(Path("index.md"), text, policy), LINT_CHECKS), list)


# Twenty-five different mistakes over three pages and the policy's neighbours, in one build.
TWENTY_FIVE = {
    "index.md": [
        ("```suport-table\n```", 1, 'There is no block "suport-table"'),
        ("```support-table\nshow: critria\n```", 2, '"show" can\'t be "critria"'),
        ("```support-form\nsize: big\n```", 2, '"support-form" has no option "size"'),
        ("> ```support-table\n> ```", 1, 'The block "support-table" can\'t stand in a quote'),
        ("- ```support-table\n  ```", 1, 'The block "support-table" begins in the line of a list\'s item'),
        ("```support-table\ncriteria: gone.md\n```", 2, '"criteria: gone.md" leads nowhere'),
        ("```support-table\ncriteria: plain.md\n```", 2, '"criteria: plain.md" leads to a page without the criteria'),
        ("```support-table {.wide}\n```", 1, 'Write "support-table" without braces'),
        ("We answer in [[support: hgh.response]].", 1, 'There is no fact "hgh.response"'),
        ("We answer in [[suport: high.response]].", 1, 'Write "[[support: high.response]]" instead of'),
    ],
    "steps/more.md": [
        ("High: 1 business day.", 1, '"1 business day" is typed by hand; write'),
        ("Critical is answered in 4 hours.", 1, '"4 hours" is typed by hand beside "Critical"'),
        ("Write to support@platform.example.", 1, '"support@platform.example" is typed by hand'),
        (f"![](../a.png){SIZED}", 1, 'The picture "../a.png" has no alt text'),
        (f"![a.png](../a.png){SIZED}", 1, 'The alt text "a.png" is a file\'s name'),
        (f"![Screenshot](../a.png){SIZED}", 1, 'The alt text "Screenshot" says only'),
        (f"![Screenshot of it](../a.png){SIZED}", 1, "Begin with what is seen"),
        (f"![{LONG}](../a.png){SIZED}", 1, "This alt text has 169 characters"),
        (f"![Form](../a.png){SIZED}\n\n![Form](../new-form.png){SIZED}", 3, "Line "),
        ("![No size](../a.png)", 1, "Without width and height"),
        (f"![Heavy](../heavy.png){SQUARE}", 1, 'The picture "../heavy.png" weighs 161 kB'),
        (f"1. One\n\n![Step](../a.png){SIZED}\n\n2. Two", 3, "This picture stands outside its step"),
        ('Go <a href="plain.md">there</a>.', 1, "A link in HTML stays as it is written"),
        ("```support-chooser\nform: ../plain.md\n```", 2, '"form: ../plain.md" leads to a page without the form'),
        ("```bash\nmake\n\n## Next\n\n```bash\nmake\n```", 4, "This heading is within the code block"),
    ],
}


def test_twenty_five_mistakes_in_one_build_are_twenty_five_sentences_with_file_and_line(site: Site) -> None:
    pages, expected = {}, []
    for name, mistakes in TWENTY_FIVE.items():
        text = "# Help\n"
        for mistake, line, sentence in mistakes:
            expected.append((f"docs/{name}:{text.count(chr(10)) + 1 + line}: ", sentence))
            text += f"\n{mistake}\n"
        pages[name] = text
    assert len(expected) == 25
    (site.folder / "docs").mkdir()
    make_pictures(site.folder / "docs")
    said = site.problems(pages, plugins=["search", {"support": {"lint": True}}])
    assert said.pop() == "The guide has 25 problems; see above."
    left = list(said)
    for place, sentence in expected:
        left.remove(next(one for one in left if one.startswith(place + sentence)))
    assert left == []


def test_a_build_looks_for_no_more_than_it_is_asked_to(site: Site) -> None:
    site.build({"index.md": "# Help\n\nHigh: 1 business day.\n"})

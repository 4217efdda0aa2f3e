"""The list of pictures: each mistake in it has its line, and where it differs from pages and files is told."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from site_plugins.screens.agreement import find_file_problems, find_steps
from site_plugins.screens.reading import ListError, load_list
from tests.builders import REPOSITORY

ENTRY = """\
pictures:
  - picture: pictures/form.webp
    page: index.md
    alt: The form, filled.
    open: /form
    crop: {css: form}
    steps:
      - press: {button: Send ticket}
        leads_to: /sent
"""
PAGE = """\
# Help

1. Fill in the form.

2. Press **Send ticket**, and wait.

    [![The form, filled.](pictures/form.webp)](pictures/form.webp)

    More words.

Then go home.
"""

# What is changed in the list, the line, and how the sentence begins.
MISTAKES = [
    ("pictures:", "pictrues:", 1, 'Unknown key "pictrues"; did you mean "pictures"?'),
    ("page: index.md", "pag: index.md", 3, 'Unknown key "pag"; did you mean "page"?'),
    ("button: Send", "buton: Send", 8, 'There is no role "buton"; did you mean "button"?'),
    ("press:", "click:", 8, 'A step is one of "press", "fill" and "choose"'),
    ("leads_to: /sent", "leads_to: sent", 9, '"sent" is no address within the app; begin with "/".'),
    ("    open: /form\n", "", 2, 'The first entry of a page needs "open"'),
    ("    alt: The form, filled.\n", "", 2, 'A picture needs "alt".'),
    ("    page: index.md\n", "    page: index.md\n    text: Press\n", 2, 'Write either "picture"'),
    ("form.webp", "form.png", 2, 'Pictures are saved as WebP; end the name in ".webp".'),
    ("{css: form}", "forms", 6, 'There is no role "forms"; did you mean "form"?'),
    ("{css: form}", "{link: A, button: B}", 6, "Name one thing by its role and name"),
    ("pictures:\n", "clock: at noon\npictures:\n", 1, '"at noon" is no instant'),
    ("pictures:\n", "clock: 2026-11-24T14:00\npictures:\n", 1, '"2026-11-24T14:00" is no instant'),
    ("pictures:\n", "base_url: app.example\npictures:\n", 1, '"app.example" is no address'),
    ("pictures:\n", "width: 5\npictures:\n", 1, '"width" needs a whole number'),
    ("pictures:\n", "people: {ada: {open: /in}}\npictures:\n", 1, '"people" is for an app of yours'),
    ("    open: /form\n", "    open: /form\n    state: ful\n", 6, 'The demo has no state "ful"'),
    ("    alt: The form, filled.\n", "    alt: The form: filled.\n", 4, "Put the text with the colon in quotes"),
]


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = Path("docs")
    folder.mkdir()
    (folder / "screens.yml").write_text(ENTRY)
    (folder / "index.md").write_text(PAGE)
    return folder


def told(docs: Path) -> list[str]:
    return [str(problem) for problem in find_steps(load_list(docs / "screens.yml"))[1]]


@pytest.mark.parametrize(("right", "wrong", "line", "sentence"), MISTAKES)
def test_each_mistake_in_the_list_has_its_line(docs: Path, right: str, wrong: str, line: int, sentence: str) -> None:
    assert right in ENTRY
    (docs / "screens.yml").write_text(ENTRY.replace(right, wrong, 1))
    with pytest.raises(ListError) as caught:
        load_list(docs / "screens.yml")
    assert f"docs/screens.yml:{line}: {sentence}" in str(caught.value)


OWN = """\
base_url: https://app.example
people:
  ada: {open: /sign-in}
"""


def test_an_app_of_one_s_own_knows_the_people_that_the_list_names(docs: Path) -> None:
    """Nobody is known, too."""
    for who, told in (("ada", ""), ("nobody", ""), ("adda", '"people" says nothing of "adda"; did you mean "ada"?')):
        (docs / "screens.yml").write_text(f"{OWN}{ENTRY}    signed_in: {who}\n")
        if told:
            with pytest.raises(ListError, match=re.escape(told)):
                load_list(docs / "screens.yml")
        else:
            assert load_list(docs / "screens.yml").entries[0].signed_in == who
    (docs / "screens.yml").write_text(f"{OWN}{ENTRY}    state: tickets\n")
    with pytest.raises(ListError, match='"state" is one of the demo'):
        load_list(docs / "screens.yml")


def test_all_mistakes_are_told_at_once(docs: Path) -> None:
    text = ENTRY.replace("button:", "buton:").replace("page:", "pag:").replace("/form", "form")
    (docs / "screens.yml").write_text(text)
    with pytest.raises(ListError) as caught:
        load_list(docs / "screens.yml")
    assert [problem.line for problem in caught.value.problems] == [2, 3, 5, 8]


def test_a_list_that_is_not_there_or_is_no_text_is_a_sentence(docs: Path) -> None:
    with pytest.raises(ListError, match=r"docs/none.yml:1: The list can't be read: No such file"):
        load_list(docs / "none.yml")
    (docs / "screens.yml").write_bytes(b"pictures:\n  - \xff")
    with pytest.raises(ListError, match=r"docs/screens.yml:2: This line is not UTF-8"):
        load_list(docs / "screens.yml")
    (docs / "screens.yml").write_text("")
    with pytest.raises(ListError, match=r'docs/screens.yml:1: The key "pictures" is missing'):
        load_list(docs / "screens.yml")


def test_a_picture_belongs_to_the_step_above_it(docs: Path) -> None:
    steps, problems = find_steps(load_list(docs / "screens.yml"))
    assert problems == []
    ((line, step),) = steps.items()
    assert line == 2
    assert (step.file, step.line) == ("docs/index.md", 5)
    assert step.words == "2. Press Send ticket, and wait. More words."


# What is changed in the page, and what is told.
DIFFERENCES = [
    ("The form, filled.", "The form.", "docs/index.md:7: The alt text differs from that of docs/screens.yml:2, which"),
    (
        "**Send ticket**",
        "**Submit**",
        'docs/index.md:5: This step doesn\'t say "Send ticket", which docs/screens.yml:8',
    ),
    (
        "# Help\n",
        "# Help\n![Old.](pictures/old.webp)\n",
        'docs/index.md:2: "pictures/old.webp" is not on the list docs/',
    ),
]


@pytest.mark.parametrize(("right", "wrong", "sentence"), DIFFERENCES)
def test_where_page_and_list_differ_the_page_s_line_is_told(docs: Path, right: str, wrong: str, sentence: str) -> None:
    (docs / "index.md").write_text(PAGE.replace(right, wrong, 1))
    (problem,) = told(docs)
    assert problem.startswith(sentence)


def test_an_entry_about_nothing_is_told_with_the_list_s_line(docs: Path) -> None:
    more = """\
  - {picture: pictures/gone.webp, page: index.md, alt: Gone., crop: main}
  - {text: Then go to sleep., page: index.md}
  - {text: Then go home., page: index.md}
  - {text: Hello., page: none.md, open: /}
"""
    (docs / "screens.yml").write_text(ENTRY + more)
    assert told(docs) == [
        'docs/screens.yml:10: The page index.md doesn\'t show "pictures/gone.webp".',
        'docs/screens.yml:11: No line of the page index.md says "Then go to sleep.".',
        'docs/screens.yml:13: There is no page "none.md".',
    ]


def test_a_file_that_is_not_the_one_of_the_manifest_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(REPOSITORY / "docs", tmp_path / "docs")
    screens = load_list(Path("docs/screens.yml"))
    assert list(find_file_problems(screens)) == []

    (screens.pictures / "4-url-dark.webp").write_bytes(b"another")
    (screens.pictures / "4-url-phone.webp").unlink()
    (screens.pictures / "mine.webp").write_bytes(b"mine")
    line = next(entry.line for entry in screens.entries if entry.picture.endswith("4-url.webp"))
    files = "4-url-dark.webp, 4-url-phone.webp"
    assert [str(problem) for problem in find_file_problems(screens)] == [
        f"docs/screens.yml:{line}: {files}: not the picture that the manifest has; take the pictures anew.",
        "docs/pictures/mine.webp:1: No entry of docs/screens.yml takes this picture; add one, or delete the file.",
    ]
    (screens.pictures / "manifest.json").unlink()
    assert "is on the list, but was never taken" in str(next(find_file_problems(screens)))

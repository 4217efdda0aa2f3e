"""What needs no browser: list, pages, pictures and manifest say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from site_plugins.lint.page import LintPage
from site_plugins.lint.pictures import Picture, pictures
from site_plugins.lint.steps import STEP
from site_plugins.pictures import MANIFEST, VARIANTS, read_manifest
from site_plugins.screens.model import Entry, ScreenList
from site_plugins.translation import gettext as _
from supportpolicy.problems import Problem

_HEADING = re.compile(r"^#{1,6}\s")
# What Markdown makes of words, without the words.
_MARKS = re.compile(r"\]\([^()]*\)|[*\[]")


@dataclass(frozen=True, slots=True)
class Step:
    """Where a page tells what an entry tries: its file, its line, and its words."""

    file: str
    line: int
    words: str


def find_steps(screens: ScreenList) -> tuple[dict[int, Step], list[Problem]]:
    """The step of each entry by the entry's line in the list, and where list and pages differ."""
    steps: dict[int, Step] = {}
    problems: list[Problem] = []
    pages = {path: _read(path) for path in sorted(screens.docs.rglob("*.md"))}
    for entry in screens.entries:
        if (page := pages.get(screens.docs / entry.page)) is None:
            sentence = _('There is no page "%(page)s".', page=entry.page)
        elif (line := _line(screens, entry, page)) is None:
            sentence = (
                _('The page %(page)s doesn\'t show "%(picture)s".', page=entry.page, picture=entry.picture)
                if entry.picture
                else _('No line of the page %(page)s says "%(text)s".', page=entry.page, text=entry.text)
            )
        else:
            steps[entry.line] = step = _step(page, line)
            problems += _unsaid(screens, entry, step)
            continue
        problems.append(Problem(screens.file.as_posix(), entry.line, entry.page, sentence))
    for page in pages.values():
        problems += _picture_problems(screens, page)
    return steps, problems


def find_file_problems(screens: ScreenList) -> Iterator[Problem]:
    """Pictures that aren't those of the manifest, and files that no entry is about."""
    manifest, listed = read_manifest(screens.pictures), set[str]()
    for entry in screens.entries:
        if not entry.picture:
            continue
        name = Path(entry.picture).name
        files = manifest.pictures.get(name, {})
        listed |= {one.file for one in files.values()}
        changed = [one.file for one in files.values() if not one.is_in(screens.pictures)]
        if set(files) != set(VARIANTS):
            sentence = _('"%(picture)s" is on the list, but was never taken; take the pictures.', picture=entry.picture)
            yield Problem(screens.file.as_posix(), entry.line, name, sentence)
        elif changed:
            sentence = _(
                "%(files)s: not the picture that the manifest has; take the pictures anew.", files=", ".join(changed)
            )
            yield Problem(screens.file.as_posix(), entry.line, name, sentence)
    there = {path.name for path in screens.pictures.glob("*") if path.is_file()} - {MANIFEST}
    for name in sorted(there - listed):
        sentence = _(
            "No entry of %(list)s takes this picture; add one, or delete the file.", list=screens.file.as_posix()
        )
        yield Problem((screens.pictures / name).as_posix(), 1, name, sentence)


def _read(path: Path) -> LintPage:
    return LintPage(path, path.read_text("utf-8-sig", errors="replace"))


def _shown(screens: ScreenList, page: LintPage) -> Iterator[tuple[str, Picture]]:
    """The pictures of a page by their path from the folder of the pages."""
    for picture in pictures(page):
        path = page.path.parent / unquote(picture.src.partition("#")[0].partition("?")[0])
        try:
            yield path.resolve().relative_to(screens.docs.resolve()).as_posix(), picture
        except ValueError:
            continue


def _line(screens: ScreenList, entry: Entry, page: LintPage) -> int | None:
    """The line (from 1) of the picture, or of the words, that an entry is about."""
    if entry.picture:
        return next((picture.line for path, picture in _shown(screens, page) if path == entry.picture), None)
    return next((number for number, line in enumerate(page.words, 1) if entry.text in line), None)


def _step(page: LintPage, line: int) -> Step:
    """The numbered step that a line belongs to, or else the line's own paragraph."""
    words = page.words
    start = line - 1
    while start > 0 and not STEP.match(words[start]) and _is_within(words[start]):
        start -= 1
    is_step = bool(STEP.match(words[start]))
    start = start if is_step else line - 1
    end = start + 1
    while end < len(words) and (_is_within(words[end]) if is_step else words[end].strip()):
        end += 1
    text = "\n".join(words[start:end])
    for picture in pictures(LintPage(page.path, text)):
        text = text.replace(picture.written, "")
    return Step(page.path.as_posix(), start + 1, " ".join(_MARKS.sub("", text).split()))


def _is_within(line: str) -> bool:
    """Whether a line goes on with the step before it: indented, or empty."""
    return not line.strip() or line.startswith((" ", "\t"))


def _unsaid(screens: ScreenList, entry: Entry, step: Step) -> Iterator[Problem]:
    """What an entry tries without its step saying so."""
    for action in entry.steps:
        said = action.target.said
        if said and action.target.kind != "css" and said.casefold() not in step.words.casefold():
            sentence = _(
                'This step doesn\'t say "%(name)s", which %(place)s tries.', name=said, place=screens.place(action.line)
            )
            yield Problem(step.file, step.line, path_of(entry), sentence)


def path_of(entry: Entry) -> str:
    """By what an entry is known: its picture, or its words."""
    return entry.picture or entry.text


def _picture_problems(screens: ScreenList, page: LintPage) -> Iterator[Problem]:
    """Pictures of a page that no entry takes, or that it describes in other words than the list."""
    listed = {entry.picture: entry for entry in screens.entries if entry.picture}
    for path, picture in _shown(screens, page):
        if not path.startswith(f"{screens.folder}/"):
            continue
        if path not in listed:
            sentence = _(
                '"%(picture)s" is not on the list %(list)s; add an entry for it, or keep the file elsewhere.',
                picture=path,
                list=screens.file.as_posix(),
            )
        elif picture.alt != listed[path].alt:
            sentence = _(
                'The alt text differs from that of %(place)s, which is "%(alt)s"; make them alike.',
                place=screens.place(listed[path].line),
                alt=listed[path].alt,
            )
        else:
            continue
        yield Problem(page.path.as_posix(), picture.line, path, sentence)

"""Pictures: their words for those who don't see them, their weight, and the room that is left for them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from html import unescape
from pathlib import Path
from urllib.parse import unquote

from site_plugins.lint.page import Edit, Finding, LintPage
from site_plugins.pictures import files_of
from site_plugins.translation import gettext as _
from supportpolicy.reading import did_you_mean

LONGEST_ALT = 150
HEAVIEST = 150_000
_MARKDOWN = re.compile(
    r"!\[(?P<alt>[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\(\s*<?(?P<src>[^\s()<>]+(?:\([^\s()]*\)[^\s()<>]*)?)>?"
    r"(?:\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)(?P<attributes>\{[^{}\n]*\})?"
)
_HTML = re.compile(r"<img\b(?P<attributes>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>{}]+))""")
_FILE_NAME = re.compile(r"[\w ()-]+\.(?:png|jpe?g|gif|webp|svg|avif|bmp)", re.IGNORECASE)
_KINDS = (
    r"screen ?shot|screen ?grab|image|picture|photo|bildschirmfoto|bild|capture d[’']écran|captura de pantalla|imagen"
)
_SAYS_NOTHING = re.compile(rf"(?:an? |the |ein |une |una )?(?:{_KINDS})(?: ?\d+)?\.?", re.IGNORECASE)
# "Screenshot of the form" is "The form".
_BEGINS = re.compile(
    r"^(?:an? |the )?(?:screen ?shot|screen ?grab|image|picture|photo) (?:of|showing) (?=\S)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a page: where it stands, how it is written, and its parts.

    ``alt`` is None where HTML has none, ``size`` where width or height isn't said.
    """

    line: int
    written: str
    src: str
    alt: str | None
    size: tuple[str, str] | None
    html: bool


def picture_findings(page: LintPage) -> Iterator[Finding]:
    """What is wrong with the pictures of a page."""
    first: dict[str, int] = {}
    for picture in pictures(page):
        yield from _alt(picture)
        if picture.alt and picture.alt in first:
            sentence = _(
                "Line %(line)s has the same alt text; say what is special in this picture.", line=first[picture.alt]
            )
            yield Finding(picture.line, sentence)
        first.setdefault(picture.alt or "", picture.line)
        yield from _file(page, picture)


def pictures(page: LintPage) -> list[Picture]:
    """The pictures of a page, in order."""
    text = "\n".join(page.words)
    found = []
    for one in _MARKDOWN.finditer(text):
        names = _attributes(one["attributes"] or "")
        found.append((one.start(), one[0], one["src"], one["alt"].strip(), names, False))
    for one in _HTML.finditer(text):
        names = _attributes(one["attributes"])
        found.append((one.start(), one[0], names.get("src", ""), names.get("alt"), names, True))
    return [
        Picture(page.line_at(start), written, src, alt, _size(names), html)
        for start, written, src, alt, names, html in sorted(found, key=lambda one: one[0])
    ]


def _attributes(written: str) -> dict[str, str]:
    return {one[1].casefold(): unescape(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(written)}


def _size(names: dict[str, str]) -> tuple[str, str] | None:
    return (names["width"], names["height"]) if {"width", "height"} <= names.keys() else None


def _alt(picture: Picture) -> Iterator[Finding]:
    alt = picture.alt
    if alt is None or (not alt and not picture.html):
        sentence = _(
            'The picture "%(src)s" has no alt text; say in a sentence what it shows. If it only decorates, write it as '
            'HTML with alt="".',
            src=picture.src,
        )
        yield Finding(picture.line, sentence)
    elif alt and (_is_file_name(alt, Path(unquote(picture.src)).stem)):
        yield Finding(picture.line, _('The alt text "%(alt)s" is a file\'s name; say what the picture shows.', alt=alt))
    elif _SAYS_NOTHING.fullmatch(alt):
        yield Finding(
            picture.line, _('The alt text "%(alt)s" says only that it is a picture; say what it shows.', alt=alt)
        )
    elif begins := _BEGINS.match(alt):
        rest = alt[begins.end() :]
        better = rest[:1].upper() + rest[1:]
        sentence = _(
            'Begin with what is seen: "%(alt)s". Screen readers say by themselves that it is a picture.', alt=better
        )
        sure = picture.written.count(alt) == 1 and "\n" not in picture.written
        edit = Edit(picture.line, picture.written, picture.written.replace(alt, better)) if sure else None
        yield Finding(picture.line, sentence, edit)
    elif len(alt) > LONGEST_ALT:
        sentence = _(
            "This alt text has %(count)s characters; %(most)s are enough, and the rest belongs into the text.",
            count=len(alt),
            most=LONGEST_ALT,
        )
        yield Finding(picture.line, sentence)


def _is_file_name(alt: str, stem: str) -> bool:
    """Whether the words are a file's name; one word with a capital may well be both."""
    plain = _plain(alt)
    return bool(_FILE_NAME.fullmatch(alt)) or alt == stem or ("-" in plain and plain == _plain(stem))


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


def _file(page: LintPage, picture: Picture) -> Iterator[Finding]:
    src = unquote(picture.src.partition("#")[0].partition("?")[0])
    if not src or src.startswith("/") or re.match(r"[a-z][a-z0-9+.-]*:", src):
        return
    # Raw HTML counts from the page's address, which is a folder in most sites.
    places = [page.path.parent / src, *([page.path.with_suffix("") / src] if picture.html else [])]
    path = next((one for one in places if one.is_file()), None)
    if path is None:
        near = sorted(one.name for one in places[0].parent.glob("*")) if places[0].parent.is_dir() else []
        sentence = _('There is no picture "%(src)s"', src=src)
        close = get_close_matches(Path(src).name, near, n=1)
        yield Finding(picture.line, did_you_mean(sentence, Path(src).name, close) if close else f"{sentence}.")
        return
    # Of one that was taken from an app there are several files; their sizes stand in a manifest, and need not be typed.
    taken = [(path.with_name(one.file).name, one.bytes) for one in files_of(path)]
    for name, weight in taken or [(src, path.stat().st_size)]:
        if weight > HEAVIEST:
            sentence = _(
                'The picture "%(src)s" weighs %(weight)s kB; keep it below %(most)s kB: cut it, make it narrower, or '
                "save it as WebP.",
                src=name,
                weight=-(-weight // 1000),
                most=HEAVIEST // 1000,
            )
            yield Finding(picture.line, sentence)
    if picture.size is not None:
        yield from _wrong_size(picture, picture.size, path)
    elif not taken:
        yield _unsized(picture, path)


def _wrong_size(picture: Picture, size: tuple[str, str], path: Path) -> Iterator[Finding]:
    """A size of another shape than the file's; a smaller one of the same shape is its writer's choice."""
    own = size_of(path)
    if own is None or not all(one.isascii() and one.isdigit() and int(one) for one in size):
        return
    if abs(int(size[0]) * own[1] / own[0] - int(size[1])) < 1:
        return
    right = f'width="{own[0]}" height="{own[1]}"'
    sentence = _(
        'The page moves while this picture loads, as the file has another shape than "%(width)s" by "%(height)s"; '
        "write %(size)s.",
        width=size[0],
        height=size[1],
        size=right,
    )
    better = picture.written
    for name, value in zip(("width", "height"), own, strict=True):
        better = re.sub(rf"\b{name}\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>{{}}]+)", f'{name}="{value}"', better)
    yield Finding(picture.line, sentence, None if "\n" in better else Edit(picture.line, picture.written, better))


def _unsized(picture: Picture, path: Path) -> Finding:
    size = size_of(path)
    if size is None:
        sentence = _(
            "Without width and height the page moves while this picture loads; add them, as in "
            '{ width="1440" height="810" }.'
        )
        return Finding(picture.line, sentence)
    attributes = f'width="{size[0]}" height="{size[1]}"'
    written = picture.written
    if picture.html:
        end = "/>" if written.endswith("/>") else ">"
        better = f"{written.removesuffix(end).rstrip()} {attributes}{' ' if end == '/>' else ''}{end}"
    elif written.endswith("}"):
        better = f"{written[:-1].rstrip()} {attributes} }}"
    else:
        better = f"{written}{{ {attributes} }}"
    sentence = _("Without width and height the page moves while this picture loads; add %(size)s.", size=attributes)
    return Finding(picture.line, sentence, None if "\n" in written else Edit(picture.line, written, better))


def size_of(path: Path) -> tuple[int, int] | None:
    """Width and height of a picture in pixels; None where they can't be told, as without Pillow."""
    try:
        from PIL import Image

        with Image.open(path) as image:
            return image.size
    except (ImportError, OSError, ValueError):
        return None

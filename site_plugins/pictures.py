"""Pictures that were taken from an app: one line of Markdown shows them light or dark, and cut for phones.

A manifest beside the pictures names the files of each and their sizes. A picture that no manifest names is left as it
is. The reader's scheme is the one chosen on the page, which no media query knows: both pictures stand there, and the
style shows one. The other is never loaded, as it waits to be seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

MANIFEST = "manifest.json"
LIGHT, DARK, PHONE, PHONE_DARK = VARIANTS = ("light", "dark", "phone", "phone-dark")
# Wider, the cut for phones would be blown up.
PHONES = "(max-width: 30em)"
# Before MkDocs makes addresses of the sources' paths, and after it.
MARK_PRIORITY, SHOW_PRIORITY = 5, -10
_MARK = "data-support-picture"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """One file of a picture: its name, its size in pixels, its weight in bytes and the hash of what it holds."""

    file: str
    width: int
    height: int
    bytes: int
    sha256: str

    def is_in(self, folder: Path) -> bool:
        """Whether the folder has exactly this file."""
        path = folder / self.file
        return path.is_file() and sha256(path.read_bytes()).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True)
class Manifest:
    """The pictures of a folder by name, each with its variants, and on which browser they were taken.

    ``rendering`` is the hash of some letters as that browser drew them: the same build draws others with other fonts.
    """

    browser: str = ""
    rendering: str = ""
    pictures: Mapping[str, Mapping[str, PictureFile]] = field(default_factory=dict)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of this folder; an empty one where there is none of ours."""
    try:
        found: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        pictures = {
            name: {variant: PictureFile(**one) for variant, one in variants.items()}
            for name, variants in found["pictures"].items()
        }
        return Manifest(found["browser"], found["rendering"], pictures)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write it, so that the same pictures make the same bytes."""
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    (folder / MANIFEST).write_text(f"{text}\n", "utf-8")


def files_of(path: Path) -> tuple[PictureFile, ...]:
    """The files that are shown for a picture of a page; none where no manifest names it."""
    return tuple(read_manifest(path.parent).pictures.get(path.name, {}).values())


def register(md: Markdown, source: Callable[[], Path | None]) -> None:
    """Let the pictures of pages be shown; ``source`` tells the file of the page that is rendered."""
    manifests: dict[Path, Manifest] = {}
    md.treeprocessors.register(_Mark(md, source, manifests), "support-picture-mark", MARK_PRIORITY)
    md.treeprocessors.register(_Show(md, manifests), "support-picture", SHOW_PRIORITY)


class _Mark(Treeprocessor):
    """Marks the pictures that a manifest names, while they have the path that their writer gave."""

    def __init__(self, md: Markdown, source: Callable[[], Path | None], manifests: dict[Path, Manifest]) -> None:
        super().__init__(md)
        self._source = source
        self._manifests = manifests

    def run(self, root: Element) -> None:
        page = self._source()
        self._manifests.clear()
        for image in root.iter("img") if page is not None else ():
            parts = urlsplit(image.get("src", ""))
            if page is None or parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
                continue
            path = page.parent / unquote(parts.path)
            if path.parent not in self._manifests:
                self._manifests[path.parent] = read_manifest(path.parent)
            if path.name in self._manifests[path.parent].pictures:
                image.set(_MARK, str(path))


class _Show(Treeprocessor):
    """Puts the light and the dark picture into the place of a marked one, each with its cut for phones."""

    def __init__(self, md: Markdown, manifests: Mapping[Path, Manifest]) -> None:
        super().__init__(md)
        self._manifests = manifests

    def run(self, root: Element) -> None:
        # Of most pages this says enough: without a manifest nothing is marked.
        if not any(manifest.pictures for manifest in self._manifests.values()):
            return
        for parent in list(root.iter()):
            for place, child in enumerate(list(parent)):
                self._replace(parent, child, place)

    def _replace(self, parent: Element, child: Element, place: int) -> None:
        image = child if child.tag == "img" else None
        if child.tag == "a" and [one.tag for one in child] == ["img"] and not (child.text or "").strip():
            image = child[0]
        if image is None or not (mark := image.attrib.pop(_MARK, "")):
            return
        path = Path(mark)
        variants = self._manifests[path.parent].pictures[path.name]
        around = child if child is not image else Element("span")
        shown = [_shown(around, image, variants, dark) for dark in ((False, True) if DARK in variants else (False,))]
        shown[-1].tail = child.tail
        parent.remove(child)
        for number, one in enumerate(shown):
            parent.insert(place + number, one)


def _shown(around: Element, image: Element, variants: Mapping[str, PictureFile], dark: bool) -> Element:
    """What shows a picture in one scheme, within a link to it or whatever stood around it."""
    wide = variants[DARK if dark else LIGHT]
    phone = variants.get(PHONE_DARK if dark else PHONE)
    outer = Element(around.tag, dict(around.attrib))
    source = image.get("src", "")
    outer.set("class", f"{around.get('class', '')} support-picture support-picture-{DARK if dark else LIGHT}".strip())
    if outer.get("href") == source:
        outer.set("href", _beside(source, wide))
    picture = SubElement(outer, "picture")
    if phone is not None:
        size = {"width": str(phone.width), "height": str(phone.height)}
        SubElement(picture, "source", {"media": PHONES, "srcset": _beside(source, phone), **size})
    own = deepcopy(image)
    own.tail = None
    own.attrib.update(src=_beside(source, wide), width=str(wide.width), height=str(wide.height))
    if dark:
        # What isn't shown is loaded only without this.
        own.set("loading", "lazy")
    picture.append(own)
    return outer


def _beside(address: str, file: PictureFile) -> str:
    folder, slash, _name = address.rpartition("/")
    return f"{folder}{slash}{quote(file.file)}"

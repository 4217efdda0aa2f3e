"""Taking all pictures of a list, and comparing those that are there with what an app shows now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from playwright.sync_api import Browser, Page

from site_plugins.pictures import DARK, LIGHT, PHONE, PHONE_DARK, Manifest, PictureFile, read_manifest, write_manifest
from site_plugins.screens.camera import count_differences, rendering, shoot, size_of
from site_plugins.screens.model import Entry, ScreenList
from site_plugins.screens.walk import Look, Walk
from site_plugins.translation import gettext as _
from supportpolicy.problems import Problem

LOOKS = {
    LIGHT: Look(),
    DARK: Look(dark=True),
    PHONE: Look(phone=True),
    PHONE_DARK: Look(dark=True, phone=True),
}
Taken = dict[str, dict[str, bytes]]
"""The pictures by name and variant."""


def take_pictures(walk: Walk) -> tuple[Taken, list[Problem]]:
    """All pictures of a walk's list, and what can't be taken."""
    taken: Taken = {}
    problems: dict[Problem, None] = {}
    for variant, look in LOOKS.items():
        one = replace(walk, look=look)

        def take(entry: Entry, page: Page, one: Walk = one, variant: str = variant) -> None:
            view = entry.phone if one.look.phone else entry.wide
            crop, ring = ([one.find(page, target) for target in targets] for targets in (view.crop, view.ring))
            taken.setdefault(Path(entry.picture).name, {})[variant] = shoot(page, crop, ring)

        problems.update(dict.fromkeys(one.problems(take)))
    return taken, list(problems)


def write_pictures(screens: ScreenList, taken: Taken, browser: Browser) -> list[Path]:
    """Write what has changed, and the manifest; the paths of what was written."""
    written = []
    screens.pictures.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, dict[str, PictureFile]] = {}
    for name, variants in taken.items():
        for variant, content in variants.items():
            path = screens.pictures / file_name(name, variant)
            width, height = size_of(content)
            file = PictureFile(path.name, width, height, len(content), sha256(content).hexdigest())
            pictures.setdefault(name, {})[variant] = file
            if not file.is_in(screens.pictures):
                path.write_bytes(content)
                written.append(path)
    write_manifest(screens.pictures, Manifest(build_of(browser), rendering(browser), pictures))
    return written


def file_name(name: str, variant: str) -> str:
    """The file of a picture's variant: the light one for wide screens has the picture's own name."""
    return name if variant == LIGHT else f"{name.removesuffix('.webp')}-{variant}.webp"


def build_of(browser: Browser) -> str:
    """The browser's name and build."""
    return f"{browser.browser_type.name} {browser.version}"


def is_same_browser(screens: ScreenList, browser: Browser) -> bool:
    """Whether this browser draws as the one that took the pictures: the same build, with the same fonts."""
    manifest = read_manifest(screens.pictures)
    return (manifest.browser, manifest.rendering) == (build_of(browser), rendering(browser))


def compare(screens: ScreenList, taken: Taken, output: Path) -> Iterator[Problem]:
    """Pictures that show something else than the app does now; each is written beside the new one."""
    for entry in screens.entries:
        name = Path(entry.picture).name
        for variant, content in taken.get(name, {}).items():
            path = screens.pictures / file_name(name, variant)
            if not path.is_file():
                continue
            sheet = output / f"{path.stem}.png"
            if count := count_differences(path.read_bytes(), content, sheet):
                sentence = _(
                    "The app looks different now: %(count)s pixels of %(picture)s; see %(sheet)s, and take the "
                    "pictures anew.",
                    count=count,
                    picture=path.name,
                    sheet=sheet.as_posix(),
                )
                yield Problem(screens.file.as_posix(), entry.line, path.name, sentence)

"""The project's own guide: it builds without a warning, asks nobody outside, and its pictures are described."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from PIL import Image

from tests.builders import REPOSITORY
from tests.guide import build_guide
from tests.plugin.reading import Page

ADDRESS = "http://127.0.0.1:8000/"
PAGES = tuple(sorted(path.stem for path in (REPOSITORY / "docs").glob("*.md")))
PICTURES = REPOSITORY / "docs" / "pictures"
# Pages of the desk, which the build can't see.
DESK = re.compile(r"/support/(tickets|tickets/new|hours\.ics|dates\.json)")


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warning stops the build."""
    return build_guide(tmp_path_factory.mktemp("guide"))


def built(guide: Path, name: str) -> Page:
    path = guide / "index.html" if name == "index" else guide / name / "index.html"
    return Page(path.read_text("utf-8"))


def test_it_has_these_pages_and_no_other(guide: Path) -> None:
    found = {path.parent.name or "index" for path in guide.rglob("index.html")} - {guide.name} | {"index"}
    assert found == set(PAGES)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_asked_of_another_host_and_every_link_leads_somewhere(guide: Path, name: str) -> None:
    here = ADDRESS if name == "index" else f"{ADDRESS}{name}/"
    page = built(guide, name)
    for found in page.elements:
        for attribute in ("href", "src", "action"):
            if attribute not in found.attributes:
                continue
            target = urlsplit(urljoin(here, found.attributes[attribute]))
            if (found.tag, target.scheme) == ("a", "mailto"):
                continue
            if target.netloc != "127.0.0.1:8000":
                # The one link to others is the theme's own line at the foot; it is followed only when pressed.
                assert (found.tag, target.scheme) == ("a", "https"), f"{found.tag} {attribute}={target.geturl()}"
                assert {parent.tag for parent in found.parents} & {"footer"}
            elif not DESK.match(target.path):
                path = guide / unquote(target.path).removeprefix("/")
                assert (path / "index.html" if target.path.endswith("/") else path).is_file(), target.geturl()


@pytest.mark.parametrize("name", PAGES)
def test_each_page_says_what_it_is(guide: Path, name: str) -> None:
    page = built(guide, name)
    assert len(list(page.all("h1"))) == 1
    description = page.one("meta", name="description").attributes["content"]
    assert 20 < len(description) < 160
    levels = [int(found.tag[1]) for found in page.all("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def pictures(guide: Path) -> list[tuple[Path, dict[str, str]]]:
    """Each picture of the guide's text with its attributes."""
    found = []
    for name in PAGES:
        here = ADDRESS if name == "index" else f"{ADDRESS}{name}/"
        for image in built(guide, name).all("img"):
            if any(parent.tag == "article" for parent in image.parents):
                path = urlsplit(urljoin(here, image.attributes["src"])).path
                found.append((guide / path.removeprefix("/"), image.attributes))
    return found


def test_each_picture_says_what_it_shows_and_keeps_its_room(guide: Path) -> None:
    """Alternative texts for those who don't see it, the file's own size so that nothing moves while it loads."""
    shown = pictures(guide)
    assert len(shown) == 6
    for path, attributes in shown:
        with Image.open(path) as image:
            assert (attributes["width"], attributes["height"]) == (str(image.width), str(image.height)), path.name
        words = attributes["alt"].split()
        assert len(words) >= 8, path.name
        assert not attributes["alt"].casefold().startswith(("picture", "image", "screenshot")), path.name
    assert len({attributes["alt"] for _, attributes in shown}) == len(shown)


def test_each_picture_is_shown_once_is_small_and_opens_large(guide: Path) -> None:
    shown = [path.name for path, _ in pictures(guide)]
    assert sorted(shown) == sorted(path.name for path in PICTURES.iterdir())
    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < 400_000
    links = {Path(found.attributes["href"]).name for found in built(guide, "contact-support").all("a")}
    assert set(shown) <= links


def test_only_pictures_below_the_first_screen_wait_to_be_loaded(guide: Path) -> None:
    waiting = [attributes.get("loading") == "lazy" for _, attributes in pictures(guide)]
    assert waiting == [False, *[True] * 5]


def test_no_promise_is_typed_into_a_page() -> None:
    """What the policy promises stands in the policy alone; pages show it by blocks."""
    for path in (REPOSITORY / "docs").glob("*.md"):
        if path.name == "for-writers.md":
            continue  # which explains what one may write
        text = path.read_text("utf-8")
        assert not re.search(r"\d+ (business )?(hour|day)s?\b(?!\")", text), path.name

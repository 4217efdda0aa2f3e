"""The project's own guide: it builds without a warning, asks nobody outside, and its pictures are described."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from PIL import Image

from supportpolicy import load
from tests.builders import POLICY, REPOSITORY
from tests.reading import Page

ADDRESS = "http://127.0.0.1:8000/"
DOCS = REPOSITORY / "docs"


def address_of(source: Path) -> str:
    """A page's path in the site, as in "handbook/for-writers/"; empty for the first page."""
    name = source.relative_to(DOCS).with_suffix("").as_posix()
    return "" if name == "index" else f"{name.removesuffix('/index')}/"


# What customers read, and what everybody behind the guide reads.
GUIDE = tuple(sorted(address_of(path) for path in DOCS.glob("*.md")))
HANDBOOK = tuple(
    sorted(address_of(path) for folder in ("handbook", "decisions") for path in DOCS.rglob(f"{folder}/**/*.md"))
)
# Pages in other languages, which nobody who reads English meets.
ELSEWHERE = tuple(sorted(address_of(path) for path in DOCS.glob("de/*.md")))
PAGES = (*GUIDE, *ELSEWHERE, *HANDBOOK)
PICTURES = DOCS / "pictures"
# Pages of the desk, which the build can't see.
DESK = re.compile(r"/support/(tickets|tickets/new|hours\.ics|dates\.json|feedback)")


@pytest.fixture(scope="module")
def guide(built_guide: Path) -> Path:
    """A warning stops the build."""
    return built_guide


def built(guide: Path, address: str) -> Page:
    return Page((guide / address / "index.html").read_text("utf-8"))


def test_it_has_these_pages_and_no_other(guide: Path) -> None:
    found = {path.parent.relative_to(guide).as_posix() for path in guide.rglob("index.html")}
    assert found == {address.rstrip("/") or "." for address in PAGES}


@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_asked_of_another_host_and_every_link_leads_somewhere(guide: Path, address: str) -> None:
    here = f"{ADDRESS}{address}"
    page = built(guide, address)
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


@pytest.mark.parametrize("address", PAGES)
def test_each_page_says_what_it_is(guide: Path, address: str) -> None:
    page = built(guide, address)
    assert len(list(page.all("h1"))) == 1
    description = page.one("meta", name="description").attributes["content"]
    assert 20 < len(description) < 160
    levels = [int(found.tag[1]) for found in page.all("h1", "h2", "h3", "h4")]
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels


def pictures(guide: Path) -> list[tuple[Path, dict[str, str]]]:
    """Each picture of the guide's text with its attributes, light and dark, and its cut for phones."""
    found = []
    for address in PAGES:
        here = f"{ADDRESS}{address}"
        for image in built(guide, address).all("img", "source"):
            if any(parent.tag == "article" for parent in image.parents):
                source = image.attributes.get("src") or image.attributes["srcset"]
                found.append((guide / urlsplit(urljoin(here, source)).path.removeprefix("/"), image.attributes))
    return found


def test_each_picture_says_what_it_shows_and_keeps_its_room(guide: Path) -> None:
    """Alternative texts for those who don't see it, the file's own size so that nothing moves while it loads."""
    shown = pictures(guide)
    assert len(shown) == 6 * 4
    for path, attributes in shown:
        with Image.open(path) as image:
            assert (attributes["width"], attributes["height"]) == (str(image.width), str(image.height)), path.name
    texts = Counter(attributes["alt"] for _, attributes in shown if "src" in attributes)
    # Of the light and the dark one only one is there for anybody.
    assert set(texts.values()) == {2}
    for alt in texts:
        assert len(alt.split()) >= 8
        assert not alt.casefold().startswith(("picture", "image", "screenshot"))


def test_each_picture_is_shown_once_is_small_and_opens_large_in_its_colours(guide: Path) -> None:
    shown = [path.name for path, _ in pictures(guide)]
    files = list(PICTURES.glob("*.webp"))
    assert sorted(shown) == sorted(path.name for path in files)
    assert max(path.stat().st_size for path in files) < 50_000
    page = built(guide, "contact-support/")
    for image in page.all("img", class_="guide-picture"):
        (link,) = [parent for parent in image.parents if parent.tag == "a"]
        assert link.attributes["href"] == image.attributes["src"]
        assert ("dark" in image.attributes["src"]) == ("support-picture-dark" in link.classes)


def test_only_the_light_picture_of_the_first_screen_does_not_wait_to_be_loaded(guide: Path) -> None:
    images = [attributes for _, attributes in pictures(guide) if "src" in attributes]
    waiting = [attributes.get("loading") == "lazy" for attributes in images]
    assert waiting == [False, *[True] * 11]


def test_readers_get_the_pictures_and_not_what_they_are_taken_by(guide: Path) -> None:
    assert not list(guide.rglob("screens.yml"))
    assert not list(guide.rglob("manifest.json"))


def test_no_promise_is_typed_into_a_page() -> None:
    """What the policy promises stands in the policy alone; pages show it by blocks."""
    for path in (*DOCS.glob("*.md"), *DOCS.glob("handbook/**/*.md")):
        if path.name in {"for-writers.md", "policy.md", "for-operators.md", "settings.md", "facts.md"}:
            continue  # which explain what one may write, for how long the desk keeps what, and what facts say
        text = path.read_text("utf-8")
        assert not re.search(r"\d+ (business )?(hour|day)s?\b(?!\")", text), path.name


# Two audiences, two places


def search_index(guide: Path) -> list[dict[str, str]]:
    return json.loads((guide / "search" / "search_index.json").read_text("utf-8"))["docs"]  # type: ignore[no-any-return]


def test_the_search_finds_every_page_of_the_guide_and_none_of_the_handbook(guide: Path) -> None:
    found = {entry["location"].partition("#")[0] for entry in search_index(guide)}
    assert found == set(GUIDE)


def navigation(page: Page, address: str) -> list[str]:
    """Where the theme's tabs and its navigation lead, in their order; places within the page left out."""
    links = (
        urlsplit(urljoin(f"{ADDRESS}{address}", link.attributes["href"]))
        for link in page.all("a")
        if {"md-tabs__link", "md-nav__link"} & link.classes
    )
    return [link.path.removeprefix("/") for link in links if not link.fragment]


@pytest.mark.parametrize("address", GUIDE)
def test_a_customer_sees_the_guide_and_one_tab_for_all_others(guide: Path, address: str) -> None:
    shown = navigation(built(guide, address), address)
    assert set(shown) == {*GUIDE, "handbook/"}
    # Once as the tab, once in the navigation that a phone shows.
    assert shown.count("handbook/") == 2


@pytest.mark.parametrize("address", GUIDE)
def test_no_text_of_the_guide_leads_to_the_handbook(guide: Path, address: str) -> None:
    links = (link for link in built(guide, address).all("a") if any(one.tag == "article" for one in link.parents))
    paths = {urlsplit(urljoin(f"{ADDRESS}{address}", link.attributes.get("href", ""))).path for link in links}
    assert not {path for path in paths if path.removeprefix("/") in HANDBOOK}


def test_every_page_of_the_handbook_is_reached_by_its_navigation(guide: Path) -> None:
    reached: set[str] = set()
    waiting = ["handbook/"]
    while waiting:
        address = waiting.pop()
        if address in HANDBOOK and address not in reached:
            reached.add(address)
            waiting += navigation(built(guide, address), address)
    assert reached == set(HANDBOOK)


@pytest.mark.parametrize("address", GUIDE)
def test_no_customer_reads_the_code_of_a_rule(guide: Path, address: str) -> None:
    codes = {rule.id for rule in load(POLICY).house_rules}
    assert codes
    words = {word for found in built(guide, address).elements for word in re.findall(r"\w+", found.text)}
    assert not codes & words


def test_the_chooser_comes_before_the_table_and_the_drawing_is_for_writers(guide: Path) -> None:
    priority, writers = built(guide, "ticket-priority/"), built(guide, "handbook/for-writers/")
    headings = [found.attributes["id"] for found in priority.all("h2")]
    assert headings[:2] == ["find-your-priority", "what-each-priority-promises"]
    assert "how-we-decide-close-cases" in headings
    assert [len([one for one in page.elements if "support-graph" in one.classes]) for page in (priority, writers)] == [
        0,
        1,
    ]


def test_the_picture_of_the_rooms_stays_whole_and_tells_what_it_shows(guide: Path) -> None:
    """Markdown must not take the names of rooms for its own marks."""
    page = built(guide, "handbook/architecture/")
    picture = page.one("svg", class_="handbook-rooms")
    shown = {one.text for one in picture.find_all("text")}
    assert {"__main__", "web", "supportpolicy"} <= shown
    assert len(picture.find_all("rect")) == len(shown)
    assert page.one("title", id=picture.attributes["aria-labelledby"]).inside(picture)


def test_the_staff_page_names_what_the_desk_shows() -> None:
    """Words in bold are those of the desk's pages, so that people find them there."""
    web = REPOSITORY / "formapp" / "web"
    shown = " ".join(path.read_text("utf-8") for path in (*web.rglob("*.html"), *web.rglob("*.py")))
    named = re.findall(r"\*\*(.+?)\*\*", (DOCS / "handbook" / "for-support-staff.md").read_text("utf-8"))
    keys = {"Tab", "Shift", "Enter", "Ctrl", "Alt", "Meta"}
    assert len(named) > 15
    assert [words for words in named if words not in shown and words not in keys] == []


def test_an_address_that_isn_t_there_offers_the_start_the_search_and_a_ticket(guide: Path) -> None:
    """From the root, as the page stands at whatever address was asked for."""
    page = Page((guide / "404.html").read_text("utf-8"))
    main = next(element for element in page.elements if element.tag == "main")
    ways = {element.attributes["href"]: element.text for element in main.find_all("a")}
    assert {"/.", "/contact-support/", "/file-a-ticket/"} <= set(ways), ways
    (form,) = [element for element in main.find_all("form") if element.attributes.get("role") == "search"]
    assert (form["action"], form["method"]) == ("/.", "get")
    assert form.find("input")["name"] == "q"

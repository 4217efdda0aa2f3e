"""The guide's pictures and steps in the running app: all of them hold, and what would break them is told."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from site_plugins.pictures import VARIANTS, read_manifest
from site_plugins.screens.agreement import find_steps
from site_plugins.screens.app import RunningApp
from site_plugins.screens.desk import INSTANT, DemoDesk
from site_plugins.screens.model import ScreenList
from site_plugins.screens.reading import load_list
from site_plugins.screens.taking import compare, take_pictures, write_pictures
from site_plugins.screens.walk import Look, Walk
from tests.browser.conftest import Desk, OpenPage, running_desk
from tests.builders import POLICY, REPOSITORY

pytestmark = pytest.mark.browser

# How long a step that can't be done is waited for; on a busy machine one that can be done takes a while.
IMPATIENT = 3_000


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the guide's pages with their list, in whose folder one works."""
    shutil.copytree(REPOSITORY / "docs", tmp_path / "docs")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def demo(built_guide: Path) -> DemoDesk:
    return DemoDesk(POLICY, built_guide)


def told(demo: DemoDesk, chromium: Browser, *, phone: bool = False) -> list[str]:
    """What a walk through the copied list tells, and what needs no browser."""
    screens = load_list(Path("docs/screens.yml"))
    steps, problems = find_steps(screens)
    walked = Walk(screens, steps, demo, chromium, Look(phone=phone), IMPATIENT).problems()
    return [str(problem) for problem in (*problems, *walked)]


def edit(path: str | Path, old: str, new: str, *, must: bool = True) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text or not must
    Path(path).write_text(text.replace(old, new), "utf-8")


def line_of(path: str, words: str) -> int:
    return next(number for number, line in enumerate(Path(path).read_text("utf-8").split("\n"), 1) if words in line)


def test_the_guide_s_pictures_and_steps_are_those_of_the_app(built_guide: Path, tmp_path: Path) -> None:
    """As "make screens-check" does it."""
    command = [sys.executable, "-m", "site_plugins.screens", "--check", "--site", built_guide, "--output", tmp_path]
    done = subprocess.run(list(map(str, command)), cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# What breaks


def test_a_renamed_button_is_told_with_the_guide_s_line(built_guide: Path, folder: Path) -> None:
    """The name changes in a copy of the app; guide and list still have the old one."""
    for room in ("formapp", "site_plugins", "supportpolicy"):
        shutil.copytree(REPOSITORY / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(POLICY, folder)
    for path in (folder / "formapp").rglob("*.html"):
        edit(path, "Send ticket", "Submit ticket", must=False)
    # Another browser than that of the manifest: its pixels are of no matter.
    edit("docs/pictures/manifest.json", '"browser": "', '"browser": "another ')
    done = subprocess.run(
        [sys.executable, "-m", "site_plugins.screens", "--check", "--site", str(built_guide), "--wait", "3"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    line = line_of("docs/contact-support.md", "Then press **Send ticket**")
    (problem,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert problem.startswith(
        f'docs/contact-support.md:{line}: There is no button "Send ticket" on /support/tickets/new; did you mean '
        '"Submit ticket"?'
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("phone", [False, True])
def test_a_step_that_the_app_doesn_t_have_is_told_with_its_line(chromium: Browser, demo: DemoDesk, phone: bool) -> None:
    """On both screens; what would go on from there is not told as well."""
    edit("docs/screens.yml", "link: Open a ticket", "link: New ticket")
    edit("docs/contact-support.md", "Press **Open a ticket**", "Press **New ticket**")
    line = line_of("docs/contact-support.md", "2. Press **New ticket**")
    (problem,) = told(demo, chromium, phone=phone)
    assert problem.startswith(f'docs/contact-support.md:{line}: There is no link "New ticket" on /support/tickets')


@pytest.mark.usefixtures("folder")
def test_a_step_that_leads_elsewhere_is_told(chromium: Browser, demo: DemoDesk) -> None:
    edit("docs/screens.yml", "leads_to: /support/tickets/new", "leads_to: /support/new")
    line = line_of("docs/contact-support.md", "2. Press **Open a ticket**")
    (problem,) = told(demo, chromium)
    assert problem.startswith(
        f'docs/contact-support.md:{line}: link "Open a ticket" leads to /support/tickets/new, not to /support/new.'
    )


@pytest.mark.usefixtures("folder")
def test_each_thing_that_is_missing_has_its_sentence(chromium: Browser, demo: DemoDesk) -> None:
    text = Path("docs/screens.yml").read_text("utf-8")
    steps = [
        (
            "option: Riverside Shop",
            "option: Riverside Shops",
            'field "Project" has no choice "Riverside Shops"; did you',
        ),
        (
            "visible: [{link: Projects}",
            "visible: [{link: Project}",
            'There is no link "Project" on /support/tickets; di',
        ),
        ("shows: {button: Continue}", "shows: {button: Go on}", 'There is no button "Go on" on /support/tickets/new'),
        ("ring: {field: URL...}", "ring: {field: Web}", 'There is no field "Web" on /support/tickets/new'),
        ("open: /support/projects", "open: /support/nowhere", "/support/nowhere answers 404."),
        (
            "ada@shop.example",
            "eve@shop.example",
            'The demo knows nobody of the address "eve@shop.example"; it has ada@',
        ),
        (
            "fill: {field: Subject}",
            "fill: {field: Subjects}",
            'There is no field "Subjects" on /support/tickets/new; did you',
        ),
        ("with: Checkout shows an error after Pay", "with: $SUBJECT", "The environment has no SUBJECT, which the list"),
    ]
    for old, new, sentence in steps:
        assert old in text
        Path("docs/screens.yml").write_text(text.replace(old, new), "utf-8")
        problem = told(demo, chromium)[-1]
        assert problem.partition(": ")[2].startswith(sentence)
        assert problem.startswith("docs/contact-support.md:")


# Pictures


@pytest.fixture
def one_picture(folder: Path) -> ScreenList:
    """A list with the first picture alone, and no file of it yet."""
    text = Path("docs/screens.yml").read_text("utf-8")
    first, mark, _rest = text.partition("  - picture: pictures/2-")
    assert mark
    Path("docs/screens.yml").write_text(first, "utf-8")
    shutil.rmtree(folder / "docs" / "pictures")
    return load_list(Path("docs/screens.yml"))


def test_a_picture_taken_twice_is_the_same_to_the_byte_and_one_that_differs_is_laid_beside_the_new(
    chromium: Browser, demo: DemoDesk, one_picture: ScreenList
) -> None:
    runs = [take_pictures(Walk(one_picture, {}, demo, chromium)) for _run in range(2)]
    assert runs[0] == runs[1]
    taken, problems = runs[0]
    assert problems == []
    assert set(taken["1-tabs.webp"]) == set(VARIANTS)
    assert len(set(taken["1-tabs.webp"].values())) == 4

    written = write_pictures(one_picture, taken, chromium)
    assert len(written) == 4
    assert write_pictures(one_picture, taken, chromium) == [], "what is the same isn't written again"
    manifest = read_manifest(one_picture.pictures)
    assert manifest.browser == f"chromium {chromium.version}"
    assert all(file.is_in(one_picture.pictures) for file in manifest.pictures["1-tabs.webp"].values())

    # As if the app had become dark.
    assert list(compare(one_picture, taken, Path("out"))) == []
    (one_picture.pictures / "1-tabs.webp").write_bytes(taken["1-tabs.webp"]["dark"])
    (problem,) = compare(one_picture, taken, Path("out"))
    assert "pixels of 1-tabs.webp; see out/1-tabs.png" in problem.sentence
    with Image.open("out/1-tabs.png") as sheet, Image.open(one_picture.pictures / "1-tabs.webp") as before:
        # Before, after and difference, side by side.
        assert sheet.width > 3 * before.width


# A writer's own app


OWN = """\
base_url: {address}
people:
  ada:
    open: /support/sign-in
    steps:
      - fill: {{field: Email address}}
        with: $ADA
      - press: {{button: Send me a link}}
pictures:
  - picture: pictures/sent.webp
    page: index.md
    alt: The page after asking for a link.
    signed_in: ada
    open: /support/sign-in
    crop: main
    steps:
      - press: {{button: Send me a link}}
        shows: {{text: Enter your email address...}}
"""


@pytest.fixture
def desk(tmp_path: Path, built_guide: Path) -> Iterator[Desk]:
    with running_desk(tmp_path / "desk", built_guide) as started:
        yield started


def test_the_same_command_takes_pictures_of_an_app_that_runs_elsewhere(
    chromium: Browser, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADA", "ada@shop.example")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "screens.yml").write_text(OWN.format(address=desk.address))
    (tmp_path / "docs" / "index.md").write_text("1. **Send me a link.**\n\n    ![The page.](pictures/sent.webp)\n")
    screens = load_list(Path("docs/screens.yml"))
    taken, problems = take_pictures(Walk(screens, find_steps(screens)[0], RunningApp(screens), chromium))
    assert [str(problem) for problem in problems] == []
    assert set(taken["sent.webp"]) == set(VARIANTS)


# What readers see


@pytest.mark.parametrize("width", [1280, 360])
def test_readers_see_the_picture_of_the_scheme_that_they_chose_and_load_no_other(
    open_page: OpenPage, width: int
) -> None:
    page = open_page(color_scheme="light", viewport={"width": width, "height": 800})
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url.rpartition("/")[2]))
    page.goto("/contact-support/", wait_until="networkidle")
    cut = "-phone" if width == 360 else ""
    shown = page.locator("article img:visible")
    expect(shown).to_have_count(6)
    assert [one for one in loaded if "dark" in one] == []
    assert f"1-tabs{cut}.webp" in loaded
    for image in shown.all():
        image.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert len({one for one in loaded if one.endswith(".webp")}) == 6

    page.evaluate("scrollTo(0, 0)")
    page.locator("label[for^=__palette]:visible").click()
    expect(page.locator("body")).to_have_attribute("data-md-color-scheme", "slate")
    expect(shown).to_have_count(6)
    expect(page.locator("article img:visible").first).to_have_js_property("complete", True)
    assert shown.first.evaluate("(image) => image.currentSrc").endswith(f"1-tabs{cut}-dark.webp")
    # Nobody comes by keyboard to a link that isn't seen.
    assert page.locator("article a:has(img):visible").count() == 6


def test_without_script_each_picture_is_seen_once(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False, color_scheme="dark")
    page.goto("/contact-support/")
    expect(page.locator("article img:visible")).to_have_count(6)
    expect(page.locator("article .support-picture-dark:visible")).to_have_count(0)


def test_the_clock_of_the_demo_is_the_one_of_the_list() -> None:
    assert load_list(REPOSITORY / "docs" / "screens.yml").clock == INSTANT

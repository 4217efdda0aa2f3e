"""Each row of the matrix is built, looked at, and compared with the row that the handbook shows.

``make matrix`` writes the rows anew, and the handbook's page from them.
"""

from __future__ import annotations

import fcntl
import json
import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from formapp.widgets import CLOSURES_FILE
from formapp.widgets.page_frame import FRAME_FILE, frame_places
from site_plugins.reference.works_with import ROWS, Row, read_rows, works_with_page
from tests.builders import REPOSITORY
from tests.matrix.building import VENV, Built, build
from tests.matrix.guests import GUESTS, OURS, Guest
from tests.matrix.looking import faults_of, use_blocks

pytestmark = pytest.mark.browser
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# Nightly: each builds two sites with the plugins of others and opens all their pages, some 10 seconds a row.
CASES = [pytest.param(guest, id=guest.name, marks=() if guest.daily else pytest.mark.nightly) for guest in GUESTS]
needs_venv = pytest.mark.skipif(
    not (VENV / ".installed").exists(), reason="the plugins of others aren't installed: make .venv-matrix/.installed"
)


def version_of(package: str) -> str:
    (version,) = re.findall(rf"^{re.escape(package)}==(\S+)$", REQUIREMENTS.read_text("utf-8"), re.MULTILINE)
    return str(version)


def differing(without: Built, with_us: Built) -> list[str]:
    """The pages that nobody asked us to change, and that aren't what they are without us."""
    before, after = without.pages(), with_us.pages()
    names = sorted(name for name in before.keys() | after.keys() if OURS not in name)
    return [name for name in names if before.get(name) != after.get(name)]


def of_any_tool(built: Built) -> dict[str, str]:
    """The pages without the line in which a tool names itself."""
    pages = {name: content.decode() for name, content in built.pages().items()}
    return {name: re.sub(r'<meta name="?generator"?[^>]*>', "", page) for name, page in pages.items()}


@needs_venv
@pytest.mark.parametrize("guest", CASES)
def test_each_row_is_as_the_handbook_shows_it(
    guest: Guest,
    tmp_path: Path,
    chromium: Browser,
    request: pytest.FixtureRequest,
) -> None:
    without = build(guest, tmp_path / "without", with_us=False)
    built = build(guest, tmp_path / "with", with_us=True)
    for name, words in guest.uses.items():
        assert words in (built.folder / name).read_text("utf-8"), f"{guest.name} didn't run; {built.said}"
    assert frame_places((built.folder / FRAME_FILE).read_text("utf-8"))
    assert (built.folder / CLOSURES_FILE).is_file()
    others = differing(without, built)
    if guest.tool == "properdocs":
        by_mkdocs = build(replace(guest, tool="mkdocs"), tmp_path / "mkdocs", with_us=True)
        ours, theirs = of_any_tool(built), of_any_tool(by_mkdocs)
        others += [name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)]
    # What goes wrong in the site without us is not our fault.
    faults = sorted(set(faults_of(chromium, built)) - set(faults_of(chromium, without)))
    broken = ""
    try:
        use_blocks(chromium, built, by_link="navigation.instant" in guest.theme.get("features", ()))
    except (AssertionError, Error) as error:
        broken = str(error)
    row = Row(
        name=guest.name,
        package=guest.package,
        version=version_of(guest.package),
        strict=built.is_strict,
        same=not others,
        browser=not faults,
        blocks=not broken,
    )
    if request.config.getoption("--update-golden"):
        write(row)
    details = f"{built.said}\nother pages that differ: {others}\nin the browser: {faults}\nour blocks: {broken}"
    assert {row.name: row} == {one.name: one for one in read_rows() if one.name == row.name}, details


def write(row: Row) -> None:
    """Put a row into the file of rows, in their order; several processes may do so at once."""
    with ROWS.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        rows = {one["name"]: one for one in json.loads(file.read() or "[]")} | {row.name: asdict(row)}
        ordered = [rows[guest.name] for guest in GUESTS if guest.name in rows]
        file.seek(0)
        file.truncate()
        file.write("".join(["[\n", ",\n".join(json.dumps(one) for one in ordered), "\n]\n"]))


def test_the_handbook_shows_every_row_and_no_other() -> None:
    assert [row.name for row in read_rows()] == [guest.name for guest in GUESTS]
    for row in read_rows():
        assert row.version == version_of(row.package), f"{row.name} was tried with another version: make matrix"


def test_what_is_installed_for_the_matrix_is_pinned_whole() -> None:
    asked = Path(__file__).with_name("requirements.in").read_text("utf-8").split()
    lines = [line for line in REQUIREMENTS.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lines}
    assert {name.partition("[")[0] for name in asked} <= pinned


@pytest.mark.parametrize("column", ["strict", "same", "browser", "blocks"])
def test_a_row_that_fails_says_so_on_the_page(column: str) -> None:
    good = Row("a plugin", "a-plugin", "1.2", strict=True, same=True, browser=True, blocks=True)
    page = works_with_page([good, replace(good, name="another", **{column: False})])
    lines = [line for line in page.splitlines() if line.startswith("| a")]
    assert [line.count("yes") for line in lines] == [4, 3]
    assert [line.count("**no**") for line in lines] == [0, 1]
    assert "a-plugin 1.2" in lines[0]


def test_the_page_is_made_of_the_rows() -> None:
    page = (REPOSITORY / "docs/handbook/works-with.md").read_text("utf-8")
    assert page == works_with_page(read_rows())

"""``python -m site_plugins finish``, after a tool in which MkDocs' plugins don't run: here MkDocs without ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from formapp.widgets import CLOSURES_FILE, NO_CLOSURES, NO_SCOREBOARD, SCOREBOARD_FILE, assets
from formapp.widgets.built_site import PAGES_FILE, guide_pages
from formapp.widgets.page_frame import FRAME_FILE, frame_places
from site_plugins.__main__ import main
from site_plugins.page_assets import block_assets
from supportpolicy.languages import in_language
from tests.plugin.conftest import EXTENSIONS, Site
from tests.reading import Page

PAGES = {
    "index.md": "# Home\n\n[Form](deep/form.md)\n",
    "deep/form.md": "# Form\n\n```support-form\n```\n",
    "deep/table.md": "# Table\n\n```support-table\ncriteria: ../criteria.md\n```\n",
    "criteria.md": "# Criteria\n\n```support-table\nshow: criteria\n```\n",
}
OURS: list[str | dict[str, Any]] = [*EXTENSIONS, {"support": {"policy": "support-policy.yml"}}]


@pytest.fixture(params=["material", "readthedocs"])
def theme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def build(
    site: Site, pages: dict[str, str], monkeypatch: pytest.MonkeyPatch, *, theme: str = "material", **settings: Any
) -> None:
    """Build it without our plugin, and stand in its folder."""
    monkeypatch.chdir(site.folder)
    font = {"font": False} if theme == "material" else {}
    chosen = {"plugins": ["search"], "markdown_extensions": OURS, "extra_css": ["own.css"], **settings}
    site.build({**pages, "own.css": "p { margin: 0 }\n"}, theme={"name": theme, **font}, **chosen)


def files(site: Site) -> dict[str, bytes]:
    folder = site.folder / "site"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_finished_site_has_what_the_plugin_would_have_brought(
    site: Site, theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(site, PAGES, monkeypatch, theme=theme)
    before = files(site)
    assert main(["finish", "site"]) == 0
    after = files(site)
    names = {f"assets/{asset.hashed_name}" for asset in assets()}
    assert after.keys() - before.keys() == names | {FRAME_FILE, CLOSURES_FILE, SCOREBOARD_FILE, PAGES_FILE}
    assert after[CLOSURES_FILE].decode() == NO_CLOSURES
    assert after[SCOREBOARD_FILE].decode() == NO_SCOREBOARD
    listed = [(page.file, page.line) for page in guide_pages(site.folder / "site")]
    assert sorted(listed) == [(f"docs/{name}", 1) for name in sorted(PAGES)]
    # A page without a block is as it was.
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {
        site.path(name).relative_to(site.folder / "site").as_posix() for name in PAGES if name != "index.md"
    }

    form = Page(site.page("deep/form.md"))
    assert form.one("input", name="page")["value"] == (
        "/help/deep/form/" if site.directory_urls else "/help/deep/form.html"
    )
    addresses = [one.attributes["href"] for one in form.all("link") if one.attributes.get("rel") == "stylesheet"]
    own = next(number for number, address in enumerate(addresses) if address.endswith("own.css"))
    assert "support-closures" in addresses[own - 1], "the site's own style comes after ours"
    for address in addresses[own - 5 : own]:
        assert (site.path("deep/form.md").parent / address).resolve().is_file()

    frame = after[FRAME_FILE].decode()
    assert frame_places(frame)
    assert "404" not in frame.partition("<main")[2].partition("</main>")[0]
    assert all(f"/help/assets/{asset.hashed_name}" in frame for asset in block_assets(""))


def test_a_site_that_is_finished_twice_or_after_a_new_version_is_as_if_it_had_been_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tool that builds only what has changed leaves the other pages finished."""
    build(site, PAGES, monkeypatch)
    main(["finish", "site"])
    once = files(site)
    newest = next(asset.hashed_name for asset in assets() if asset.name == "support-table.css")
    page = site.path("deep/table.md")
    page.write_text(page.read_text("utf-8").replace(newest, "support-table.01234567.css"), "utf-8")
    (site.folder / "site" / CLOSURES_FILE).write_text("the desk's")
    assert main(["finish", "site"]) == 0
    assert files(site) == {**once, CLOSURES_FILE: b"the desk's"}


def test_the_settings_of_the_plugin_count_here_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One file of settings serves both tools; tags that only MkDocs knows are passed over."""
    build(site, PAGES, monkeypatch)
    config = site.folder / "mkdocs.yml"
    config.write_text(
        "site_url: https://docs.shop.example/help/\nextra: {x: !ENV [A, b], y: !!python/name:os.sep }\n"
        "markdown_extensions:\n  support: {}\nplugins:\n  - support: {announce_closures: everywhere}\n"
    )
    assert main(["finish", "site", "--config", str(config)]) == 0
    scripts = [one.attributes.get("src", "") for one in Page(site.page()).all("script")]
    assert [name.partition(".")[0] for name in scripts if "support-" in name] == ["assets/support-closures"]
    assert "/help/assets/support-closures." in (site.folder / "site" / "404.html").read_text("utf-8")


def test_settings_may_be_written_in_toml(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    build(site, PAGES, monkeypatch)
    (site.folder / "mkdocs.yml").unlink()
    (site.folder / "zensical.toml").write_text(
        '[project]\nsite_url = "https://docs.shop.example/guide/"\n[project.markdown_extensions.support]\n'
    )
    assert main(["finish", "site"]) == 0
    assert '"/guide/deep/form' in site.page("deep/form.md")


# What is wrong


def told(site: Site, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What the command says of a site that it then leaves as it is."""
    before = files(site)
    assert main(["finish", "site"]) == 1
    assert files(site) == before
    return capsys.readouterr().err.splitlines()


def test_a_block_that_was_not_rendered_is_told_with_its_place(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    build(site, PAGES, monkeypatch, markdown_extensions=EXTENSIONS)
    assert told(site, capsys) == [
        'mkdocs.yml: Add "support" to markdown_extensions; without it no block is rendered.',
        'docs/criteria.md:3: The block "support-table" was not rendered.',
        'docs/deep/form.md:3: The block "support-form" was not rendered.',
        'docs/deep/table.md:3: The block "support-table" was not rendered.',
    ]


def test_mistakes_in_blocks_and_policy_are_told_once(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = {**PAGES, "deep/table.md": "---\ntitle: x\n---\n\n```support-table\nshwo: criteria\n```\n"}
    build(site, pages, monkeypatch)
    assert told(site, capsys) == ['docs/deep/table.md:6: "support-table" has no option "shwo"; did you mean "show"?']
    build(site, PAGES, monkeypatch, policy="contact: [\n")
    said = told(site, capsys)
    assert len(said) == 3
    assert all("support-policy.yml:" in sentence for sentence in said)


def test_what_cannot_be_finished_is_told(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    build(site, PAGES, monkeypatch)
    missing = site.folder / "site" / "404.html"
    page = missing.read_text("utf-8")
    missing.write_text(page.replace("<title>", "<i>").replace("</title>", "</i>"), "utf-8")
    assert told(site, capsys) == ["404.html makes no frame for the help desk's pages: its page has no title."]
    missing.unlink()
    assert told(site, capsys) == ["404.html makes no frame for the help desk's pages: the site has no such page."]

    config = site.folder / "mkdocs.yml"
    config.write_text("markdown_extensions: [support]\nplugins: [{support: {csp: enforce}}]\n")
    (sentence,) = told(site, capsys)
    assert sentence.startswith('mkdocs.yml: "csp" is for MkDocs.')
    config.write_text("a: [\n")
    assert told(site, capsys)[0].startswith("mkdocs.yml can't be read: ")

    assert main(["finish", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere'} is no folder; build the site first.\n"
    with in_language("de"):
        assert main(["finish", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err == f"{tmp_path / 'nowhere'} ist kein Ordner; bauen Sie zuerst die Website.\n"

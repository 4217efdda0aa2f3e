"""Where a built guide lies, and which versions it has, as its own files tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from formapp.widgets.built_site import current_folder, site_path, version_folders
from formapp.widgets.page_frame import FRAME_FILE

MATERIAL = '<script id="__config" type="application/json">{{"base": "{base}"}}</script>'
OTHER_THEME = '<link rel="stylesheet" href="{base}assets/support-common.0a1b2c3d.css">'


def frame(folder: Path, base: str = "/", text: str = MATERIAL) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FRAME_FILE).write_text(text.format(base=base), "utf-8")


def versions(folder: Path, *rows: tuple[str, list[str]]) -> None:
    told = [{"version": name, "title": name, "aliases": aliases} for name, aliases in rows]
    (folder / "versions.json").write_text(json.dumps(told), "utf-8")


@pytest.mark.parametrize("text", [MATERIAL, OTHER_THEME], ids=["Material", "another theme"])
@pytest.mark.parametrize("base", ["/", "/docs/", "/a/b/"])
def test_a_guide_of_one_version_says_where_it_lies(tmp_path: Path, base: str, text: str) -> None:
    frame(tmp_path, base, text)
    assert (site_path(tmp_path), version_folders(tmp_path)) == (base, (tmp_path,))


@pytest.mark.parametrize("base", ["/", "/docs/"])
def test_versions_lie_one_folder_deeper_and_the_current_one_comes_first(tmp_path: Path, base: str) -> None:
    for name in ("1.0", "2.0", "dev"):
        frame(tmp_path / name, f"{base}{name}/")
    (tmp_path / "latest").symlink_to("2.0")
    versions(tmp_path, ("dev", []), ("2.0", ["latest"]), ("1.0", ["old"]))
    assert current_folder(tmp_path).name == "2.0"
    assert {folder.name for folder in version_folders(tmp_path)} == {"1.0", "2.0", "dev", "latest"}
    assert site_path(tmp_path) == base


@pytest.mark.parametrize("told", ["", "[]", "{}", "[1]", '[{"version": 1}]', "\0"])
def test_without_a_list_of_versions_the_alias_s_folder_is_the_current_one(tmp_path: Path, told: str) -> None:
    for name in ("1.0", "latest"):
        frame(tmp_path / name, "/docs/2.0/")
    (tmp_path / "versions.json").write_text(told, "utf-8")
    assert current_folder(tmp_path).name in {"latest", "1.0"}
    assert site_path(tmp_path) == "/docs/"


def test_where_nothing_is_built_the_guide_lies_at_the_root(tmp_path: Path) -> None:
    assert (site_path(tmp_path), version_folders(tmp_path), current_folder(tmp_path)) == ("/", (), tmp_path)
    assert site_path(tmp_path / "gone") == "/"
    (tmp_path / FRAME_FILE).write_bytes(b"\xff\xfe")
    assert site_path(tmp_path) == "/"
    frame(tmp_path, text='<script id="__config">not JSON</script>')
    assert site_path(tmp_path) == "/"

"""Pictures that a manifest names: one line of Markdown is shown light or dark, and cut for phones; others stay."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from PIL import Image

from site_plugins.lint.__main__ import main
from site_plugins.pictures import VARIANTS, Manifest, PictureFile, files_of, write_manifest
from tests.plugin.conftest import Site
from tests.reading import Page

SIZES = {"light": (40, 20), "dark": (40, 20), "phone": (18, 30), "phone-dark": (18, 30)}


def take(folder: Path, name: str = "form.webp", weight: int = 0) -> None:
    """A picture with its variants, and the manifest that names them."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for variant in VARIANTS:
        path = folder / (name if variant == "light" else name.replace(".", f"-{variant}."))
        Image.new("RGB", SIZES[variant]).save(path)
        content = path.read_bytes()
        width, height = SIZES[variant]
        files[variant] = PictureFile(path.name, width, height, weight or len(content), sha256(content).hexdigest())
    write_manifest(folder, Manifest("chromium 1", "letters", {name: files}))


def test_one_line_shows_a_picture_light_or_dark_and_cut_for_phones(site: Site) -> None:
    take(site.folder / "docs" / "pictures")
    site.build(
        {"more/index.md": '# Help\n\n[![The form.](../pictures/form.webp){ .wide }](../pictures/form.webp "Large")\n'}
    )
    page = Page(site.page("more/index.md"))
    light, dark = page.all("a", title="Large")
    for link, colour in ((light, ""), (dark, "-dark")):
        assert f"support-picture-{'dark' if colour else 'light'}" in link.classes
        assert link.attributes["href"].endswith(f"../pictures/form{colour}.webp")
        image, source = link.find("img"), link.find("source")
        assert image["alt"] == "The form."
        assert image["class"] == "wide"
        assert (image["width"], image["height"]) == ("40", "20")
        assert image["src"] == link.attributes["href"]
        assert source["srcset"].endswith(f"../pictures/form-phone{colour}.webp")
        assert (source["width"], source["height"]) == ("18", "30")
    # The one that isn't shown must not be loaded.
    assert dark.find("img")["loading"] == "lazy"
    assert "loading" not in light.find("img")
    assert "support-common." in site.page("more/index.md"), "nothing would hide the other one"


def test_a_picture_without_a_link_is_shown_both_ways_with_the_words_around_it(site: Site) -> None:
    take(site.folder / "docs" / "pictures")
    site.build({"index.md": "# Help\n\nBefore ![The form.](pictures/form.webp) after.\n"})
    content = site.content()
    assert content.count("<picture>") == 2
    assert "Before <span" in content
    assert "</span> after." in content


@pytest.mark.parametrize(
    "written", ["![A](other.png)", "![A](https://img.example/form.webp)", "![A](pictures/other.png)"]
)
def test_other_pictures_stay_as_they_are(site: Site, written: str) -> None:
    take(site.folder / "docs" / "pictures")
    for name in ("other.png", "pictures/other.png"):
        Image.new("RGB", (4, 4)).save(site.folder / "docs" / name)
    site.build({"index.md": f"# Help\n\n{written}\n"})
    assert "<picture>" not in site.content()
    assert "support-common." not in site.page()


def test_a_manifest_of_somebody_else_names_no_pictures(tmp_path: Path) -> None:
    for text in ('{"name": "An app", "icons": []}', "[]", '{"pictures": {"a.webp": 1}}', "no JSON"):
        (tmp_path / "manifest.json").write_text(text)
        assert files_of(tmp_path / "a.webp") == ()


def test_the_lint_asks_for_no_size_that_the_manifest_has_and_weighs_each_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    docs = tmp_path / "docs"
    take(docs / "pictures")
    (docs / "index.md").write_text("![The form.](pictures/form.webp)\n")
    main([])
    assert "docs/index.md" not in capsys.readouterr().out
    take(docs / "pictures", weight=160_000)
    main([])
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("docs/")]
    assert len(said) == 4
    assert 'The picture "form-phone-dark.webp" weighs 160 kB' in said[-1]

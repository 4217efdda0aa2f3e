"""``python -m supportpolicy init``: what a writer begins with is whole, shown first, and takes nothing away."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from supportpolicy import holidays_warning, load
from supportpolicy.__main__ import main
from supportpolicy.languages import in_language
from supportpolicy.scaffolding import own_zone
from tests.builders import NOW

EMAIL = "help@shop.example"


def init(folder: Path, *words: str, now: datetime = NOW) -> int:
    return main(["init", str(folder), "--timezone", "Europe/Paris", *words], now)


def begun(folder: Path, settings: str) -> str:
    """The settings of a site after it has begun."""
    (folder / "mkdocs.yml").write_text(settings, "utf-8")
    assert init(folder, "--yes", "--email", EMAIL) == 0
    return (folder / "mkdocs.yml").read_text("utf-8")


def test_a_new_site_gets_a_small_policy_that_holds_a_page_and_the_settings(tmp_path: Path) -> None:
    assert init(tmp_path, "--yes", "--email", EMAIL) == 0
    policy = load(tmp_path / "support-policy.yml")
    assert (policy.contact_email, policy.calendar.zone.key) == (EMAIL, "Europe/Paris")
    assert len((tmp_path / "support-policy.yml").read_text("utf-8").splitlines()) <= 35
    assert (tmp_path / "docs/index.md").read_text("utf-8").count("```support-") == 4
    assert "  - search\n  - support:\n" in (tmp_path / "mkdocs.yml").read_text("utf-8")


@pytest.mark.parametrize("month", range(1, 13))
def test_whenever_it_is_written_the_holidays_last(tmp_path: Path, month: int) -> None:
    now = datetime(2027, month, 28, tzinfo=UTC)
    assert init(tmp_path, "--yes", "--email", EMAIL, now=now) == 0
    assert holidays_warning(load(tmp_path / "support-policy.yml").calendar, now) == ""


@pytest.mark.parametrize(
    ("settings", "after"),
    [
        ("site_name: X\n", "site_name: X\n\nplugins:\n  - search\n  - support:\n      policy: support-policy.yml\n"),
        ("plugins:\n- search\n", "plugins:\n- support:\n    policy: support-policy.yml\n- search\n"),
        (
            "plugins:  # ours\n\n    # 1\n    - t: {}\nnav: []\n",
            "plugins:  # ours\n\n    # 1\n    - support:\n        policy: support-policy.yml\n    - t: {}\nnav: []\n",
        ),
        ("plugins: [search]\n", "plugins: [search]\n"),
        ("plugins:\n  search: {}\n", "plugins:\n  search: {}\n"),
        ("plugins:\n  - search\n  - support\n", "plugins:\n  - search\n  - support\n"),
    ],
)
def test_the_plugin_is_added_to_those_that_are_there_or_the_lines_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: str, after: str
) -> None:
    assert begun(tmp_path, settings) == after
    assert ("Add to the plugins in mkdocs.yml:\n  - support:" in capsys.readouterr().out) is (settings == after)


def test_the_page_lies_where_the_site_has_its_pages_and_its_place_in_the_navigation_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(tmp_path, "docs_dir: 'pages'  # here\nnav:\n  - index.md\n")
    assert (tmp_path / "pages/contact-support.md").is_file()
    assert 'Add "- Contact support: contact-support.md" to "nav"' in capsys.readouterr().out


def test_it_speaks_the_language_of_who_begins(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with in_language("fr"):
        begun(tmp_path, "site_name: X\n")
        assert "Écrit. Ce qu’il reste à faire :" in capsys.readouterr().out
        assert init(tmp_path, "--yes", "--email", EMAIL) == 1
    said = "support-policy.yml et docs/contact-support.md existent déjà ; rien n’est modifié.\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize("name", ["support-policy.yml", "docs/contact-support.md"])
def test_what_is_there_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: X\n")
    (tmp_path / name).write_text("mine")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert init(tmp_path, "--yes", "--email", EMAIL) == 1
    assert capsys.readouterr().err == f"{name} is there already; nothing is changed.\n"
    assert (tmp_path / name).read_text() == "mine"
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("said", "written"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False), ("", False)]
)
def test_it_shows_everything_and_asks_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, said: str, written: bool
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{EMAIL}\n{said}"))
    assert init(tmp_path) == (0 if written else 1)
    shown = capsys.readouterr()
    assert EMAIL in shown.out
    assert "    ```support-form" in shown.out
    assert (tmp_path / "support-policy.yml").exists() is written
    assert ("Nothing is written" in shown.err) is not written


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--yes",), "Say which address people can always write to: --email help@shop.example"),
        (("--yes", "--email", "nobody"), '"nobody" is no address'),
        (("--yes", "--email", "a@b.example}"), '"a@b.example}" is no address'),
        (("--yes", "--email", EMAIL, "--timezone", "Paris"), 'There is no time zone "Paris"'),
    ],
)
def test_what_can_t_be_written_gets_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert init(tmp_path, *words) == 1
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_machine_s_time_zone_is_taken_where_it_can_be_told() -> None:
    assert own_zone({"TZ": "Asia/Tokyo"}) == "Asia/Tokyo"
    assert own_zone({"TZ": ":Europe/Berlin"}) == "Europe/Berlin"
    assert own_zone({"TZ": "nowhere/at/all"}) == "UTC"

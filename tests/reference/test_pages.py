"""The handbook's reference says what the code says: each setting, each key of the policy, each room."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from formapp.setting_names import PREFIX
from formapp.settings import SETTINGS, Setting, settings_from
from site_plugins.reference.pages import (
    ARCHITECTURE_PAGE,
    BEGIN,
    END,
    FACTS_PAGE,
    PAGES,
    POLICY_PAGE,
    REPOSITORY,
    SCHEMA,
    SETTINGS_FILE,
    SETTINGS_PAGE,
    WORKS_WITH_PAGE,
    with_section,
)
from site_plugins.reference.policy import policy_page
from site_plugins.reference.settings import settings_file, settings_page
from tests.builders import POLICY


@pytest.mark.parametrize(
    "name",
    [
        SETTINGS_PAGE,
        SETTINGS_FILE,
        POLICY_PAGE,
        FACTS_PAGE,
        ARCHITECTURE_PAGE,
        WORKS_WITH_PAGE,
    ],
)
def test_each_page_is_as_the_code_says(name: str) -> None:
    """Otherwise: make reference, then read the difference."""
    assert (REPOSITORY / name).read_text("utf-8") == PAGES[name]()


def test_no_page_that_is_made_is_left_out_here() -> None:
    assert set(PAGES) == {SETTINGS_PAGE, SETTINGS_FILE, POLICY_PAGE, FACTS_PAGE, ARCHITECTURE_PAGE, WORKS_WITH_PAGE}


# Settings


def test_a_setting_is_told_with_its_default_or_what_holds_without_it() -> None:
    page = settings_page(
        [
            Setting("DOOR", "Which door.", default="front", example="back"),
            Setting("KEY", "A key.", unset="No door opens."),
        ]
    )
    assert "\n## FORMAPP_DOOR\n\nWhich door.\n\n- **When it is not set:** `front`\n- **Example:** `back`\n" in page
    assert page.endswith("\n## FORMAPP_KEY\n\nA key.\n\n- **When it is not set:** No door opens.\n")


def test_the_environment_file_switches_nothing_on_and_can_be_read_by_a_shell() -> None:
    made = settings_file(
        [
            Setting("DOOR", "Which `door`.", default="front", example="the back"),
            Setting("KEY", "A key.", unset="No door opens."),
        ]
    )
    assert "\n# Which door.\n# When it is not set: front\n#FORMAPP_DOOR='the back'\n" in made
    assert made.endswith("\n# A key.\n# When it is not set: No door opens.\n#FORMAPP_KEY=\n")
    assert all(line.startswith("#") for line in made.splitlines() if line)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_each_setting_says_what_it_means_and_what_holds_without_it(setting: Setting) -> None:
    assert setting.meaning.endswith(".")
    assert bool(setting.default) != bool(setting.unset), "either a value or words"


@pytest.mark.parametrize("setting", [one for one in SETTINGS if one.example], ids=lambda setting: setting.name)
def test_each_example_can_be_copied(setting: Setting, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "site").mkdir()
    monkeypatch.chdir(tmp_path)
    settings_from(
        {
            f"{PREFIX}POLICY": str(POLICY),
            f"{PREFIX}SECRET_KEY": "0123456789" * 4,
            f"{PREFIX}{setting.name}": setting.example,
        }
    )


# The policy file


def keys(part: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if "items" in part:
        yield from keys(part["items"], f"{path}[]")
    for name, key in part.get("properties", {}).items():
        yield f"{path}.{name}".removeprefix("."), key
        yield from keys(key, f"{path}.{name}".removeprefix("."))


def test_each_key_of_the_policy_has_a_description_and_stands_on_the_page() -> None:
    page = (REPOSITORY / POLICY_PAGE).read_text("utf-8")
    days = {f"calendar.hours.{day}" for day in ("tue", "wed", "thu", "fri", "sat")}
    found = dict(keys(json.loads((REPOSITORY / SCHEMA).read_text("utf-8"))))
    assert len(found) > 50
    for path, key in found.items():
        assert len(key.get("description", "")) > 10, path
        assert f"`{path}`<br>" in page or f"- `{path}` to " in page or f"\n## {path}\n" in page or path in days, path


def test_a_key_is_told_with_its_meaning_its_value_and_whether_it_can_be_left_out() -> None:
    text = {"type": "string", "description": "What it is called."}
    rooms = {
        "type": "object",
        "description": "The rooms.",
        "required": ["name"],
        "properties": {
            "name": text,
            "size": {"type": "integer", "description": "How large.", "minimum": 1, "maximum": 9},
            "doors": {
                "type": "array",
                "description": "The doors.",
                "items": {"type": "object", "properties": {"id": text}},
            },
        },
    }
    page = policy_page({"required": [], "properties": {"rooms": rooms}})
    assert "\n## rooms\n\n*(optional)* The rooms.\n\n" in page
    assert "- `rooms.name`<br>What it is called. Value: text.\n" in page
    assert "- `rooms.size`<br>*(optional)* How large. Value: whole number, 1 to 9.\n" in page
    assert "- `rooms.doors[].id`<br>*(optional)* What it is called. Value: text.\n" in page


# The written part of a page


def test_only_the_written_part_of_a_page_changes() -> None:
    page = f"before\n\n{BEGIN}\nold\n{END}\n\nafter\n"
    made = with_section(page, "new")
    assert made == f"before\n\n{BEGIN}\n\nnew\n{END}\n\nafter\n"
    assert with_section(made, "new") == made


@pytest.mark.parametrize("page", ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n"])
def test_a_page_without_a_place_for_it_is_told(page: str) -> None:
    with pytest.raises(ValueError, match=re.escape("has no part between")):
        with_section(page, "new")

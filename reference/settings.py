"""The handbook's page of settings, from the table in ``formapp.settings``."""

from __future__ import annotations

from collections.abc import Iterable

from formapp.settings import PREFIX, Setting
from reference.markdown import head, table


def settings_page(settings: Iterable[Setting]) -> str:
    """The page: each setting with its meaning, what holds without it, and a value to copy."""
    rows = [
        (
            f"`{PREFIX}{setting.name}`",
            setting.meaning,
            f"`{setting.default}`" if setting.default else setting.unset,
            f"`{setting.example}`" if setting.example else "",
        )
        for setting in settings
    ]
    return (
        head("Settings", "Every setting of the help desk, with its meaning and its default.", "formapp/settings.py")
        + "\nAll settings of the desk are environment variables. The desk reads them when it starts. A setting with a\n"
        "mistake, or with a name that isn't listed here, stops it with a sentence that says what to write.\n\n"
        + table(("Name", "Meaning", "When it is not set", "Example"), rows)
    )

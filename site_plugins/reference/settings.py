"""The handbook's page of settings, from the table in ``formapp.settings``."""

from __future__ import annotations

from collections.abc import Iterable

from formapp.settings import PREFIX, Setting
from site_plugins.reference.markdown import head


def settings_page(settings: Iterable[Setting]) -> str:
    """The page: each setting under a heading of its own, which links can name."""
    return (
        head("Settings", "Every setting of the help desk, with its meaning and its default.", "formapp/settings.py")
        + "\nAll settings of the desk are environment variables. The desk reads them when it starts. A setting with a\n"
        "mistake, or with a name that isn't listed here, stops it with a sentence that says what to write.\n"
        + "".join(map(_section, settings))
    )


def _section(setting: Setting) -> str:
    without = f"`{setting.default}`" if setting.default else setting.unset
    example = f"- **Example:** `{setting.example}`\n" if setting.example else ""
    return f"\n## {PREFIX}{setting.name}\n\n{setting.meaning}\n\n- **When it is not set:** {without}\n{example}"

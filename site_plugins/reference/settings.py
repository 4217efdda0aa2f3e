"""The handbook's page of settings and the environment file, from the table in ``formapp.settings``."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable

from formapp.setting_names import PREFIX
from formapp.settings import Setting
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


def settings_file(settings: Iterable[Setting]) -> str:
    """The environment file: each setting with its meaning, switched off by a ``#`` that is removed to set it."""
    return (
        "# The settings of the desk, for systemd (EnvironmentFile) and compose (env_file). Remove the # before a\n"
        "# setting and write your value. It may hold passwords: let nobody else read it (chmod 600).\n"
        "#\n"
        "# Written by make reference from formapp/settings.py. Change it there, and your copy here.\n"
    ) + "".join(map(_lines, settings))


def _lines(setting: Setting) -> str:
    without = f"When it is not set: {setting.default or setting.unset}"
    told = [line for words in (setting.meaning, without) for line in textwrap.wrap(words.replace("`", ""), 110)]
    value = shlex.quote(setting.example or setting.default) if setting.example or setting.default else ""
    return "\n" + "".join(f"# {line}\n" for line in told) + f"#{PREFIX}{setting.name}={value}\n"

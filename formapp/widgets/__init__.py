"""The HTML of the promise table, the chooser and the form, and the script and style that go with it.

Here, and not in either side, because the guide's build and the desk show the very same: one template
each, so that labels, limits and help never drift. Needs Jinja and WTForms, not Flask.
"""

from formapp.widgets.assets import (
    CLOSURES_FILE,
    NO_CLOSURES,
    NO_SCOREBOARD,
    SCOREBOARD_FILE,
    Asset,
    assets,
    help_assets,
    make_asset,
)
from formapp.widgets.chooser import render_chooser
from formapp.widgets.feedback import render_feedback
from formapp.widgets.files import render_files
from formapp.widgets.form import PageHelp, render_form
from formapp.widgets.scoreboard import render_scoreboard
from formapp.widgets.sending import render_draft_line, render_sending
from formapp.widgets.table import render_table

__all__ = [
    "CLOSURES_FILE",
    "NO_CLOSURES",
    "NO_SCOREBOARD",
    "SCOREBOARD_FILE",
    "Asset",
    "PageHelp",
    "assets",
    "help_assets",
    "make_asset",
    "render_chooser",
    "render_draft_line",
    "render_feedback",
    "render_files",
    "render_form",
    "render_scoreboard",
    "render_sending",
    "render_table",
]

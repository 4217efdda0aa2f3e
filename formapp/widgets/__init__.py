"""The HTML of the promise table, the chooser and the form, and the script and style that go with it.

Here, and not in either side, because the guide's build and the desk show the very same: one template
each, so that labels, limits and help never drift. Needs Jinja and WTForms, not Flask.

The names of this package are those of the assets, which each site has; what renders is asked for by its module, as a
guide without a block needs no forms and no templates.
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

__all__ = [
    "CLOSURES_FILE",
    "NO_CLOSURES",
    "NO_SCOREBOARD",
    "SCOREBOARD_FILE",
    "Asset",
    "assets",
    "help_assets",
    "make_asset",
]

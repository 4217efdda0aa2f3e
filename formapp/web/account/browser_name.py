"""The browser and system of a request in a few words, so that people know their own again."""

from __future__ import annotations

from formapp.translation import gettext as _
from formapp.translation import gettext_noop

A_BROWSER, _ON = gettext_noop("A browser"), " on "

# Most browsers also name those that they come from, so the more special ones stand first. A database of all browsers
# there are would tell versions and devices; these few words are all that is shown or stored.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)


def shown_browser(stored: str) -> str:
    """The same name for a page, in the language that is spoken now; empty where nothing is known."""
    browser, on, system = stored.partition(_ON)
    name = _(A_BROWSER) if browser == A_BROWSER else browser
    return _("%(browser)s on %(system)s", browser=name, system=system) if on else name


def browser_name(user_agent: str) -> str:
    """ "Firefox on Linux"; what isn't known is left out, and of a browser that says nothing known nothing is left.

    In English, as it is stored.
    """
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    return _ON.join(part for part in (browser or (A_BROWSER if system else ""), system) if part)

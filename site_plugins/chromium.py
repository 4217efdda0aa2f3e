"""Finds the Chromium that takes the guide's pictures and runs the browser tests.

``python -m site_plugins.chromium`` prints its path, or says in a sentence what to do and exits with 1.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

# The first draws no window of its own, which takes most of the time that a page takes in the others.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


class NoChromium(LookupError):
    """No Chromium on this machine; the message says what to do."""


def find_chromium() -> str:
    """The path of a Chromium or Chrome: ``$CHROMIUM`` where set, else the first known name. Raises NoChromium."""
    named = os.environ.get("CHROMIUM", "")
    candidates = (named,) if named else (*map(shutil.which, NAMES), *MAC_APPLICATIONS)
    for candidate in candidates:
        if candidate and Path(candidate).is_file():
            return candidate
    if named:
        raise NoChromium(f"CHROMIUM names {named}, but there is no such file.")
    raise NoChromium(
        "A browser is needed: install Chromium or Google Chrome, or set CHROMIUM to the path of one. "
        "On Debian: apt-get install chromium-headless-shell."
    )


def flags() -> list[str]:
    """The arguments for a Chromium that asks nobody outside for anything."""
    quiet = [
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ]
    # Chromium's sandbox refuses to start as root, as in most containers.
    return [*quiet, "--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else quiet


if __name__ == "__main__":
    try:
        print(find_chromium())
    except NoChromium as problem:
        sys.exit(str(problem))

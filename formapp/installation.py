"""What to install where the guide's plugin is here without the help desk."""

from __future__ import annotations

OWN_PACKAGES = {"formapp", "site_plugins", "supportpolicy"}
DESK = "pip install 'support-guide[desk]'"


def what_to_install(missing: ModuleNotFoundError, needs_it: str, command: str = DESK) -> str:
    """A sentence in place of the traceback; a module of our own that is missing is a fault and raised again."""
    package = (missing.name or "").partition(".")[0]
    if package in OWN_PACKAGES or not package:
        raise missing
    return f"{needs_it} packages that aren't installed here ({package}, for one). Install them: {command}"

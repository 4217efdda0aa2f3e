"""The secret that the desk makes for itself where none is set."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from formapp.setting_names import PREFIX
from formapp.setting_values import SHORTEST_SECRET, BadSetting, not_writable


def stored_secret_key(var: Path) -> str:
    """A secret made once and stored beside the data, readable by its owner alone: one machine needs no more."""
    path = var / "secret-key"
    try:
        if not path.exists():
            _make(path)
        stored = path.read_text("utf-8").strip()
    except OSError as error:
        raise not_writable(var, error) from None
    if len(stored) < SHORTEST_SECRET:
        raise BadSetting(f"{path} holds no secret; remove it, or set {PREFIX}SECRET_KEY.")
    return stored


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(32))
    # Of processes that start together one wins, and none reads a file that is only half written.
    with suppress(FileExistsError):
        os.link(whole, path)
    whole.unlink()

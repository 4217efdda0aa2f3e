"""The list of erasures: a file beside the secret, from which they are done again after an older backup is restored.

It names nobody: each line is a keyed hash of an address, with when it was erased. It lies outside the
database and outside backups, because a restored database has forgotten.
"""

from __future__ import annotations

import hmac
import os
from dataclasses import dataclass
from datetime import UTC, datetime

from formapp.services import Services
from formapp.storage.local import sync

FILE = "erasures"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One line: whose address, when, and whether the whole conversations went as well."""

    address_hash: str
    at: datetime
    conversations: bool


def note(services: Services, email: str, now: datetime, *, conversations: bool) -> None:
    """Add a line, durably. Raises OSError."""
    path = services.settings.var / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    words = "conversations" if conversations else "own"
    line = f"{address_hash(services, email)} {now.astimezone(UTC).isoformat()} {words}\n"
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    sync(path.parent)


def noted(services: Services) -> tuple[Erasure, ...]:
    """All lines; one that is only half written is passed over."""
    path = services.settings.var / FILE
    if not path.exists():
        return ()
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            address, at, words = line.split(" ")
            found.append(Erasure(address, datetime.fromisoformat(at), words == "conversations"))
        except ValueError:
            continue
    return tuple(found)


def address_hash(services: Services, email: str) -> str:
    """What stands for an address: nobody without the desk's secret can tell whether one is on the list."""
    return hmac.digest(services.settings.secret_key.encode(), email.encode(), "sha256").hex()

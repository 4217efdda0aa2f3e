"""The pass that the doctor shows the running desk when it asks through the public address what reaches it."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

PATH = "/support/through"
VALID_FOR = timedelta(minutes=15)
# An address that is nobody's (RFC 5737): what the doctor claims as its own, to see whether it is believed.
CLAIMED = "203.0.113.7"


def make_pass(secret_key: str, now: datetime) -> str:
    """A pass that the desk with this secret takes for a quarter of an hour."""
    until = str(int((now + VALID_FOR).timestamp()))
    return f"{until}.{_signed(secret_key, until)}"


def is_valid(given: str, secret_key: str, now: datetime) -> bool:
    """Whether this is a pass by the same secret that hasn't run out."""
    until, _, signature = given.partition(".")
    if not hmac.compare_digest(signature.encode(), _signed(secret_key, until).encode()):
        return False
    return now.timestamp() < int(until)


def _signed(secret_key: str, until: str) -> str:
    return hmac.new(secret_key.encode(), f"doctor --through {until}".encode(), sha256).hexdigest()

"""Signatures as Standard Webhooks has them (standardwebhooks.com): HMAC-SHA256 over id, time and body."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
_SECRET_BYTES = 32


def new_secret() -> str:
    """A signing secret of 256 bits, in the form that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def new_message_id() -> str:
    """An id for a message that isn't about a ticket."""
    return f"msg_{secrets.token_hex(16)}"


def signed_headers(message_id: str, at: datetime, body: bytes, signing: Sequence[str]) -> dict[str, str]:
    """The three headers of a message sent at this instant, with one signature for each secret, in their order.

    The id must hold no dot, which would make the signed text ambiguous. ``at`` is the instant of
    the try, not of the event: receivers refuse a message older than some minutes.
    """
    seconds = int(at.timestamp())
    signed = f"{message_id}.{seconds}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_signature(secret, signed) for secret in signing),
    }


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()

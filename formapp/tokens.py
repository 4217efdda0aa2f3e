"""Secrets that are handed out once and stored only as their hash."""

from __future__ import annotations

import secrets
from hashlib import sha256


def new_token() -> str:
    """A secret of 256 bits that is safe in a URL."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is stored of a token; of 256 random bits a plain hash can't be turned back."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()

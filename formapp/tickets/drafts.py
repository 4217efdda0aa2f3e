"""Filled forms saved while their sender signs in; only the token's holder can open one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete

from formapp.errors import DraftTooLarge
from formapp.models import Draft
from formapp.services import Services
from formapp.tokens import hash_token, new_token

MOST_CHARACTERS = 400_000


def save_draft(services: Services, fields: Mapping[str, str], now: datetime) -> str:
    """Save a form's fields for as long as drafts are kept; the token that opens them. Raises DraftTooLarge."""
    content = json.dumps(dict(fields), sort_keys=True)
    if sum(len(value) for value in fields.values()) > MOST_CHARACTERS:
        raise DraftTooLarge
    token = new_token()
    with services.write.begin() as database:
        database.execute(delete(Draft).where(Draft.expires_at <= now))
        database.add(
            Draft(
                token_hash=hash_token(token),
                fields=dict(fields),
                digest=sha256(content.encode()).hexdigest(),
                created_at=now,
                expires_at=now + services.settings.keep.drafts,
            )
        )
    return token


def draft_fields(services: Services, token: str, now: datetime) -> dict[str, str] | None:
    """The fields of a draft; None for one that has expired, was dropped or never was."""
    with services.read() as database:
        draft = database.get(Draft, hash_token(token))
    return dict(draft.fields) if draft is not None and draft.expires_at > now else None


def drop_draft(services: Services, token: str) -> None:
    """Forget a draft whose ticket is stored."""
    with services.write.begin() as database:
        database.execute(delete(Draft).where(Draft.token_hash == hash_token(token)))

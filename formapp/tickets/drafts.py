"""Filled forms saved while their sender signs in; each opens with its token, for its account alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete

from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.errors import DraftTooLarge
from formapp.models import Draft
from formapp.services import Services
from formapp.tokens import hash_token, new_token

MOST_CHARACTERS = 400_000


def save_draft(
    services: Services,
    account_id: int | None,
    fields: Mapping[str, str],
    now: datetime,
    *,
    keep: timedelta | None = None,
) -> str:
    """Save a form's fields for ``keep``, or as long as drafts are kept; the token that opens them, for this account.

    What was sent with an address that has no account opens for nobody. Raises DraftTooLarge.
    """
    content = json.dumps(dict(fields), sort_keys=True)
    if sum(len(value) for value in fields.values()) > MOST_CHARACTERS:
        raise DraftTooLarge
    token = new_token()
    with services.write.begin() as database:
        database.execute(delete(Draft).where(Draft.expires_at <= now))
        database.add(
            Draft(
                token_hash=hash_token(token),
                account_id=account_id,
                fields=dict(fields),
                digest=sha256(content.encode()).hexdigest(),
                created_at=now,
                expires_at=now + (keep or services.settings.keep.drafts),
            )
        )
    return token


def draft_fields(services: Services, account_id: int, token: str, now: datetime) -> dict[str, str] | None:
    """The fields of a person's draft; None for one of somebody else, or that expired, was dropped or never was."""
    with services.read() as database:
        draft = database.get(Draft, hash_token(token))
    if draft is None or draft.account_id != account_id or draft.expires_at <= now:
        return None
    return dict(draft.fields)


def drop_draft(services: Services, account_id: int, token: str) -> None:
    """Forget a person's draft whose ticket is stored; one that can't be forgotten now expires by itself."""
    with best_effort("a sent draft"), services.write.begin(patience=BRIEFLY) as database:
        database.execute(delete(Draft).where(Draft.token_hash == hash_token(token), Draft.account_id == account_id))


def is_there(services: Services, token_hash: str) -> bool:
    """Whether a draft was neither sent nor dropped, by the hash of its token."""
    with services.read() as database:
        return database.get(Draft, token_hash) is not None


def guest_draft_fields(services: Services, token: str, now: datetime) -> dict[str, str] | None:
    """The fields of a draft of somebody whom nobody knows; None for another, or one that expired or never was."""
    with services.read() as database:
        draft = database.get(Draft, hash_token(token))
    if draft is None or draft.account_id is not None or draft.expires_at <= now:
        return None
    return dict(draft.fields)


def drop_guest_draft(services: Services, token: str) -> None:
    """Forget a draft of somebody whom nobody knows; one that can't be forgotten now expires by itself."""
    with best_effort("a confirmed draft"), services.write.begin(patience=BRIEFLY) as database:
        database.execute(delete(Draft).where(Draft.token_hash == hash_token(token), Draft.account_id.is_(None)))

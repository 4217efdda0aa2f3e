"""Signed-in sessions: rows in the database, so that ending one acts at once and everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.models import Account, SignedInSession
from formapp.services import Services
from formapp.tokens import hash_token, new_token

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
# A use is noted at most this often: a read must not become a write at each page.
_NOTED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is."""

    account_id: int
    email: str
    name: str
    is_staff: bool


_LIVE = (
    select(
        SignedInSession.created_at, SignedInSession.seen_at, Account.id, Account.email, Account.name, Account.is_staff
    )
    .join(Account, Account.id == SignedInSession.account_id)
    .where(SignedInSession.token_hash == bindparam("key"), Account.disabled_at.is_(None))
)


def open_session_in(database: Session, account_id: int, now: datetime) -> str:
    """Open a session inside a transaction and return its token, which is stored only as a hash."""
    token = new_token()
    database.add(SignedInSession(token_hash=hash_token(token), account_id=account_id, created_at=now, seen_at=now))
    return token


def open_session(services: Services, account_id: int, now: datetime) -> str:
    """Open a session and return its token."""
    with services.write.begin() as database:
        return open_session_in(database, account_id, now)


def signed_in_by(services: Services, token: str, now: datetime) -> SignedIn | None:
    """Whose session this is; None once it was ended, is too old or idle, or the account was disabled."""
    key = hash_token(token)
    # One question needs no transaction.
    with services.database.engine.connect() as connection:
        found = connection.execute(_LIVE, {"key": key}).one_or_none()
    if found is None or now - found.created_at >= LIFETIME or now - found.seen_at >= IDLE:
        return None
    if now - found.seen_at >= _NOTED:
        with best_effort("a session's time"), services.write.begin(patience=BRIEFLY) as database:
            database.execute(update(SignedInSession).where(SignedInSession.token_hash == key).values(seen_at=now))
    return SignedIn(found.id, found.email, found.name, found.is_staff)


def end_session(services: Services, token: str) -> None:
    """End this session; one that is over already stays so."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.token_hash == hash_token(token)))


def end_all_sessions(services: Services, account_id: int) -> None:
    """End every session of a person, on every device."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.account_id == account_id))

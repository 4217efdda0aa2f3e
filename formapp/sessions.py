"""Signed-in sessions: rows in the database, so that ending one acts at once and everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from formapp.models import Account, SignedInSession
from formapp.services import Services
from formapp.tokens import hash_token, new_token

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
# A use is noted at most this often: a read must not become a write at each page.
_NOTED = timedelta(hours=1)


def open_session_in(database: Session, account_id: int, now: datetime) -> str:
    """Open a session inside a transaction and return its token, which is stored only as a hash."""
    token = new_token()
    database.add(SignedInSession(token_hash=hash_token(token), account_id=account_id, created_at=now, seen_at=now))
    return token


def open_session(services: Services, account_id: int, now: datetime) -> str:
    """Open a session and return its token."""
    with services.write.begin() as database:
        return open_session_in(database, account_id, now)


def session_account(services: Services, token: str, now: datetime) -> Account | None:
    """Whose session this is; None once it was ended, is too old or idle, or the account was disabled."""
    key = hash_token(token)
    with services.read() as database:
        row = database.execute(
            select(SignedInSession.created_at, SignedInSession.seen_at, Account)
            .join(Account, Account.id == SignedInSession.account_id)
            .where(SignedInSession.token_hash == key)
        ).one_or_none()
    if row is None or row.Account.disabled_at is not None:
        return None
    if now - row.created_at >= LIFETIME or now - row.seen_at >= IDLE:
        return None
    if now - row.seen_at >= _NOTED:
        with services.write.begin() as database:
            database.execute(update(SignedInSession).where(SignedInSession.token_hash == key).values(seen_at=now))
    account: Account = row.Account
    return account


def end_session(services: Services, token: str) -> None:
    """End this session; one that is over already stays so."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.token_hash == hash_token(token)))


def end_all_sessions(services: Services, account_id: int) -> None:
    """End every session of a person, on every device."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.account_id == account_id))

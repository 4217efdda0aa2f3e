"""Signed-in sessions: rows in the database, so that ending one acts at once and everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.models import Account, SignedInSession, SignInLink
from formapp.services import Services
from formapp.tokens import hash_token, new_token

LIFETIME = timedelta(days=30)
IDLE = timedelta(days=7)
# A use is noted at most this often: a read must not become a write at each page.
_NOTED = timedelta(hours=1)
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is; ``language`` is the one that the person reads, None where that isn't known."""

    account_id: int
    email: str
    name: str
    is_staff: bool
    language: str | None


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """Where a session is opened: the browser in words, its network address, and its older session's token."""

    browser: str = ""
    address: str = ""
    replaces: str = ""


UNKNOWN_ORIGIN = SessionOrigin()


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session as its own person sees it. ``key`` names it: the token's hash, with which nobody can sign in."""

    key: str
    browser: str
    address: str
    opened_at: datetime
    seen_at: datetime
    is_this: bool


_LIVE = (
    select(
        SignedInSession.created_at,
        SignedInSession.seen_at,
        Account.id,
        Account.email,
        Account.name,
        Account.is_staff,
        Account.language,
    )
    .join(Account, Account.id == SignedInSession.account_id)
    .where(SignedInSession.token_hash == bindparam("key"), Account.disabled_at.is_(None))
)


def open_session_in(database: Session, account_id: int, now: datetime, origin: SessionOrigin = UNKNOWN_ORIGIN) -> str:
    """Open a session inside a transaction and return its token, which is stored only as a hash.

    It takes the place of the older session of the same browser, whoever was signed in there.
    """
    token = new_token()
    if origin.replaces:
        database.execute(delete(SignedInSession).where(SignedInSession.token_hash == hash_token(origin.replaces)))
    database.add(
        SignedInSession(
            token_hash=hash_token(token),
            account_id=account_id,
            created_at=now,
            seen_at=now,
            browser=origin.browser,
            address=origin.address,
        )
    )
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
    return SignedIn(found.id, found.email, found.name, found.is_staff, found.language)


def end_session(services: Services, token: str) -> None:
    """End this session; one that is over already stays so."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.token_hash == hash_token(token)))


def sessions_of(services: Services, account_id: int, token: str, now: datetime) -> tuple[LiveSession, ...]:
    """The sessions in which a person is signed in; the one of this token first, then the last used ones."""
    this = hash_token(token)
    with services.read() as database:
        found = database.scalars(
            select(SignedInSession).where(
                SignedInSession.account_id == account_id,
                SignedInSession.created_at > now - LIFETIME,
                SignedInSession.seen_at > now - IDLE,
            )
        ).all()
    live = [
        LiveSession(row.token_hash, row.browser, row.address, row.created_at, row.seen_at, row.token_hash == this)
        for row in found
    ]
    return tuple(sorted(live, key=lambda one: (one.is_this, one.seen_at, one.opened_at, one.key), reverse=True))


def end_session_of(services: Services, account_id: int, key: str) -> bool:
    """End one session of a person by its key; False where the person has no such session, or no longer."""
    if not _KEY.fullmatch(key):
        return False
    with services.write.begin() as database:
        ended = delete(SignedInSession).where(
            SignedInSession.token_hash == key, SignedInSession.account_id == account_id
        )
        return bool(database.execute(ended.returning(SignedInSession.token_hash)).all())


def end_other_sessions(services: Services, account_id: int, token: str, now: datetime) -> None:
    """End every session of a person but the one of this token, and each link that could open another."""
    with services.write.begin() as database:
        others = SignedInSession.token_hash != hash_token(token)
        database.execute(delete(SignedInSession).where(SignedInSession.account_id == account_id, others))
        end_links_in(database, account_id, now)


def end_all_sessions(services: Services, account_id: int, now: datetime) -> None:
    """End every session of a person, on every device, and each link that could open another."""
    with services.write.begin() as database:
        database.execute(delete(SignedInSession).where(SignedInSession.account_id == account_id))
        end_links_in(database, account_id, now)


def end_links_in(database: Session, account_id: int, now: datetime) -> None:
    """Let no outstanding link of a person sign in any more: they count as used."""
    outstanding = SignInLink.account_id == account_id, SignInLink.used_at.is_(None)
    database.execute(update(SignInLink).where(*outstanding).values(used_at=now))

"""Signing in by a link that works once; no password is ever stored.

Mail scanners open links, so looking at a link changes nothing; only its button uses it up. An address
that nobody knows gets a mail as well, which says so: the page that asked tells strangers nothing, and
the worried person isn't left waiting.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from formapp import audit
from formapp.accounts.sessions import UNKNOWN_ORIGIN, SessionOrigin, end_links_in, open_session_in
from formapp.errors import LinkGone
from formapp.mail_address import address_to_find, normalise_address
from formapp.models import Account, SignInLink
from formapp.notifications import outbox
from formapp.notifications.outbox import in_language_of
from formapp.services import Services
from formapp.tokens import hash_token, new_token

LIFETIME = timedelta(minutes=15)
"""How long a link works, from when it is sent."""
KEPT = timedelta(hours=24)
"""How long one that is over is remembered: as long as what was saved behind it."""
LINK_MAIL, UNKNOWN_MAIL = "link", "unknown-address"
MAIL_KINDS = (LINK_MAIL, UNKNOWN_MAIL)
"""The mails that somebody waits for at a sign-in page."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that would work: whom it signs in, and the token of the filled ticket behind it ("" for none)."""

    email: str
    account_id: int
    draft_token: str

    @property
    def has_draft(self) -> bool:
        """Whether a filled ticket waits behind it."""
        return bool(self.draft_token)


@dataclass(frozen=True, slots=True)
class EndedLink:
    """A link that is over: whom it would have signed in, and what it led to (either may be empty)."""

    account_id: int
    draft_token: str
    next_path: str


@dataclass(frozen=True, slots=True)
class RedeemedLink:
    """A used link: the new session's token, the draft's token and the path to go on to (either may be empty)."""

    token: str
    draft_token: str
    next_path: str
    is_staff: bool


def request_link(
    services: Services,
    email: str,
    now: datetime,
    *,
    draft_token: str = "",
    next_path: str = "",
    place: str = "",
    language: str = "",
) -> None:
    """Send a sign-in link to this address, or word that it isn't known. The caller can't tell which.

    ``place`` is where the request comes from, for the audit log; ``language`` is that of the page that asked, which
    the mail speaks to whoever has chosen none.
    """
    address = normalise_address(email)
    with services.write.begin() as database:
        account = database.scalar(select(Account).where(Account.email == address, Account.disabled_at.is_(None)))
        if account is None:
            facts = {"contact": services.policy.contact_email, **in_language_of(language)}
            outbox.enqueue_mail(database, UNKNOWN_MAIL, address, facts, _message_id(services), now)
            disabled = database.scalar(select(Account.id).where(Account.email == address))
            reason = {"reason": "disabled" if disabled else "unknown-address"}
            refused = audit.Origin(None, place)
            audit.record(database, "sign-in-refused", refused, now, subject_id=disabled, details=reason)
            return
        token = new_token()
        database.execute(delete(SignInLink).where(SignInLink.expires_at <= now - KEPT))
        database.add(
            SignInLink(
                token_hash=hash_token(token),
                account_id=account.id,
                draft_token=draft_token,
                next_path=next_path,
                created_at=now,
                expires_at=now + LIFETIME,
                used_at=None,
            )
        )
        link_facts = {
            "link": f"{services.settings.base_url}/support/sign-in/{token}",
            "has_draft": bool(draft_token),
            "minutes": int(LIFETIME.total_seconds() // 60),
            **in_language_of(account.language or language),
        }
        outbox.enqueue_mail(database, LINK_MAIL, address, link_facts, _message_id(services), now)


def create_link(services: Services, email: str, now: datetime, *, by: audit.Origin | None = None) -> str:
    """The address of a fresh sign-in link, without ``by`` for an operator. Raises LinkGone where nobody may sign in."""
    token = new_token()
    with services.write.begin() as database:
        account = database.scalar(
            select(Account).where(Account.email == address_to_find(email), Account.disabled_at.is_(None))
        )
        if account is None:
            raise LinkGone(f"There is no account for {email} that can sign in")
        database.add(
            SignInLink(
                token_hash=hash_token(token),
                account_id=account.id,
                draft_token="",
                next_path="",
                created_at=now,
                expires_at=now + LIFETIME,
                used_at=None,
            )
        )
        audit.record(database, "sign-in-link-printed", by or audit.command_line(), now, subject_id=account.id)
    return f"{services.settings.base_url}/support/sign-in/{token}"


def inspect_link(services: Services, token: str, now: datetime) -> Link:
    """What a link would do; changes nothing. Raises LinkGone."""
    with services.read() as database:
        row = database.execute(
            select(SignInLink, Account)
            .join(Account, Account.id == SignInLink.account_id)
            .where(SignInLink.token_hash == hash_token(token))
        ).one_or_none()
    if row is None or row.SignInLink.used_at is not None or row.SignInLink.expires_at <= now or row.Account.disabled_at:
        raise LinkGone
    return Link(row.Account.email, row.Account.id, row.SignInLink.draft_token)


def ended_link(services: Services, token: str) -> EndedLink | None:
    """What a link led to that signs nobody in any more; None for one that never was, or was long ago."""
    with services.read() as database:
        row = database.get(SignInLink, hash_token(token))
    return None if row is None else EndedLink(row.account_id, row.draft_token, row.next_path)


def redeem_link(services: Services, token: str, now: datetime, origin: SessionOrigin = UNKNOWN_ORIGIN) -> RedeemedLink:
    """Use a link up, and every other that its person still has, and open a session.

    Of two presses one signs in; raises LinkGone for the other.
    """
    key = hash_token(token)
    with services.write.begin() as database:
        used = database.execute(
            update(SignInLink)
            .where(SignInLink.token_hash == key, SignInLink.used_at.is_(None), SignInLink.expires_at > now)
            .values(used_at=now)
            .returning(SignInLink.account_id, SignInLink.draft_token, SignInLink.next_path)
        ).one_or_none()
        if used is None:
            raise LinkGone
        account = database.get(Account, used.account_id)
        if account is None or account.disabled_at is not None:
            raise LinkGone
        end_links_in(database, account.id, now)
        opened = open_session_in(database, account.id, now, origin)
        audit.record(database, "signed-in", audit.Origin(account.id, origin.address), now)
        return RedeemedLink(opened, used.draft_token, used.next_path, account.is_staff)


def start_lifetime(services: Services, link: str, now: datetime) -> None:
    """Let the time of an unused link count from now: its mail is being sent."""
    key = hash_token(link.rpartition("/")[2])
    with services.write.begin() as database:
        database.execute(
            update(SignInLink)
            .where(SignInLink.token_hash == key, SignInLink.used_at.is_(None))
            .values(expires_at=now + LIFETIME)
        )


def _message_id(services: Services) -> str:
    return f"<signin.{secrets.token_hex(12)}@{outbox.mail_host(services.settings.base_url)}>"

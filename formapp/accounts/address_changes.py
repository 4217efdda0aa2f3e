"""Changing a person's address: a link at the new one confirms it, and the old one is told.

Until the link is pressed nothing has changed. Looking at it changes nothing either, because mail scanners
open links.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts.accounts import account_in, checked_address, is_there_already, remember_details
from formapp.accounts.sessions import end_links_in
from formapp.actors import OPERATOR, Actor, require_manager
from formapp.errors import LinkGone, UseCaseError
from formapp.models import Account, AddressChange, OutboxMessage
from formapp.notifications import outbox
from formapp.services import Services
from formapp.tokens import hash_token, new_token
from formapp.translation import gettext as _

LIFETIME = timedelta(days=3)
"""How long the link at the new address works."""
CONFIRM_MAIL, ASKED_MAIL, CHANGED_MAIL = "address-confirm", "address-asked", "address-changed"


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """A change that its link would make."""

    name: str
    old: str
    new: str


def ask_to_change_address(
    services: Services, email: str, new: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> str:
    """Send a link to a person's new address, tell the old one, and return the new one as it will be stored.

    A change that waited before is replaced, and its link no longer works. Raises NotFound, NotPermitted,
    AddressRefused, AlreadyExists for an address that an account has, UseCaseError where the account is disabled.
    """
    address, token = checked_address(new), new_token()
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        if account.disabled_at is not None:
            raise UseCaseError(_("%(email)s is disabled. Enable the account first", email=account.email), "email")
        if address == account.email:
            raise UseCaseError(_("This is the address that the person has"), "email")
        _refuse_taken(database, address)
        database.execute(delete(AddressChange).where(AddressChange.account_id == account.id))
        database.add(
            AddressChange(
                account_id=account.id,
                token_hash=hash_token(token),
                email=address,
                created_at=now,
                expires_at=now + LIFETIME,
            )
        )
        facts = {"name": account.name, "old": account.email, "new": address, "days": LIFETIME.days}
        link = f"{services.settings.base_url}/support/change-address/{token}"
        _mail(services, database, account, CONFIRM_MAIL, address, {**facts, "link": link}, now)
        _mail(services, database, account, ASKED_MAIL, account.email, facts, now)
        audit.record(database, "address-change-asked", audit.origin_of(actor, place), now, subject_id=account.id)
    return address


def cancel_address_change(
    services: Services, email: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """Let the link at the new address do nothing any more. Raises NotFound, NotPermitted."""
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        ended = delete(AddressChange).where(AddressChange.account_id == account.id).returning(AddressChange.account_id)
        if database.scalars(ended).all():
            audit.record(
                database, "address-change-cancelled", audit.origin_of(actor, place), now, subject_id=account.id
            )


def waiting_change(services: Services, token: str, now: datetime) -> WaitingChange:
    """What a link would change; changes nothing. Raises LinkGone."""
    with services.read() as database:
        change, account = _found(database, token, now)
    return WaitingChange(account.name, account.email, change.email)


def confirm_address(services: Services, token: str, now: datetime, *, place: str = "") -> str:
    """Change the address, and return the new one. Raises LinkGone, AlreadyExists.

    Sign-in links that went to the old address end. Mails that still wait, or were given up, go to the new one;
    browsers in which the person is signed in stay so.
    """
    try:
        with services.write.begin() as database:
            change, account = _found(database, token, now, lock=True)
            _refuse_taken(database, change.email)
            old, new = account.email, change.email
            remember_details(database, account, now)
            database.delete(change)
            end_links_in(database, account.id, now)
            database.execute(
                update(OutboxMessage)
                .where(
                    OutboxMessage.channel == "mail",
                    OutboxMessage.recipient == old,
                    OutboxMessage.state.in_(("due", "dead")),
                    OutboxMessage.leased_until.is_(None),
                    OutboxMessage.kind != ASKED_MAIL,
                )
                .values(recipient=new)
                .execution_options(synchronize_session=False)
            )
            account.email = new
            _mail(services, database, account, CHANGED_MAIL, old, {"name": account.name, "old": old, "new": new}, now)
            audit.record(database, "address-changed", audit.Origin(account.id, place), now, subject_id=account.id)
    except IntegrityError:
        # Somebody has added an account with it at the same instant.
        raise is_there_already(new) from None
    return new


def _found(database: Session, token: str, now: datetime, *, lock: bool = False) -> tuple[AddressChange, Account]:
    wanted = (
        select(AddressChange, Account)
        .join(Account, Account.id == AddressChange.account_id)
        .where(
            AddressChange.token_hash == hash_token(token),
            AddressChange.expires_at > now,
            Account.disabled_at.is_(None),
        )
    )
    row = database.execute(wanted.with_for_update(key_share=True) if lock else wanted).one_or_none()
    if row is None:
        raise LinkGone
    return row.AddressChange, row.Account


def _refuse_taken(database: Session, address: str) -> None:
    if database.scalar(select(Account.id).where(Account.email == address)) is not None:
        raise is_there_already(address)


def _mail(
    services: Services,
    database: Session,
    account: Account,
    kind: str,
    recipient: str,
    facts: dict[str, object],
    now: datetime,
) -> None:
    facts = {**facts, **outbox.in_language_of(account.language)}
    outbox.enqueue_mail(database, kind, recipient, facts, mail_id(services, account.id), now)


def mail_id(services: Services, account_id: int) -> str:
    """The Message-ID of a mail about a person's address; by its beginning it is known as that person's."""
    return f"{mail_id_start(account_id)}{secrets.token_hex(12)}@{outbox.mail_host(services.settings.base_url)}>"


def mail_id_start(account_id: int) -> str:
    """How the Message-IDs of all mails about a person's address begin, whichever address they went to."""
    return f"<address.{account_id}."

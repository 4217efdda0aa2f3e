"""Accounts: who can sign in."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from formapp import audit
from formapp.errors import AlreadyExists, NotFound, UseCaseError
from formapp.mail_address import NotAnAddress, address_to_find, normalise_address
from formapp.models import Account, SignedInSession
from formapp.services import Services
from formapp.text import is_blank, normalise_line
from formapp.translation import gettext as _
from supportpolicy.languages import LANGUAGES

LONGEST_NAME = 200


def add_account(
    services: Services,
    email: str,
    name: str,
    now: datetime,
    *,
    is_staff: bool = False,
    by: audit.Origin | None = None,
) -> Account:
    """Make an account; without ``by`` an operator does.

    Raises AlreadyThere for an address that has one, AddressRefused for one that can't be.
    """
    try:
        address = normalise_address(email)
    except NotAnAddress:
        raise NotAnAddress(f'"{email}" is not an e-mail address') from None
    shown = normalise_line(name, LONGEST_NAME, "The name")
    account = Account(
        email=address, name=address if is_blank(shown) else shown, is_staff=is_staff, created_at=now, disabled_at=None
    )
    try:
        with services.write.begin() as database:
            database.add(account)
            database.flush()
            origin = by or audit.command_line()
            audit.record(database, "account-added", origin, now, subject_id=account.id, details={"staff": is_staff})
    except IntegrityError:
        raise AlreadyExists(f"There is an account for {address} already", "email") from None
    return account


def find_account_by_email(services: Services, email: str) -> Account | None:
    """The account of this address, disabled or not."""
    with services.read() as database:
        return database.scalar(select(Account).where(Account.email == address_to_find(email)))


def choose_language(services: Services, account_id: int, language: str) -> None:
    """Let the desk speak this language to a person, on pages and in mails. Raises UseCaseError for one unknown."""
    if language not in LANGUAGES:
        raise UseCaseError(_("Choose a language from the list"), "language")
    with services.write.begin() as database:
        database.execute(update(Account).where(Account.id == account_id).values(language=language))


def disable_account(services: Services, email: str, now: datetime, *, by: audit.Origin | None = None) -> None:
    """Shut an account out at once: its sessions end with it. Without ``by`` an operator does. Raises NotFound."""
    with services.write.begin() as database:
        account = database.scalar(select(Account).where(Account.email == address_to_find(email)))
        if account is None:
            raise NotFound(f"There is no account for {email}")
        account.disabled_at = account.disabled_at or now
        database.execute(delete(SignedInSession).where(SignedInSession.account_id == account.id))
        audit.record(database, "account-disabled", by or audit.command_line(), now, subject_id=account.id)

"""Accounts: who can sign in, who works at the desk, and who may change people and projects.

Each act has its opposite: add and disable, disable and enable, staff on and off. Only whoever manages people
may, or the operator; nobody shuts themselves out.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from formapp import audit
from formapp.accounts import magic_links
from formapp.accounts.sessions import end_links_in
from formapp.actors import OPERATOR, Actor, require_manager
from formapp.errors import AlreadyExists, NotFound, UseCaseError
from formapp.mail_address import NotAnAddress, address_to_find, normalise_address
from formapp.models import Account, AddressChange, FormerDetails, SignedInSession
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
    actor: Actor = OPERATOR,
    place: str = "",
) -> Account:
    """Make an account.

    Raises AlreadyExists for an address that has one, AddressRefused for one that can't be, NotPermitted.
    """
    try:
        with services.write.begin() as database:
            require_manager(database, actor)
            return add_account_in(database, email, name, audit.origin_of(actor, place), now, is_staff=is_staff)
    except IntegrityError:
        # Another one has added it at the same instant.
        raise is_there_already(normalise_address(email)) from None


def add_account_in(
    database: Session, email: str, name: str, by: audit.Origin, now: datetime, *, is_staff: bool = False
) -> Account:
    """Make an account inside the caller's transaction, who has asked who may. Raises what ``add_account`` does."""
    address, shown = checked_address(email), checked_name(name)
    if database.scalar(select(Account.id).where(Account.email == address)) is not None:
        raise is_there_already(address)
    account = Account(email=address, name=shown or address, is_staff=is_staff, created_at=now, disabled_at=None)
    database.add(account)
    database.flush()
    audit.record(database, "account-added", by, now, subject_id=account.id, details={"staff": is_staff})
    return account


def checked_address(typed: str) -> str:
    """An address as it is stored. Raises AddressRefused with a sentence that names what was typed."""
    try:
        return normalise_address(typed)
    except NotAnAddress:
        raise NotAnAddress(_('"%(typed)s" is not an e-mail address', typed=typed)) from None


def checked_name(typed: str) -> str:
    """A name as it is stored; "" where nothing of it can be seen. Raises UseCaseError."""
    shown = normalise_line(typed, LONGEST_NAME, _("The name"))
    return "" if is_blank(shown) else shown


def is_there_already(address: str) -> AlreadyExists:
    """What to say of an address that an account has."""
    return AlreadyExists(_("There is an account for %(email)s already", email=address), "email")


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


def account_in(database: Session, email: str) -> Account:
    """The account of this address, to be changed inside the caller's transaction. Raises NotFound."""
    wanted = select(Account).where(Account.email == address_to_find(email), Account.erased_at.is_(None))
    account = database.scalar(wanted.with_for_update(key_share=True))
    if account is None:
        raise NotFound(f"There is no account for {email}")
    return account


def invite(services: Services, email: str, now: datetime, *, actor: Actor = OPERATOR, place: str = "") -> None:
    """Send a person a mail with a link that signs in. Raises NotFound, NotPermitted, UseCaseError where disabled."""
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        if account.disabled_at is not None:
            raise UseCaseError(_("%(email)s is disabled. Enable the account first", email=account.email))
        magic_links.invite_in(services, database, account, audit.origin_of(actor, place), now)


def rename(
    services: Services, email: str, name: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """Give a person another name, which others see at once, on what was written before too.

    Raises NotFound, NotPermitted, UseCaseError for an empty name.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        shown = checked_name(name)
        if not shown:
            raise UseCaseError(_("Enter a name"), "name")
        if shown != account.name:
            remember_details(database, account, now)
            account.name = shown
            audit.record(
                database, "account-renamed", audit.origin_of(actor, place), now, subject_id=account.id, details={}
            )


def remember_details(database: Session, account: Account, now: datetime) -> None:
    """Note name and address before one of them changes, so that an erasure finds these too."""
    database.add(FormerDetails(account_id=account.id, name=account.name, email=account.email, until=now))


def disable_account(services: Services, email: str, now: datetime, *, actor: Actor = OPERATOR, place: str = "") -> None:
    """Shut an account out at once: its sessions and links end with it; once more changes nothing.

    Raises NotFound, NotPermitted, and UseCaseError for one's own account.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        if actor == account.id:
            raise UseCaseError(_("You can't disable your own account. Ask a colleague who manages people"))
        _end_sessions(database, account, now)
        database.execute(delete(AddressChange).where(AddressChange.account_id == account.id))
        if account.disabled_at is None:
            account.disabled_at = now
            audit.record(database, "account-disabled", audit.origin_of(actor, place), now, subject_id=account.id)


def enable_account(services: Services, email: str, now: datetime, *, actor: Actor = OPERATOR, place: str = "") -> None:
    """Let a disabled account sign in again, with the projects it had; once more changes nothing.

    Raises NotFound, also for whoever was erased, and NotPermitted.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        if account.disabled_at is not None:
            account.disabled_at = None
            audit.record(database, "account-enabled", audit.origin_of(actor, place), now, subject_id=account.id)


def set_staff(
    services: Services, email: str, is_staff: bool, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """Let a person work at the desk, or no longer; the right to manage people goes with it.

    Raises NotFound, NotPermitted, and UseCaseError for who would take this from themselves.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        if actor == account.id and not is_staff:
            raise UseCaseError(_("You can't take yourself out of staff. Ask a colleague who manages people"))
        if account.is_staff != is_staff:
            by = audit.origin_of(actor, place)
            if account.manages_people and not is_staff:
                account.manages_people = False
                audit.record(database, "manages-people-taken", by, now, subject_id=account.id)
            account.is_staff = is_staff
            audit.record(database, "staff-added" if is_staff else "staff-removed", by, now, subject_id=account.id)


def set_manages_people(services: Services, email: str, manages: bool, now: datetime) -> None:
    """Let somebody at the desk manage people and projects, or no longer: the operator's to say.

    Raises NotFound, and UseCaseError for who isn't staff.
    """
    with services.write.begin() as database:
        account = account_in(database, email)
        if manages and not account.is_staff:
            raise UseCaseError(f"{account.email} isn't staff. Only staff can manage people")
        if account.manages_people != manages:
            account.manages_people = manages
            kind = "manages-people-given" if manages else "manages-people-taken"
            audit.record(database, kind, audit.command_line(), now, subject_id=account.id)


def sign_out_everywhere(
    services: Services, email: str, now: datetime, *, actor: Actor = OPERATOR, place: str = ""
) -> None:
    """End every session of a person and each link that could open one, as for a device that was lost.

    Raises NotFound, NotPermitted.
    """
    with services.write.begin() as database:
        require_manager(database, actor)
        account = account_in(database, email)
        _end_sessions(database, account, now)
        audit.record(database, "sessions-ended", audit.origin_of(actor, place), now, subject_id=account.id)


def _end_sessions(database: Session, account: Account, now: datetime) -> None:
    database.execute(delete(SignedInSession).where(SignedInSession.account_id == account.id))
    end_links_in(database, account.id, now)

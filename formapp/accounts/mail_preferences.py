"""Which mails a person gets: chosen on the account page, or turned off by the link in a mail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from formapp.actors import acting_account
from formapp.errors import LinkGone, UseCaseError
from formapp.models import Account, Membership
from formapp.models.accounts import CUSTOMER_MAILS
from formapp.notifications.recipients import DUE, NEW, PROJECT
from formapp.notifications.unsubscribing import Subscription, subscription_of
from formapp.services import Services
from formapp.translation import gettext as _

STAFF_MAILS = ("mails_new", "mails_assigned", "mails_mentioned", "mails_due")
"""The columns in which a colleague's choices stand."""


@dataclass(frozen=True, slots=True)
class MailChoices:
    """What a person has chosen: ``customer_mails`` of ``CUSTOMER_MAILS``, and which of ``STAFF_MAILS``.

    ``is_member`` and ``is_staff`` say which of the two matters to the person.
    """

    customer_mails: str
    staff_mails: frozenset[str]
    is_member: bool
    is_staff: bool


def mail_choices(services: Services, account_id: int) -> MailChoices:
    """What a person has chosen. Raises NotPermitted."""
    with services.read() as database:
        return _choices(database, acting_account(database, account_id))


def choose_mails(services: Services, account_id: int, customer_mails: str, staff_mails: frozenset[str]) -> None:
    """Let a person get these mails from now on; what doesn't matter to the person stays as it was.

    Raises NotPermitted, UseCaseError for a choice that there isn't.
    """
    with services.write.begin() as database:
        account = acting_account(database, account_id)
        offered = _choices(database, account)
        if offered.is_member:
            if customer_mails not in CUSTOMER_MAILS:
                raise UseCaseError(_("Choose which tickets you get mails about"), "customer_mails")
            account.customer_mails = customer_mails
        if offered.is_staff:
            for name in STAFF_MAILS:
                setattr(account, name, name in staff_mails)


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """What a link turns off, and whether that is off already: ``reason`` is one of those a link can name."""

    email: str
    reason: str
    is_off: bool


def offered_by(services: Services, token: str) -> Unsubscribing:
    """What a link turns off; changes nothing. Raises LinkGone."""
    subscription = subscription_of(services.settings, token)
    with services.read() as database:
        account = _account(database, subscription)
        return Unsubscribing(account.email, subscription.reason, not _is_on(account, subscription.reason))


def unsubscribe(services: Services, token: str) -> Unsubscribing:
    """Turn off what a link names; once more changes nothing. Raises LinkGone."""
    subscription = subscription_of(services.settings, token)
    with services.write.begin() as database:
        account = _account(database, subscription, lock=True)
        if _is_on(account, subscription.reason):
            _turn_off(account, subscription.reason)
        return Unsubscribing(account.email, subscription.reason, is_off=True)


def _choices(database: Session, account: Account) -> MailChoices:
    member = database.scalar(select(exists().where(Membership.account_id == account.id)))
    chosen = frozenset(name for name in STAFF_MAILS if getattr(account, name))
    # Somebody new has no project yet, and may choose all the same.
    return MailChoices(account.customer_mails, chosen, bool(member) or not account.is_staff, account.is_staff)


def _account(database: Session, subscription: Subscription, *, lock: bool = False) -> Account:
    wanted = select(Account).where(Account.id == subscription.account_id, Account.disabled_at.is_(None))
    account = database.scalar(wanted.with_for_update(key_share=True) if lock else wanted)
    if account is None:
        raise LinkGone
    return account


def _is_on(account: Account, reason: str) -> bool:
    return {PROJECT: account.customer_mails == "projects", NEW: account.mails_new, DUE: account.mails_due}[reason]


def _turn_off(account: Account, reason: str) -> None:
    """Mails of one's own tickets go on: the link stands in no mail about these."""
    if reason == PROJECT:
        account.customer_mails = "own"
    elif reason == NEW:
        account.mails_new = False
    else:
        account.mails_due = False

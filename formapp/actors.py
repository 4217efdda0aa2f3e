"""Who acts, and what that one may do: a person by the account's number, or the operator at the machine.

Every use case asks here, whichever door it was reached by: a page, a mail, a program.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.errors import NotPermitted
from formapp.models import Account, Membership, Ticket, Watcher


class Operator(Enum):
    """Whoever can run commands on the desk's machine."""

    OPERATOR = "the operator"


OPERATOR: Final = Operator.OPERATOR
Actor = int | Literal[Operator.OPERATOR]
"""The number of a person's account, or the operator."""
Group = Literal["staff", "members", "staff and members", "in copy"]
"""Whom an action on a ticket is for: those who work at the desk, the members of its project, or both; or whoever is in
copy by an address, which is for mail alone."""


def acting_account(database: Session, account_id: int) -> Account:
    """The account that acts. Raises NotPermitted for one that is unknown or disabled."""
    account = database.scalar(select(Account).where(Account.id == account_id, Account.disabled_at.is_(None)))
    if account is None:
        raise NotPermitted
    return account


def require_staff(database: Session, actor: Actor) -> None:
    """Raises NotPermitted unless the actor works at the desk, or is its operator."""
    if actor is not OPERATOR and not acting_account(database, actor).is_staff:
        raise NotPermitted


def require_manager(database: Session, actor: Actor) -> None:
    """Raises NotPermitted unless the actor works at the desk and may change people, or is its operator."""
    if actor is OPERATOR:
        return
    account = acting_account(database, actor)
    if not (account.is_staff and account.manages_people):
        raise NotPermitted


def require_group(database: Session, account: Account, group: Group, ticket: Ticket) -> None:
    """Raises NotPermitted unless the account, which acts, is of this group for this ticket."""
    if group == "in copy":
        if not is_in_copy_by_address(database, account.id, ticket.id):
            raise NotPermitted
        return
    is_staff = account.is_staff and group != "members"
    is_member = group != "staff" and database.get(Membership, (account.id, ticket.project_id)) is not None
    if not (is_staff or is_member):
        raise NotPermitted


def is_in_copy_by_address(database: Session, account_id: int, ticket_id: int) -> bool:
    """Whether a person has confirmed to be in copy of a ticket, and hasn't left."""
    watcher = database.get(Watcher, (ticket_id, account_id))
    return watcher is not None and watcher.by_address and watcher.left_at is None

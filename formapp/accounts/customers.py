"""Customers as everybody at the desk finds them, to file a ticket for one who calls."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from formapp.accounts.people import folded, has_all
from formapp.actors import require_staff
from formapp.errors import NotFound
from formapp.models import LARGEST_ID, Account, Membership, Project
from formapp.services import Services


@dataclass(frozen=True, slots=True)
class Customer:
    """A person for whom tickets can be filed. ``projects`` are key and name of the active ones, by name."""

    account_id: int
    name: str
    email: str
    projects: tuple[tuple[str, str], ...]


def find_customers(services: Services, actor: int, typed: str, *, most: int = 20) -> tuple[Customer, ...]:
    """Customers by name, of whose name and address every word is a part; none without a word. Raises NotPermitted."""
    words = folded(typed).split()
    with services.read() as database:
        require_staff(database, actor)
        rows = database.execute(_CUSTOMERS.order_by(Account.name, Account.id)) if words else ()
        found = [row for row in rows if has_all(folded(f"{row.name} {row.email}"), words)]
        return tuple(_with_projects(database, row.id, row.name, row.email) for row in found[:most])


def customer_numbered(services: Services, actor: int, number: int) -> Customer:
    """The customer with this account. Raises NotFound for anybody else, NotPermitted."""
    with services.read() as database:
        require_staff(database, actor)
        row = database.execute(_CUSTOMERS.where(Account.id == min(number, LARGEST_ID))).one_or_none()
        if row is None:
            raise NotFound
        return _with_projects(database, row.id, row.name, row.email)


_CUSTOMERS: Select[int, str, str] = select(Account.id, Account.name, Account.email).where(
    Account.disabled_at.is_(None), Account.erased_at.is_(None), ~Account.is_staff
)


def _with_projects(database: Session, number: int, name: str, email: str) -> Customer:
    projects = database.execute(
        select(Project.key, Project.name)
        .join(Membership, Membership.project_id == Project.id)
        .where(Membership.account_id == number, Project.is_active)
        .order_by(Project.name, Project.id)
    )
    return Customer(number, name, email, tuple((row.key, row.name) for row in projects))

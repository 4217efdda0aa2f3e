"""The ticket form as staff fill it for a customer who calls: whose projects it offers, and where it leads."""

from __future__ import annotations

import re

from flask import g

from formapp.accounts import customers
from formapp.accounts.customers import Customer
from formapp.errors import NotFound
from formapp.web.context import web
from formapp.web.session_cookie import Person

FIELD = "customer"
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


def customer_of(typed: str | None, person: Person | None) -> Customer | None:
    """The customer for whom staff fill a form, by what its field says; None where there is none.

    Of anybody but staff the field means nothing.
    """
    if person is None or not person.is_staff or not typed or not _NUMBER.fullmatch(typed):
        return None
    known: dict[str, Customer | None] = g.setdefault("customers", {})
    if typed not in known:
        known[typed] = _found(person.account_id, int(typed))
    return known[typed]


def is_for_nobody(typed: str | None, person: Person | None) -> bool:
    """Whether staff fill this form for somebody for whom none can be filed, as since the account is disabled."""
    return person is not None and person.is_staff and bool(typed) and customer_of(typed, person) is None


def _found(account_id: int, number: int) -> Customer | None:
    try:
        return customers.customer_numbered(web().services, account_id, number)
    except NotFound:
        return None

"""A small made-up company, so that a new installation can be tried at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from formapp.accounts import accounts, projects
from formapp.models import Account
from formapp.services import Services

CUSTOMER = "ada@shop.example"
PEOPLE = (
    (CUSTOMER, "Ada Martin", False),
    ("ben@shop.example", "Ben Okafor", False),
    ("cleo@museum.example", "Cleo Lindqvist", False),
    ("nora@museum.example", "Nora Haas", False),
    ("sam@platform.example", "Sam Rivera", True),
)
PROJECTS = (
    ("shop", "Riverside Shop", "Business, 24/7 for non-production"),
    ("intranet", "Riverside Intranet", "Standard"),
    ("museum", "City Museum", "Standard"),
)
MEMBERS = (
    (CUSTOMER, "shop"),
    (CUSTOMER, "intranet"),
    ("ben@shop.example", "shop"),
    ("cleo@museum.example", "museum"),
)


def add_demo(services: Services, now: datetime) -> bool:
    """Fill a new database; one that has accounts is left alone. Says whether it did."""
    with services.read() as database:
        if database.scalar(select(func.count()).select_from(Account)):
            return False
    for email, name, is_staff in PEOPLE:
        accounts.add_account(services, email, name, now, is_staff=is_staff)
        if is_staff:
            accounts.set_manages_people(services, email, True, now)
    for key, name, plan in PROJECTS:
        projects.add_project(services, key, name, plan, now)
    for email, key in MEMBERS:
        projects.add_member(services, email, key, now)
    return True

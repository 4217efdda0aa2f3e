"""A desk behind its pages, and readers of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

import pytest
from flask import Flask

from formapp.accounts.magic_links import create_link
from formapp.app import create_app
from formapp.database.engine import sqlite_driver
from formapp.models import Account, Ticket
from formapp.services import Services
from formapp.tickets.queries import tickets_of
from formapp.web.rate_limits import RateLimits
from tests.builders import Clock, build_customer, build_staff, file_ticket
from tests.web.page import Browser, Form, Page

FORM = {
    "project": "shop",
    "subject": "Checkout fails",
    "url": "https://shop.example/checkout",
    "description": "1. Put a book into the cart.\n2. Press Pay.\n\nExpected: a receipt. Seen: Error 502.",
    "priority": "high",
}
# The chooser's answers for a site that is down.
DOWN = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}


@dataclass
class Desk:
    """A running app with one customer, and what tests look behind it with."""

    app: Flask
    services: Services
    clock: Clock
    customer: Account

    def tickets(self) -> tuple[Ticket, ...]:
        """All that the customer can see, the newest first."""
        return tickets_of(self.services, self.customer.id)

    def stored(self) -> list[dict[str, str]]:
        """What was typed into each stored ticket."""
        return [
            {
                "project": ticket.project.key,
                "subject": ticket.subject,
                "url": ticket.url,
                "description": ticket.description,
                "priority": ticket.priority,
            }
            for ticket in self.tickets()
        ]

    def visitor(self) -> Browser:
        """A browser in which nobody is signed in."""
        return Browser(self.app.test_client())

    def browser_of(self, email: str) -> Browser:
        """A browser in which this person has signed in by a link."""
        browser = self.visitor()
        link = create_link(self.services, email, self.clock())
        page = browser.open(link.removeprefix(browser.origin))
        browser.send(page.form(page.url))
        return browser


@pytest.fixture(scope="session")
def apps() -> list[Flask]:
    """The app of this process once there is one: to lay out its 130 addresses takes longer than to answer a request."""
    return []


@pytest.fixture
def desk(sqlite_services: Services, clock: Clock, apps: list[Flask]) -> Desk:
    """A desk whose app other stories have used, with services, clock and limits of its own."""
    customer = build_customer(sqlite_services)
    if not apps:
        apps.append(create_app(services=sqlite_services, clock=clock))
    (app,) = apps
    app.extensions["formapp"] = replace(
        app.extensions["formapp"], services=sqlite_services, clock=clock, limits=RateLimits(sqlite_services, clock)
    )
    return Desk(app, sqlite_services, clock, customer)


@pytest.fixture
def visitor(desk: Desk) -> Browser:
    return desk.visitor()


@pytest.fixture
def ada(desk: Desk) -> Browser:
    """The customer's browser, signed in."""
    return desk.browser_of("ada@shop.example")


@pytest.fixture
def kim(desk: Desk) -> Account:
    """Somebody who works at the desk, too."""
    return build_staff(desk.services, "kim@platform.example", name="Kim Adeyemi")


@pytest.fixture
def sam(desk: Desk) -> Browser:
    """The browser of somebody who works at the desk, with a customer's critical ticket there."""
    build_staff(desk.services)
    file_ticket(desk.services, desk.customer, priority="critical", answers=DOWN, page="/file-a-ticket/")
    return desk.browser_of("sam@platform.example")


@contextmanager
def locked(desk: Desk) -> Iterator[None]:
    """While another program holds the database to write."""
    # The desk's own SQLite: two of them in one process don't see each other's locks.
    path = desk.services.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite_driver().connect(path, isolation_level=None)) as other, pytest.MonkeyPatch.context() as patch:
        # The desk waits ten seconds for its turn; a test needn't.
        patch.setattr("formapp.database.engine.LOCK_SECONDS", 0.2)
        # Connections that are open already would wait as long as ever.
        desk.services.database.engine.dispose()
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    desk.services.database.engine.dispose()


def filled(**changes: str) -> dict[str, str]:
    """What a person types into the form, with these changes."""
    return {**FORM, **changes}


def ticket_form_of(browser: Browser, **changes: str) -> Form:
    """The ticket form as this browser gets it, filled."""
    form = browser.open("/support/tickets/new").form("/support/tickets")
    form.fields |= filled(**changes)
    return form


def follow_newest_link(browser: Browser) -> Page:
    """Open the newest mail in the development inbox, follow its sign-in link and press its button."""
    inbox = browser.open("/support/inbox")
    mail = browser.open(next(link["href"] for link in inbox.all("a") if link["href"].startswith("/support/inbox/")))
    link = next(link["href"] for link in mail.all("a") if "/support/sign-in/" in link["href"])
    page = browser.open(link.removeprefix(browser.origin))
    return browser.send(page.form(page.url))

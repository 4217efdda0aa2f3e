"""Our help desk with its demo data and a clock that stands still, to take pictures of."""

from __future__ import annotations

import io
import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from werkzeug.serving import make_server

from formapp.accounts import magic_links
from formapp.accounts.accounts import find_account_by_email
from formapp.app import create_app
from formapp.database import schema
from formapp.demo import company, tickets
from formapp.services import Services, make_services
from formapp.settings import Settings
from site_plugins.screens.app import NoSuchPerson, Session
from site_plugins.translation import gettext as _

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A Tuesday, 15:00 in Paris, while support is open.
INSTANT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


DATABASE = "desk.sqlite3"


@dataclass(frozen=True, slots=True)
class DemoDesk:
    """Our help desk: each session has a new database with the demo's people, and a clock that stands still."""

    policy: Path
    site: Path
    now: datetime = INSTANT

    @contextmanager
    def session(self, state: str) -> Iterator[Session]:
        """A desk in this state of the demo, on a free port."""
        # The desk's log of requests is no news here, nor is the server's.
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            services = _services(Path(folder), self.policy, self.site)
            (Path(folder) / DATABASE).write_bytes(_demo_database(self.policy, self.now, state))
            server = make_server("127.0.0.1", 0, create_app(services=services, clock=lambda: self.now), threaded=True)
            logging.getLogger("werkzeug").setLevel(logging.WARNING)
            serving = threading.Thread(target=server.serve_forever)
            serving.start()
            address = f"http://127.0.0.1:{server.server_port}"
            try:
                yield Session(address, lambda page, who: self._sign_in(services, address, page, who))
            finally:
                server.shutdown()
                server.server_close()
                serving.join()
                services.database.engine.dispose()

    def _sign_in(self, services: Services, address: str, page: Page, who: str) -> None:
        """By a link, as people do."""
        if find_account_by_email(services, who) is None:
            people = ", ".join(email for email, _name, _staff in company.PEOPLE)
            raise NoSuchPerson(
                _('The demo knows nobody of the address "%(who)s"; it has %(people)s.', who=who, people=people)
            )
        link = urlsplit(magic_links.create_link(services, who, self.now))
        page.goto(f"{address}{link.path}")
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/support/**")


def _services(folder: Path, policy: Path, site: Path | None = None) -> Services:
    return make_services(
        Settings(
            database_url=f"sqlite:///{folder / DATABASE}",
            secret_key="only for the time the pictures take",  # noqa: S106 - protects made-up data for seconds
            policy=policy.absolute(),
            var=folder,
            site_dir=site,
        )
    )


@cache
def _demo_database(policy: Path, now: datetime, state: str) -> bytes:
    """The file of a database with the demo in this state; made once, as each walk begins with it."""
    with tempfile.TemporaryDirectory() as folder:
        services = _services(Path(folder), policy)
        schema.upgrade(services.database)
        company.add_demo(services, now)
        if state == "tickets":
            tickets.add_demo_tickets(services, now)
        # The last connection's end brings the log's pages into the file.
        services.database.engine.dispose()
        return (Path(folder) / DATABASE).read_bytes()

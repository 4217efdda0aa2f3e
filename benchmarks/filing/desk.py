"""Our side: ``formapp serve`` on a new SQLite file with the demo's data and many signed-in people."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from sqlalchemy import select, text

from benchmarks.filing import forms
from benchmarks.filing.senders import Filing
from benchmarks.filing.servers import THREADS, WORKERS, Server, free_port, running
from benchmarks.filing.sides import Stored
from formapp.accounts import accounts, projects, sessions
from formapp.database import schema
from formapp.demo import company as demo
from formapp.models import Event, OutboxMessage, Ticket
from formapp.services import make_services, utc_now
from formapp.settings import settings_from
from formapp.web.context import PREFIX
from formapp.web.rate_limits import TICKETS_AN_HOUR
from formapp.web.session_cookie import COOKIE

_SENT = re.compile(rf"{PREFIX}/tickets/(SUP-\d+)/sent")
PAGE = "/report/"
ANSWERS = "need=broken&environment=production&impact=down&workaround=none"


class Desk:
    """The desk with enough people that none of them reaches the hourly limit, which stays as it is."""

    name = "ours"

    def __init__(self, run: Path, tickets: int, site: Path | None, *, with_sender: bool) -> None:
        self._run = run
        self._with_sender = with_sender
        self._port = free_port()
        self._origin = f"http://127.0.0.1:{self._port}"
        plain = {name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")}
        self._environment = plain | {"FORMAPP_VAR": str(run / "desk"), "FORMAPP_BASE_URL": self._origin}
        if site is not None:
            self._environment["FORMAPP_SITE_DIR"] = str(site)
        self._services = make_services(settings_from(self._environment))
        self._left = tickets
        self._numbers = itertools.count()
        self._cookies = self._sign_in_people(-(-tickets // TICKETS_AN_HOUR))
        guide = "built" if site else "not built: plain layout"
        worker = "running beside" if with_sender else "not running: the rows wait"
        turns = f"{len(self._cookies)} people take turns"
        self.said = (
            f"ours: {self._pragmas()}; guide {guide}; outbox worker {worker}",
            f"ours: the limit of {TICKETS_AN_HOUR} tickets an hour and person stays on; {turns}",
        )

    def running(self) -> AbstractContextManager[Server]:
        """``formapp serve``."""
        command = [sys.executable, "-m", "formapp", "serve", f"--port={self._port}"]
        command += [f"--workers={WORKERS}", f"--threads={THREADS}"]
        if not self._with_sender:
            command.append("--no-worker")
        return running(command, self._port, self._environment, self._run / "desk.log")

    def open(self, browsers: int) -> None:
        """The guide's page is static; its form needs nothing from the server."""

    def filing(self, browser: int) -> Filing | None:  # noqa: ARG002 - people take turns, whichever browser
        """The embedded form as the guide's page sends it once its script knows who is signed in."""
        if self._left <= 0:
            return None
        self._left -= 1
        number = next(self._numbers)
        mark = f"desk-{number:07}"
        fields = {
            "submission": mark,
            "answers": ANSWERS,
            "page": PAGE,
            "project": "museum",
            "subject": forms.subject(mark),
            "url": forms.ADDRESS,
            "description": forms.description(mark),
            "files": forms.NO_FILE,
            "priority": "critical",
        }
        cookie = f"{COOKIE}={self._cookies[number % len(self._cookies)]}"
        return Filing(forms.request(self._origin, f"{PREFIX}/tickets", PAGE, cookie, fields), mark)

    def reference(self, status: int, location: str) -> str | None:
        """The reference in the address of the page that says that the ticket was sent."""
        found = _SENT.search(location)
        return found[1] if status == 303 and found else None

    def stored(self, acknowledged: Mapping[str, str]) -> Stored:
        """Every acknowledged ticket must be there once, with its text, its first event and its mail."""
        with self._services.read() as database:
            tickets = {row.reference: row for row in database.scalars(select(Ticket))}
            events = Counter(database.scalars(select(Event.ticket_id).where(Event.kind == "opened")))
            mails = Counter(
                database.scalars(
                    select(OutboxMessage.ticket_id).where(
                        OutboxMessage.channel == "mail", OutboxMessage.kind == "received"
                    )
                )
            )
        problems = []
        for reference, mark in acknowledged.items():
            ticket = tickets.get(reference)
            if ticket is None:
                problems.append(f"{reference} was acknowledged and isn't stored")
            elif ticket.subject != forms.subject(mark) or f"Run {mark}" not in ticket.description:
                problems.append(f"{reference} holds another text than was sent")
            elif (events[ticket.id], mails[ticket.id]) != (1, 1):
                problems.append(
                    f"{reference} has {events[ticket.id]} events and {mails[ticket.id]} mails, not one each"
                )
        if len(set(acknowledged.values())) != len(acknowledged):
            problems.append("one form was acknowledged as two tickets")
        subjects = Counter(ticket.subject for ticket in tickets.values())
        problems += [f'"{subject}" is stored {times} times' for subject, times in subjects.items() if times > 1]
        problems += [
            f"{extra} was stored and not acknowledged" for extra in sorted(tickets.keys() - acknowledged.keys())
        ]
        return Stored(len(tickets), tuple(problems))

    def _sign_in_people(self, number: int) -> list[str]:
        now = utc_now()
        schema.upgrade(self._services.database)
        demo.add_demo(self._services, now)
        cookies = []
        for person in range(number):
            email = f"person{person}@museum.example"
            account = accounts.add_account(self._services, email, f"Person {person}", now)
            projects.add_member(self._services, email, "museum", now)
            cookies.append(sessions.open_session(self._services, account.id, now))
        return cookies

    def _pragmas(self) -> str:
        """What the desk's own connections are set to."""
        with self._services.read() as database:
            found = [f"{name}={database.scalar(text(f'PRAGMA {name}'))}" for name in ("journal_mode", "synchronous")]
            version = database.scalar(text("SELECT sqlite_version()"))
        return f"SQLite {version}, {', '.join(found)}"

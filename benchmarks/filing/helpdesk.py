"""Their side: django-helpdesk's public form, from an environment of its own that is made on demand."""

from __future__ import annotations

import itertools
import json
import os
import re
import secrets
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.filing import forms
from benchmarks.filing.senders import Filing
from benchmarks.filing.servers import KEEPALIVE_SECONDS, THREADS, WORKERS, Server, free_port, running
from benchmarks.filing.sides import Stored

HERE = Path(__file__).parent
SITE = HERE / "helpdesk_site"
CONSTRAINTS = HERE / "helpdesk-constraints.txt"
FORM = "/helpdesk/tickets/submit/"
_TUNED = "one transaction a request, connections kept open, mail written and dropped"
SETUPS = {
    "tuned": f"tuned: {_TUNED}",
    "plain": "plain: a transaction for each row, a connection for each request, mail kept in memory",
}
"""How it can be set up, and how that is told."""
_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([A-Za-z0-9]+)"')
_COOKIE = re.compile(r"csrftoken=([A-Za-z0-9]+)")


def python_of_helpdesk(folder: Path) -> Path:
    """The Python of django-helpdesk's environment in this folder; made anew when the constraints have changed."""
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    wanted = CONSTRAINTS.read_text("utf-8")
    if not stamp.is_file() or stamp.read_text("utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--constraint", str(CONSTRAINTS), "django-helpdesk", "gunicorn"], check=True)
        stamp.write_text(wanted, "utf-8")
    return python


class Helpdesk:
    """django-helpdesk with one public queue and a token for each browser."""

    name = "django-helpdesk"

    def __init__(self, run: Path, python: Path, setup: str) -> None:
        self._run, self._python = run, python
        self._port = free_port()
        self._origin = f"http://127.0.0.1:{self._port}"
        self._numbers = itertools.count()
        self._tokens: list[tuple[str, str]] = []
        self._environment = dict(os.environ) | {
            "PYTHONPATH": f"{SITE}{os.pathsep}{HERE.parent.parent}",
            "DJANGO_SETTINGS_MODULE": "benchmark_settings",
            "BENCHMARK_RUN": str(run),
            "BENCHMARK_SECRET": secrets.token_urlsafe(48),
            "BENCHMARK_SETUP": "plain" if setup == "plain" else "tuned",
        }
        told = self._prepare()
        self._queue = str(told["queue"])
        database = f"SQLite {told['sqlite']}, journal_mode={told['journal_mode']}, synchronous={told['synchronous']}"
        self.said = (f"theirs: {database}; DEBUG off", f"theirs: django-helpdesk {told['release']}, {SETUPS[setup]}")

    def running(self) -> AbstractContextManager[Server]:
        """Gunicorn with its threaded workers, as many as ours."""
        command = [str(self._python), "-m", "gunicorn", "--worker-class=gthread"]
        command += [f"--bind=127.0.0.1:{self._port}", f"--workers={WORKERS}", f"--threads={THREADS}"]
        command += [f"--keep-alive={KEEPALIVE_SECONDS}", "--timeout=60", "--log-level=warning"]
        command.append("django.core.wsgi:get_wsgi_application()")
        if sys.platform == "linux":
            command.insert(3, "--worker-tmp-dir=/dev/shm")
        return running(command, self._port, self._environment, self._run / "helpdesk.log")

    def open(self, browsers: int) -> None:
        """Each browser opens the form once, for its token and cookie; both stay good for all it sends."""
        while len(self._tokens) < browsers:
            with urllib.request.urlopen(self._origin + FORM, timeout=30) as answer:  # noqa: S310 - our own http address
                cookie = _COOKIE.search(answer.headers["Set-Cookie"] or "")
                token = _TOKEN.search(answer.read().decode())
            if cookie is None or token is None:
                raise RuntimeError(f"{FORM} shows no form with a token")
            self._tokens.append((cookie[1], token[1]))

    def filing(self, browser: int) -> Filing | None:
        """The public form, with the same text as ours."""
        mark = f"helpdesk-{next(self._numbers):07}"
        cookie, token = self._tokens[browser]
        fields = {
            "csrfmiddlewaretoken": token,
            "queue": self._queue,
            "title": forms.subject(mark),
            "body": forms.description(mark),
            "priority": "1",
            "due_date": "",
            "attachment": forms.NO_FILE,
            "submitter_email": f"person{browser}@museum.example",
        }
        return Filing(forms.request(self._origin, FORM, FORM, f"csrftoken={cookie}", fields), mark)

    def reference(self, status: int, location: str) -> str | None:
        """The ticket that the page after a sent form is about."""
        found = parse_qs(urlsplit(location).query).get("ticket")
        return found[0] if status == 302 and found else None

    def stored(self, acknowledged: Mapping[str, str]) -> Stored:
        """Every acknowledged ticket must be there with its text and its first follow-up."""
        with closing(sqlite3.connect(self._run / "helpdesk.sqlite3")) as database:
            tickets = dict(database.execute("SELECT 'museum-' || id, title FROM helpdesk_ticket"))
            (followed,) = database.execute("SELECT count(DISTINCT ticket_id) FROM helpdesk_followup").fetchone()
        problems = [
            f"{reference} was acknowledged and isn't stored as sent"
            for reference, mark in acknowledged.items()
            if tickets.get(reference) != forms.subject(mark)
        ]
        if followed != len(tickets):
            problems.append(f"{len(tickets) - followed} tickets have no first follow-up")
        if len(tickets) != len(acknowledged):
            problems.append(f"{len(tickets)} stored, {len(acknowledged)} acknowledged")
        return Stored(len(tickets), tuple(problems))

    def _prepare(self) -> dict[str, Any]:
        script = SITE / "prepare.py"
        done = subprocess.run(
            [str(self._python), str(script)], env=self._environment, check=True, stdout=subprocess.PIPE, text=True
        )
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

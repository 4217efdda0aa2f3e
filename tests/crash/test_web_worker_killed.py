"""Web workers that are killed while people send: what was acknowledged is there, once and whole."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from formapp.accounts import projects, sessions
from formapp.attachments import service as attachments
from formapp.models import Attachment, Event, OutboxMessage, Ticket, reference_of
from formapp.operations import doctor
from formapp.services import Services, utc_now
from formapp.web.body.form_data import URLENCODED
from tests.builders import NOW, POLICY, REPOSITORY, build_account, build_project, stored

SENDERS = 8
# So many at each change, and so many in the night.
KILLS = [25, pytest.param(100, marks=pytest.mark.nightly)]
KILLS_WITH_FILES = [25, pytest.param(40, marks=pytest.mark.nightly)]
BOUNDARY = "a-boundary-that-no-file-holds"
PATIENCE = 60.0
# What a ticket leaves: its event, and the confirmation and the announcement in the outbox.
WHOLE = (1, 2)


@dataclass
class Load:
    """What the senders got back: references by form id, and answers that no sender should see.

    ``with_files`` says that each form carries two files.
    """

    with_files: bool = False
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def serving(services: Services, twin: str = "") -> Iterator[tuple[int, int]]:
    """A served desk: its port, and the process that starts its web workers."""
    port, settings = free_port(), services.settings
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FORMAPP_")},
        "FORMAPP_DATABASE_URL": settings.database_url,
        "FORMAPP_SECRET_KEY": settings.secret_key,
        "FORMAPP_POLICY": str(POLICY),
        "FORMAPP_VAR": str(settings.var),
        "FORMAPP_BASE_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "tests.crash.serve", str(port), *([twin] if twin else [])]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_until(lambda: len(workers_of(process.pid)) == 2 and answers(port), "the desk answers")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def wait_until(happened: object, what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():  # type: ignore[operator]
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s: {what}"
        time.sleep(0.01)


def answers(port: int) -> bool:
    with (
        suppress(OSError, http.client.HTTPException),
        closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection,
    ):
        connection.request("GET", "/support/healthz")
        with connection.getresponse() as answer:
            return answer.status == 200
    return False


def workers_of(master: int) -> list[int]:
    """The web workers that live; one that was killed stays among the children until the master has noticed."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(number) for number in children if lives(number)]


def lives(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def send_all(port: int, sender: int, tokens: Sequence[str], load: Load) -> None:
    """File one ticket after another, each until it is acknowledged; a lost connection is tried again."""
    number = 0
    while not load.over.is_set():
        number += 1
        form = {
            "project": "shop",
            "subject": f"Order {sender}.{number} fails",
            "description": "It says 502.",
            "priority": "high",
            "submission": f"form-{sender}-{number}",
        }
        # One person may file 60 an hour; then the next goes on.
        token = tokens[number // 50]
        while not (reference := send(port, form, token, load)):
            if load.refused:
                return
        load.acknowledged[form["submission"]] = reference


def send(port: int, form: dict[str, str], token: str, load: Load) -> str:
    """The reference of the confirmation that one press leads to; "" where the connection was lost."""
    body, media_type = multipart(form) if load.with_files else (urlencode(form).encode(), URLENCODED)
    headers = {
        "Content-Type": media_type,
        "Cookie": f"support-login={token}",
        "Origin": f"http://127.0.0.1:{port}",
    }
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("POST", "/support/tickets", body, headers)
            with connection.getresponse() as answer:
                answer.read()
    except (OSError, http.client.HTTPException):
        time.sleep(0.01)
        return ""
    location = answer.headers.get("Location", "")
    if answer.status != 303 or not location.endswith("/sent"):
        load.refused.append(f"{answer.status} {location}")
        return ""
    return location.split("/")[-2]


def files_of(form_id: str) -> dict[str, bytes]:
    """The files that a form carries: of one name, two sizes, and contents of its own."""
    return {"small.log": f"{form_id}\n".encode(), "large.log": f"{form_id}: Error 502\n".encode() * 9000}


def multipart(form: dict[str, str]) -> tuple[bytes, str]:
    """The form with its files, as a browser sends it."""
    parts = [(f'name="{name}"', value.encode()) for name, value in form.items()]
    parts += [(f'name="files"; filename="{name}"', content) for name, content in files_of(form["submission"]).items()]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def kill_under_load(services: Services, kills: int, twin: str = "", *, with_files: bool = False) -> Load:
    """Kill web workers, each at a moment of its own, while eight people send."""
    build_project(services, "shop")
    tokens = [
        [token_of(services, f"sender-{sender}-{turn}@shop.example") for turn in range(9)] for sender in range(SENDERS)
    ]
    services.database.engine.dispose()
    load, chance = Load(with_files), random.Random(7)  # noqa: S311 - moments, no secrets
    with serving(services, twin) as (port, master), ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(send_all, port, sender, own, load) for sender, own in enumerate(tokens)]
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.0, 0.05))
                wait_until(lambda: len(workers_of(master)) == 2, "both web workers are up")
                acknowledged = len(load.acknowledged)
                wait_until(lambda: len(load.acknowledged) > acknowledged or load.refused, "somebody gets through")  # noqa: B023
                os.kill(chance.choice(workers_of(master)), signal.SIGKILL)
                if load.refused:
                    break
        finally:
            load.over.set()
        for one in sending:
            one.result(PATIENCE)
    return load


def token_of(services: Services, email: str) -> str:
    account = build_account(services, email)
    projects.add_member(services, email, "shop", NOW)
    return sessions.open_session(services, account.id, utc_now())


def problems(services: Services, load: Load) -> list[str]:
    """All that is wrong after the load: refusals, lost or double tickets, halves, other bytes, a damaged file."""
    with services.read() as database:
        there = database.execute(select(Ticket.submission, Ticket.id)).all()
        events = Counter(database.scalars(select(Event.ticket_id)))
        rows = Counter(database.scalars(select(OutboxMessage.ticket_id)))
    references = {form: reference_of(number) for form, number in there}
    found = [f"refused: {answer}" for answer in load.refused]
    found += [f"lost: {form}" for form, reference in load.acknowledged.items() if references.get(form) != reference]
    found += [f"half: {number}" for _, number in there if (events[number], rows[number]) != WHOLE]
    # Each sender went on until its last form was acknowledged, so there is nothing else either.
    found += [] if len(there) == len(load.acknowledged) or load.refused else ["tickets that nobody was told of"]
    if load.with_files:
        found += [f"files: {form}" for form, number in there if not has_its_files(services, form, number)]
    examined = doctor.examine(services, utc_now(), contents=True)
    return found + [f"doctor: {one.check}: {one.where}: {one.what}" for one in examined.problems]


def has_its_files(services: Services, form: str, ticket_id: int) -> bool:
    rows = attachments.attachments_of(services, ticket_id, with_notes=False)
    try:
        return {row.name: b"".join(attachments.content(services, row)) for row in rows} == files_of(form)
    except OSError:
        return False


@pytest.mark.parametrize("kills", KILLS)
def test_web_workers_killed_again_and_again_keep_what_they_acknowledged(sqlite_services: Services, kills: int) -> None:
    load = kill_under_load(sqlite_services, kills)
    assert problems(sqlite_services, load) == []
    assert len(load.acknowledged) > kills


@pytest.mark.parametrize(
    ("twin", "problem"),
    [pytest.param("outbox outside", "half: ", marks=pytest.mark.nightly), ("deferred", "refused: 503")],
)
def test_a_broken_desk_is_caught(sqlite_services: Services, twin: str, problem: str) -> None:
    load = kill_under_load(sqlite_services, 40, twin)
    assert [found for found in problems(sqlite_services, load) if found.startswith(problem)]


@pytest.mark.parametrize("kills", KILLS_WITH_FILES)
def test_web_workers_killed_while_files_come_in_keep_each_file_of_each_ticket(
    sqlite_services: Services, kills: int
) -> None:
    load = kill_under_load(sqlite_services, kills, with_files=True)
    assert problems(sqlite_services, load) == []
    assert len(load.acknowledged) > kills
    # What the killed ones left behind is swept, and nothing else.
    attached = {row.key for row in stored(sqlite_services, Attachment)}
    kept = {key for key, _ in sqlite_services.files.listing()}
    assert kept > attached
    attachments.remove_expired(sqlite_services, utc_now() + timedelta(days=7))
    assert {key for key, _ in sqlite_services.files.listing()} == attached
    assert problems(sqlite_services, load) == []


@pytest.mark.nightly
def test_a_desk_that_stores_rows_before_their_files_is_caught(sqlite_services: Services) -> None:
    load = kill_under_load(sqlite_services, 40, "row before file", with_files=True)
    found = problems(sqlite_services, load)
    assert [one for one in found if one.startswith("files: ")]
    assert [one for one in found if one.startswith("doctor: attachments: ")]

"""Web workers that are killed while people send: what was acknowledged is there, once and whole."""

from __future__ import annotations

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from formapp.attachments import service as attachments
from formapp.models import Attachment
from formapp.services import Services, utc_now
from tests.builders import POLICY, REPOSITORY, build_project, stored
from tests.crash.senders import SENDERS, Load, problems, send_all, tokens_of

# So many at each change, and so many in the night.
KILLS = [25, pytest.param(100, marks=pytest.mark.nightly)]
KILLS_WITH_FILES = [25, pytest.param(40, marks=pytest.mark.nightly)]
PATIENCE = 60.0


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
        # Each sender says from where it sends, as behind a web server: one network may send 1,000 files an hour.
        "FORMAPP_PROXIES": "1",
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


def kill_under_load(services: Services, kills: int, twin: str = "", *, with_files: bool = False) -> Load:
    """Kill web workers, each at a moment of its own, while eight people send."""
    build_project(services, "shop")
    tokens = tokens_of(services)
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

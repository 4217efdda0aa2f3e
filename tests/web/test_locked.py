"""Another process holds the database for long: the form comes back filled, in time, and can be sent again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from formapp.app import create_app
from formapp.attachments import service as attachments
from formapp.database.engine import LOCK_SECONDS
from formapp.models import Attachment
from formapp.operations import doctor
from formapp.services import Services
from tests.builders import REPOSITORY, build_customer, build_services, stored
from tests.web.conftest import Clock, Desk, filled, ticket_form_of
from tests.web.page import Page

LOG = b"Error 502 at 14:00\n"
# The desk waits ten seconds for its turn; nobody is to wait much longer for an answer.
BOUND_SECONDS = 20
HOLDER = """
import sys
from formapp.database.engine import sqlite_driver
connection = sqlite_driver().connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.readline()
"""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process has the database to itself."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield
        finally:
            process.stdin.close()


def not_sent_but_kept(page: Page) -> None:
    assert page.status == 503
    assert page.headers["Retry-After"] == "60"
    assert "Not sent yet: we can't reach our records right now" in page.text
    form = page.form("/support/tickets")
    assert {name: form.fields[name] for name in filled()} == filled()
    assert len(form.kept) == 1
    assert "error.log" in page.text


def sent_once_and_whole(services: Services) -> None:
    (row,) = stored(services, Attachment)
    assert b"".join(attachments.content(services, row)) == LOG
    assert doctor.examine(services, row.at, contents=True).sound


@pytest.mark.parametrize("patience", [0.5, pytest.param(LOCK_SECONDS, marks=pytest.mark.nightly)])
def test_a_database_that_is_held_for_longer_than_the_desk_waits_loses_nothing(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", patience)
    services = build_services(tmp_path)
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    ada = desk.browser_of("ada@shop.example")
    form = ticket_form_of(ada)
    form.attach("error.log", LOG)
    with held(tmp_path / "desk.sqlite3"):
        start = time.monotonic()
        page = ada.send(form)
        assert time.monotonic() - start < BOUND_SECONDS
        not_sent_but_kept(page)
        # Impatient, they press again: the same answer, the file is not sent twice.
        page = ada.send(page.form("/support/tickets"))
        not_sent_but_kept(page)
    assert desk.stored() == []
    assert ada.send(page.form("/support/tickets")).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]
    sent_once_and_whole(services)
    services.database.engine.dispose()


def test_where_not_even_reading_is_possible_the_text_stays_too(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rollback journal, which an older SQLite gets, a writer that commits holds up readers as well."""
    monkeypatch.setattr("formapp.database.engine.SOUND_WAL", (99, 0, 0))
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.5)
    services = build_services(tmp_path)
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    ada = desk.browser_of("ada@shop.example")
    form = ticket_form_of(ada)
    form.attach("error.log", LOG)
    with held(tmp_path / "desk.sqlite3"):
        page = ada.send(form)
        not_sent_but_kept(page)
        assert ada.open("/support/tickets").status == 503
    assert ada.send(page.form("/support/tickets")).heading == "Your ticket is sent"
    sent_once_and_whole(services)
    services.database.engine.dispose()

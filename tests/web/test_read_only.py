"""A folder in which nothing can be written: pages say so, the form comes back filled, and all is well afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from formapp.app import create_app
from formapp.attachments import service as attachments
from formapp.models import Attachment
from formapp.operations import doctor
from tests.builders import Clock, build_customer, build_services, stored
from tests.web.conftest import Desk, filled, ticket_form_of

NOBODY = 65534
LOG = b"Error 502 at 14:00\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others can read, too; of pytest's own they can't even see the names."""
    with tempfile.TemporaryDirectory(prefix="support-read-only-") as name:
        yield Path(name)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nothing can be written below the folder; root, who may everything, is nobody meanwhile."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)
        for path, mode in modes.items():
            if path.exists():
                path.chmod(mode)


@pytest.mark.parametrize("sound_wal", [True, False], ids=["wal", "rollback journal"])
def test_a_read_only_folder_loses_nothing_that_was_typed(
    folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, sound_wal: bool
) -> None:
    if not sound_wal:
        monkeypatch.setattr("formapp.database.engine.SOUND_WAL", (99, 0, 0))
    services = build_services(folder)
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    ada = desk.browser_of("ada@shop.example")
    form = ticket_form_of(ada)
    form.attach("error.log", LOG)
    # As after a restart: connections from before could go on writing.
    services.database.engine.dispose()
    with read_only(folder):
        page = ada.send(form)
        without_file = ada.send(page.form("/support/tickets"))
        found = {finding.check for finding in doctor.examine(services, clock()).problems}
    assert (page.status, without_file.status) == (503, 503)
    assert "“error.log” was not attached: we can't store files just now" in page.text
    assert "Not sent yet: we can't reach our records right now" in without_file.text
    again = without_file.form("/support/tickets")
    assert {name: again.fields[name] for name in filled()} == filled()
    assert {"folders", "file store"} <= found
    assert found & {"database", "database writable"}

    again.attach("error.log", LOG)
    assert ada.send(again).heading == "Your ticket is sent"
    assert desk.stored() == [filled()]
    (row,) = stored(services, Attachment)
    assert b"".join(attachments.content(services, row)) == LOG
    assert doctor.examine(services, clock(), contents=True).sound
    services.database.engine.dispose()

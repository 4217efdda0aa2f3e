"""What follows a commit never changes the answer: it is sent on its way, and the ticket is there once."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from formapp.app import create_app
from formapp.database.engine import Base, sqlite_driver
from formapp.models import Attachment, Message, StoredClosure, Ticket
from formapp.services import Services
from tests.builders import Clock, build_customer, build_services, build_staff, stored
from tests.web.attaching import LOG, upload
from tests.web.conftest import Desk, filled, follow_newest_link, locked, ticket_form_of
from tests.web.page import Browser

NOBODY = 65534


@contextmanager
def locked_from_commit_on(services: Services, model: type[Base], how: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Another program takes the database as soon as a row of this model is stored, and keeps it."""
    path = services.settings.database_url.removeprefix("sqlite:///")
    with closing(sqlite_driver().connect(path, isolation_level=None, timeout=0)) as other:

        def count(session: Session) -> int:
            return session.scalar(select(func.count()).select_from(model)) or 0

        def look(session: Session) -> None:
            session.info["stored"] = count(session) > before

        def hold(session: Session) -> None:
            if not other.in_transaction and session.info.get("stored"):
                other.execute(how)

        with services.read() as database:
            before = count(database)
        event.listen(Session, "before_commit", look)
        event.listen(Session, "after_commit", hold)
        try:
            yield
            assert other.in_transaction, "nothing of it was stored"
        finally:
            event.remove(Session, "before_commit", look)
            event.remove(Session, "after_commit", hold)
            if other.in_transaction:
                other.execute("ROLLBACK")


def saved_and_mailed(visitor: Browser) -> Browser:
    """A ticket's form as it comes back behind the link, with its draft."""
    form = visitor.open("/support/tickets/new").form("/support/tickets")
    form.fields |= filled() | {"project": "shop", "email": "ada@shop.example"}
    visitor.send(form)
    return visitor


def test_a_draft_that_cant_be_dropped_doesnt_make_the_ticket_unsent(desk: Desk, visitor: Browser) -> None:
    page = follow_newest_link(saved_and_mailed(visitor))
    form = page.form("/support/tickets")
    form.fields["project"] = "shop"
    assert form.fields["draft"]
    began = time.monotonic()
    with locked_from_commit_on(desk.services, Ticket):
        page = visitor.send(form)
    assert (page.status, page.heading) == (200, "Your ticket is sent")
    assert time.monotonic() - began < 5, "an answer waits for no draft"
    assert len(desk.tickets()) == 1


def test_a_replys_draft_that_cant_be_dropped_doesnt_make_it_unsent(desk: Desk, ada: Browser) -> None:
    ada.send(ticket_form_of(ada))
    reference = desk.tickets()[0].reference
    form = ada.open(f"/support/tickets/{reference}").form(f"/support/tickets/{reference}/reply")
    form.fields |= {"body": "One more thing", "draft": "of a draft"}
    with locked_from_commit_on(desk.services, Message):
        page = ada.send(form)
    assert page.status == 200
    assert [message.body for message in stored(desk.services, Message)] == ["One more thing"]


def test_a_page_is_read_while_another_program_writes(desk: Desk, ada: Browser) -> None:
    """A session's time is noted to the hour, by whichever request comes next; a read must not wait for that."""
    desk.clock.now += timedelta(hours=2)
    with locked(desk):
        assert ada.open("/support/tickets").status == 200
    assert ada.open("/support/tickets").status == 200


def test_a_file_is_stored_although_it_cant_be_counted(desk: Desk, ada: Browser) -> None:
    with locked(desk):
        began = time.monotonic()
        assert upload(ada, "error.log", LOG)[0] == 201
    assert time.monotonic() - began < 5


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that others can read, too; of pytest's own they can't even see the names."""
    with tempfile.TemporaryDirectory(prefix="support-after-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_file_that_cant_be_marked_goes_with_its_ticket(folder: Path, clock: Clock) -> None:
    services = build_services(folder)
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    ada = desk.browser_of("ada@shop.example")
    form = ticket_form_of(ada)
    form.kept.append(upload(ada, "error.log", LOG)[1]["token"])
    files = folder / "files"
    modes = {path: path.stat().st_mode for path in (files, *files.rglob("*"))}
    for path in (folder, *(one for one in folder.iterdir() if one.is_file())):
        path.chmod(0o777)
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    if user == 0:
        os.seteuid(NOBODY)
    try:
        page = ada.send(form)
    finally:
        if user == 0:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)
    assert page.heading == "Your ticket is sent"
    assert len(desk.tickets()) == 1
    assert [row.name for row in stored(services, Attachment)] == ["error.log"]
    services.database.engine.dispose()


def test_a_closure_is_announced_although_the_guide_cant_be_told(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the rollback journal a writer that commits holds up readers as well."""
    monkeypatch.setattr("formapp.database.engine.SOUND_WAL", (99, 0, 0))
    monkeypatch.setattr("formapp.database.engine.LOCK_SECONDS", 0.3)
    site = tmp_path / "site"
    site.mkdir()
    services = build_services(tmp_path / "var", site_dir=site)
    desk = Desk(create_app(services=services, clock=clock), services, clock, build_customer(services))
    build_staff(services)
    sam = desk.browser_of("sam@platform.example")
    form = sam.open("/support/desk/closures").form("/support/desk/closures")
    form.fields |= {"start": "2026-12-24T12:00", "end": "2026-12-28T09:00", "note": "Winter break"}
    with locked_from_commit_on(services, StoredClosure, "BEGIN EXCLUSIVE"):
        body, kind = form.body()
        own = {"Origin": sam.origin, "Sec-Fetch-Site": "same-origin", "Content-Type": kind}
        answer = sam.answer("POST", "/support/desk/closures", body, own)
    assert answer.status_code == 303
    assert len(stored(services, StoredClosure)) == 1
    services.database.engine.dispose()

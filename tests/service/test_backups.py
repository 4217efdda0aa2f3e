"""``formapp backup`` and ``restore``: a whole copy while people send, and nothing overwritten unasked."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from formapp.attachments import service as attachments
from formapp.database import schema
from formapp.errors import UseCaseError
from formapp.models import Attachment, Ticket
from formapp.operations import backup, doctor
from formapp.services import Services, make_services
from tests.builders import NOW, build_customer, build_services, build_settings, file_ticket, keep_file, stored
from tests.service.test_cli import Operator

LOG = b"Error 502 at 14:00\n"


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    """Files are made for their owner alone, as the desk's own commands make them."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def used(sqlite_services: Services) -> Services:
    """A desk with two tickets, one of them with files."""
    ada = build_customer(sqlite_services)
    file_ticket(sqlite_services, ada, files=(keep_file(sqlite_services, "a.log", LOG), keep_file(sqlite_services)))
    file_ticket(sqlite_services, ada, subject="Another", submission="form-2")
    return sqlite_services


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Services]:
    """A new machine, with a desk that nobody has used."""
    desk = build_services(tmp_path / "other")
    yield desk
    desk.database.engine.dispose()


def contents(services: Services) -> list[tuple[str, bytes]]:
    return [(row.name, b"".join(attachments.content(services, row))) for row in stored(services, Attachment)]


def subjects(services: Services) -> list[str]:
    return [ticket.subject for ticket in stored(services, Ticket)]


def test_a_backup_comes_back_whole_on_another_machine(used: Services, other: Services, tmp_path: Path) -> None:
    copied = backup.make_backup(used, tmp_path / "backup", NOW)
    assert (copied.place, copied.tickets, copied.files) == (tmp_path / "backup", 2, 2)
    assert copied.report.findings == ()
    assert "contents" in copied.report.checks
    assert sorted(path.name for path in (tmp_path / "backup").iterdir()) == ["desk.sqlite3", "files"]

    restored = backup.restore(other, tmp_path / "backup", NOW)
    assert (restored.tickets, restored.files, restored.saved) == (2, 2, None)
    assert subjects(other) == subjects(used)
    assert contents(other) == contents(used)
    assert doctor.examine(other, NOW, contents=True).sound
    # It goes on where the other had stopped.
    assert file_ticket(other, build_customer(other, "ben@lab.example", "lab"), project="lab").ticket.id == 3
    assert not [path for path in tmp_path.rglob("*") if ".part" in path.name]


def test_a_backup_is_restored_where_no_database_was(used: Services, tmp_path: Path) -> None:
    backup.make_backup(used, tmp_path / "backup", NOW)
    new = make_services(build_settings(tmp_path / "new"))
    assert backup.restore(new, tmp_path / "backup", NOW).tickets == 2
    assert doctor.examine(new, NOW, contents=True).sound
    assert contents(new) == contents(used)
    new.database.engine.dispose()


def test_a_backup_is_one_moment_however_much_is_sent_meanwhile(used: Services, tmp_path: Path) -> None:
    over, ada = threading.Event(), build_customer(used, "ben@lab.example", "lab")

    def send() -> None:
        number = 0
        while not over.is_set():
            number += 1
            token = keep_file(used, f"{number}.log")
            file_ticket(used, ada, project="lab", subject=f"{number}", submission=f"s-{number}", files=(token,))

    sending = threading.Thread(target=send)
    sending.start()
    try:
        copies = [backup.make_backup(used, tmp_path / f"backup-{turn}", NOW) for turn in range(3)]
    finally:
        over.set()
        sending.join()
    assert [copy.report.findings for copy in copies] == [(), (), ()]
    assert copies[0].tickets < copies[-1].tickets


def test_a_backup_can_be_read_where_nothing_can_be_written(used: Services, other: Services, tmp_path: Path) -> None:
    backup.make_backup(used, tmp_path / "backup", NOW)
    before = {path: path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()}
    backup.restore(other, tmp_path / "backup", NOW)
    assert {path: path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file()} == before


def test_a_folder_that_is_there_is_left_alone(used: Services, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    backup.make_backup(used, tmp_path / "backup", NOW)
    for place in (tmp_path / "backup", tmp_path / "desk.sqlite3"):
        with pytest.raises(UseCaseError, match=r"is there already. Name a new folder"):
            backup.make_backup(used, place, NOW)


def test_a_backup_that_fails_leaves_nothing(used: Services, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"")
    with pytest.raises(UseCaseError, match=r"^The backup failed: "):
        backup.make_backup(used, tmp_path / "a file" / "backup", NOW)
    used.database.engine.dispose()
    (tmp_path / "desk.sqlite3").write_bytes(b"damaged" * 1000)
    with pytest.raises(UseCaseError, match=r"^The backup failed: file is not a database$"):
        backup.make_backup(used, tmp_path / "backup", NOW)
    assert not [path for path in tmp_path.iterdir() if "backup" in path.name]


def test_problems_of_the_desk_are_told_of_its_backup(used: Services, tmp_path: Path) -> None:
    used.files.remove(stored(used, Attachment)[0].key)
    copied = backup.make_backup(used, tmp_path / "backup", NOW)
    assert [finding.where for finding in copied.report.findings][:1] == ["SUP-1001, file 1 “a.log”"]
    assert (tmp_path / "backup" / "desk.sqlite3").exists()


def test_tickets_are_overwritten_only_by_force_and_kept_aside(used: Services, other: Services, tmp_path: Path) -> None:
    backup.make_backup(used, tmp_path / "backup", NOW)
    file_ticket(other, build_customer(other), subject="Filed since")
    with pytest.raises(UseCaseError, match=r"holds 1 ticket. Nothing was restored. To overwrite it: --force"):
        backup.restore(other, tmp_path / "backup", NOW)
    assert subjects(other) == ["Filed since"]

    restored = backup.restore(other, tmp_path / "backup", NOW, force=True)
    assert subjects(other) == ["Checkout fails", "Another"]
    assert restored.saved is not None
    (tmp_path / "aside").mkdir()
    shutil.copy(restored.saved, tmp_path / "aside" / "desk.sqlite3")
    backup.restore(other, tmp_path / "aside", NOW, force=True)
    assert subjects(other) == ["Filed since"]


def test_a_desk_that_runs_sees_the_restored_records_at_once(used: Services, other: Services, tmp_path: Path) -> None:
    backup.make_backup(used, tmp_path / "backup", NOW)
    with other.read() as reading:
        assert reading.execute(text("SELECT count(*) FROM tickets")).scalar() == 0
        reading.rollback()
        backup.restore(replace(other), tmp_path / "backup", NOW)
        assert reading.execute(text("SELECT count(*) FROM tickets")).scalar() == 2


def test_a_damaged_database_is_replaced_by_force_and_kept(used: Services, other: Services, tmp_path: Path) -> None:
    backup.make_backup(used, tmp_path / "backup", NOW)
    other.database.engine.dispose()
    damaged = tmp_path / "other" / "desk.sqlite3"
    damaged.write_bytes(b"damaged" * 1000)
    with pytest.raises(UseCaseError, match=r"can't be read. Nothing was restored"):
        backup.restore(other, tmp_path / "backup", NOW)
    restored = backup.restore(other, tmp_path / "backup", NOW, force=True)
    assert (restored.report.sound, subjects(other)) == (True, ["Checkout fails", "Another"])
    assert restored.saved is not None
    assert restored.saved.read_bytes() == b"damaged" * 1000


def test_a_backup_that_is_not_sound_is_restored_only_by_force(used: Services, other: Services, tmp_path: Path) -> None:
    with used.write.begin() as database:
        database.execute(text("DELETE FROM events"))
    backup.make_backup(used, tmp_path / "backup", NOW)
    with pytest.raises(UseCaseError, match=r"The backup isn't sound: SUP-1001: The ticket has no first event"):
        backup.restore(other, tmp_path / "backup", NOW)
    assert subjects(other) == []
    assert not backup.restore(other, tmp_path / "backup", NOW, force=True).report.sound
    assert len(subjects(other)) == 2


def test_an_older_schema_is_taken_along_and_a_newer_one_refused(
    used: Services, other: Services, tmp_path: Path
) -> None:
    used.files.remove(stored(used, Attachment)[0].key)
    schema.downgrade(used.database, "0004")
    backup.make_backup(used, tmp_path / "older", NOW)
    restored = backup.restore(other, tmp_path / "older", NOW)
    assert (restored.report.sound, schema.current_revision(other.database)) == (True, schema.newest_revision())
    with used.write.begin() as database:
        database.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    backup.make_backup(used, tmp_path / "newer", NOW)
    with pytest.raises(UseCaseError, match=r"The backup is at revision 9999, newer than this release"):
        backup.restore(other, tmp_path / "newer", NOW, force=True)
    assert len(subjects(other)) == 2


def test_the_commands_say_what_they_did(used: Services, tmp_path: Path) -> None:
    operator, place = Operator(tmp_path), str(tmp_path / "backup")
    assert operator.is_told("backup", place) == f"Copied 2 tickets and 2 files to {place}.\nThe copy is sound."
    assert operator.is_refused("backup", place) == f"{place} is there already. Name a new folder"
    assert (
        operator.is_refused("restore", str(tmp_path)) == f"The database {tmp_path / 'desk.sqlite3'} holds 2 tickets. "
        "Nothing was restored. To overwrite it: --force"
    )
    assert operator.is_refused("restore", str(tmp_path / "files")).endswith("is no backup: it has no desk.sqlite3")
    said = operator.is_told("restore", place, "--force")
    assert said.startswith(f"The database that was there is now {tmp_path / 'desk.sqlite3'}.before-")
    assert said.endswith("Restored 2 tickets and 2 files.\nThe copy is sound.")

    used.files.remove(stored(used, Attachment)[0].key)
    result = operator.types("backup", str(tmp_path / "second"))
    assert result.exit_code == 1
    assert "The file isn't in the store." in result.output
    assert "it was kept all the same" in result.stderr


def test_postgresql_has_tools_of_its_own(postgresql_services: Services, tmp_path: Path) -> None:
    operator = Operator(tmp_path, postgresql_services.settings.database_url)
    files = tmp_path / "files"
    assert operator.is_refused("backup", str(tmp_path / "backup")) == (
        f"The records lie in PostgreSQL. Use pg_dump for the database, then copy the files: {files}"
    )
    assert "Use pg_restore for the database" in operator.is_refused("restore", str(tmp_path / "backup"))


def test_whom_was_erased_after_a_backup_is_erased_again_when_it_is_restored(used: Services, tmp_path: Path) -> None:
    operator = Operator(used.settings.var, SECRET_KEY=used.settings.secret_key)
    operator.is_told("backup", str(tmp_path / "backup"))
    operator.is_told("person", "erase", "ada@shop.example", "--yes")
    assert "Checkout fails" not in subjects(used)
    said = operator.is_told("restore", str(tmp_path / "backup"), "--force")
    assert "Erased again whom the backup still held: 1." in said
    assert set(subjects(used)) == {"Erased"}
    assert list(used.files.listing()) == []
    assert b"ada@shop.example" not in (used.settings.var / "desk.sqlite3").read_bytes()

"""The doctor and attachments: rows without files, files without rows, files that aren't what was sent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from formapp.attachments import service as attachments
from formapp.models import Attachment
from formapp.operations import doctor
from formapp.operations.doctor import Finding
from formapp.services import Services, utc_now
from formapp.storage.local import LocalFileStore
from formapp.storage.store import FileStore
from formapp.tickets import replies
from tests.builders import NOW, build_customer, build_staff, file_ticket, keep_file, stored, written
from tests.service.test_cli import Operator, operator

__all__ = ["operator"]
DAYS = timedelta(days=1)


def found(services: Services, *, contents: bool = False, later: timedelta = timedelta()) -> list[Finding]:
    report = doctor.examine(services, NOW + later, contents=contents)
    # Nobody has sent the mails of these desks, which is another story.
    return [one for one in report.findings if one.level == "problem"]


@pytest.fixture
def used(services: Services) -> Services:
    """A desk with files of a ticket and of a reply."""
    ada, sam = build_customer(services), build_staff(services)
    tokens = keep_file(services, "error.log"), keep_file(services, "error.log", b"another\n")
    file_ticket(services, ada, files=tokens)
    answer = replace(written("See the file"), files=(keep_file(services, "fix.txt", b"Restart it.\n"),))
    replies.reply_as_staff(services, sam.id, 1, answer, "waiting", NOW)
    return services


def path_of(services: Services, row: Attachment) -> Path:
    assert isinstance(services.files, LocalFileStore)
    return services.files.folder / row.key[:2] / row.key


def test_files_that_are_whole_are_sound(used: Services) -> None:
    assert len(stored(used, Attachment)) == 3
    assert found(used, contents=True) == []
    assert found(used, contents=True, later=30 * DAYS) == []


def test_a_row_without_its_file_is_found(used: Services) -> None:
    row = stored(used, Attachment)[1]
    used.files.remove(row.key)
    (finding,) = found(used)
    assert (finding.check, finding.where) == ("attachments", "SUP-1001, file 2 “error.log”")
    assert finding.what == "The file isn't in the store."
    assert [one.check for one in found(used, contents=True)] == ["attachments", "contents"]


def test_a_row_whose_bytes_are_gone_though_its_facts_are_there_is_found(used: Services) -> None:
    path_of(used, stored(used, Attachment)[2]).unlink()
    (finding,) = found(used)
    assert finding.where == "SUP-1001, file 3 “fix.txt”"
    assert finding.what == "The file can't be read: No such file or directory."


def test_a_file_of_other_facts_is_found(used: Services) -> None:
    row = stored(used, Attachment)[0]
    beside = path_of(used, row).with_name(f"{row.key}.json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), "size": row.size + 1}))
    (finding,) = found(used)
    assert finding.what == "The file in the store is another one than was attached."


def test_bytes_that_changed_are_found_by_reading_all(used: Services) -> None:
    path = path_of(used, stored(used, Attachment)[0])
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    assert found(used) == []
    (finding,) = found(used, contents=True)
    assert (finding.check, finding.what) == ("contents", "The file's bytes aren't those that were sent.")


def test_a_file_that_strayed_to_another_ticket_is_found(used: Services) -> None:
    file_ticket(used, build_customer(used, "ben@lab.example", "lab"), project="lab", subject="Other")
    with used.write.begin() as database:
        database.execute(text("UPDATE attachments SET ticket_id = 2 WHERE message_id IS NOT NULL"))
    (finding,) = found(used)
    assert (finding.check, finding.what) == ("attached messages", "The file belongs to a message of another ticket.")


def test_files_that_nobody_sent_are_told_after_their_time_and_swept(used: Services, operator: Operator) -> None:
    kept = keep_file(used, "never sent.log", now=utc_now() - 10 * DAYS)
    half = used.files.create()
    half.write(b"the connection is lost here")
    assert found(used, later=1 * DAYS) == []
    (finding,) = found(used, later=utc_now() - NOW + 4 * DAYS)
    assert (finding.check, finding.do) == ("unused files", "Remove them: formapp doctor --sweep.")
    assert finding.what == "2 files are kept that nobody attached in time."

    said = operator.types("doctor", "--sweep").output
    assert said.startswith("Removed 1 file that nobody attached in time.\n")
    assert attachments.staged_files(used, [kept]) == ()
    half.discard()
    assert len({key for key, _ in used.files.listing()}) == 3
    assert json.loads(operator.types("doctor", "--sweep", "--json").output)["swept"] == 0
    assert found(used, contents=True) == []


def test_work_that_nobody_does_is_a_warning(services: Services) -> None:
    file_ticket(services, build_customer(services), files=(keep_file(services),))
    with services.write.begin() as database:
        database.execute(text("UPDATE attachments SET work_at = opened_at FROM tickets WHERE tickets.id = ticket_id"))
    report = doctor.examine(services, NOW + DAYS)
    (finding,) = [one for one in report.findings if one.check == "file work"]
    assert (finding.level, report.sound) == ("warning", True)
    assert finding.what == "1 file waits for the scan or the preview since 2026-11-24 14:00 UTC."


class FullFiles(LocalFileStore):
    def check(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_store_that_takes_nothing_is_found(sqlite_services: Services, tmp_path: Path) -> None:
    full: FileStore = FullFiles(tmp_path / "files")
    (finding,) = found(replace(sqlite_services, files=full))
    assert (finding.check, finding.where) == ("file store", str(tmp_path / "files"))
    assert finding.what == "No file can be kept: No space left on device."

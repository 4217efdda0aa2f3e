"""Attachments: what arrives is judged, kept, attached once with its ticket or message, and swept if it never is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import event

from formapp.attachments import file_types
from formapp.attachments import service as attachments
from formapp.attachments.upload import StagedFile, Upload
from formapp.database.engine import open_database
from formapp.errors import (
    FileRefused,
    FilesGone,
    FilesTooLarge,
    NotFound,
    ReplyReused,
    SubmissionReused,
    TooManyFiles,
)
from formapp.models import Account, Attachment, Ticket
from formapp.retention_periods import KeepFor
from formapp.services import Services
from formapp.tickets import replies
from formapp.tickets.create import Filed
from formapp.tickets.replies import MessageInput
from supportpolicy import bounds
from tests.attachments.odd_files import ODD_FILES, OddFile
from tests.builders import NOW, build_customer, build_staff, file_ticket, stored, written

MOST = 10_000_000
SECOND = timedelta(seconds=1)


def keep(services: Services, name: str = "app.log", content: bytes = b"one line\n", piece: int = 65_536) -> StagedFile:
    """A file as it arrives, in pieces."""
    upload = Upload(services, name, MOST)
    try:
        for start in range(0, len(content), piece):
            upload.write(content[start : start + piece])
        return upload.finish(NOW)
    finally:
        upload.abandon()


@pytest.mark.parametrize("odd", ODD_FILES, ids=lambda odd: odd.label)
def test_every_odd_file_gets_its_answer_and_comes_out_as_it_went_in(sqlite_services: Services, odd: OddFile) -> None:
    content = odd.content()
    if odd.refused:
        with pytest.raises(FileRefused) as refused:
            keep(sqlite_services, odd.name, content)
        assert odd.refused in refused.value.message
        assert refused.value.field == "files"
        assert list(sqlite_services.files.listing()) == []
        return
    kept = keep(sqlite_services, odd.name, content)
    assert (kept.name, kept.size, bool(kept.warning)) == (odd.kept_as, len(content), odd.warned)
    assert attachments.staged_files(sqlite_services, [kept.token]) == (kept,)
    assert b"".join(sqlite_services.files.read(kept.token)) == content


def send(services: Services, account: Account, *tokens: str, **changes: Any) -> Filed:
    return file_ticket(services, account, files=tokens, **changes)


def names_of(services: Services, ticket_id: int, *, with_notes: bool = False) -> list[str]:
    return [one.name for one in attachments.attachments_of(services, ticket_id, with_notes=with_notes)]


def stored_keys(services: Services) -> set[str]:
    return {key for key, _ in services.files.listing()}


def test_the_answer_is_the_same_however_the_bytes_come(sqlite_services: Services) -> None:
    """Also one at a time: the first byte alone doesn't tell text of UTF-16 from a NUL in a log."""
    told_by_more = {"a log of Windows in UTF-16", "an ELF as a log", "a PNG", "a PDF behind a printer's job"}
    for odd in (one for one in ODD_FILES if one.label in told_by_more):
        if odd.refused:
            with pytest.raises(FileRefused, match=odd.refused):
                keep(sqlite_services, odd.name, odd.content(), piece=1)
        else:
            kept = keep(sqlite_services, odd.name, odd.content(), piece=1)
            assert b"".join(sqlite_services.files.read(kept.token)) == odd.content()


def test_a_file_that_is_refused_is_swallowed_and_stores_nothing(sqlite_services: Services) -> None:
    upload = Upload(sqlite_services, "huge.log", 100_000)
    for _ in range(10):
        upload.write(b"x" * 65_536)
        assert upload.size <= 100_000 or stored_keys(sqlite_services) == set()
    with pytest.raises(FileRefused, match=r"“huge.log” is larger than 100 kB"):
        upload.finish(NOW)


def test_a_file_that_is_abandoned_halfway_leaves_nothing(sqlite_services: Services) -> None:
    upload = Upload(sqlite_services, "app.log", MOST)
    upload.write(b"half")
    upload.abandon()
    upload.abandon()
    assert stored_keys(sqlite_services) == set()


def test_the_policy_decides_which_kinds_are_taken_but_never_of_what_browsers_run(sqlite_services: Services) -> None:
    limits = replace(sqlite_services.policy.form.attachments, kinds=("svg", "html", "docx", "sql"))
    form = replace(sqlite_services.policy.form, attachments=limits)
    services = replace(sqlite_services, policy=replace(sqlite_services.policy, form=form))
    assert keep(services, "dump.sql").kind == "sql"
    with pytest.raises(FileRefused, match=r"isn't a .docx file by its content"):
        keep(services, "letter.docx")
    with pytest.raises(FileRefused, match=r"Send it as a PNG$"):
        keep(services, "logo.svg", b"<svg/>")
    with pytest.raises(FileRefused, match=r"Send it as another kind$"):
        keep(services, "app.log")


def test_what_the_policy_may_never_list_is_what_is_never_taken() -> None:
    assert set(file_types.ACTIVE) == bounds.RUN_BY_BROWSERS
    assert set(file_types.NEVER) == bounds.RUN_BY_BROWSERS | bounds.PROGRAMS


def test_files_go_with_their_ticket_each_once(services: Services) -> None:
    ada = build_customer(services)
    one, other = keep(services, "same.log", b"first"), keep(services, "same.log", b"second")
    ticket = send(services, ada, one.token, other.token, one.token).ticket
    found = attachments.attachments_of(services, ticket.id, with_notes=False)
    assert [(file.name, b"".join(attachments.content(services, file))) for file in found] == [
        ("same.log", b"first"),
        ("same.log", b"second"),
    ]
    first = found[0]
    assert (first.account_id, first.message_id, first.media_type, first.at) == (ada.id, None, "text/plain", NOW)
    assert (first.size, first.digest) == (5, sha256(b"first").hexdigest())


def test_a_form_no_longer_offers_files_that_were_sent(services: Services) -> None:
    ada = build_customer(services)
    sent, waiting = keep(services), keep(services, "next.log")
    send(services, ada, sent.token)
    odd = ["", "../secret-key", "x" * 43]
    assert attachments.staged_files(services, [sent.token, waiting.token, *odd, waiting.token]) == (waiting,)


def test_kept_files_need_no_database(services: Services) -> None:
    kept = keep(services)
    services.database.engine.dispose()
    away = replace(services, database=open_database("sqlite:////no/such/folder/desk.sqlite3"))
    assert attachments.staged_files(away, [kept.token]) == (kept,)
    assert keep(away).name == "app.log"


def test_the_same_form_sent_again_is_the_same_ticket_with_the_same_files(services: Services) -> None:
    ada = build_customer(services)
    kept = keep(services)
    first = send(services, ada, kept.token)
    again = send(services, ada, kept.token)
    assert (again.duplicate, again.ticket.id) == (True, first.ticket.id)
    # Without script the same files come as new uploads, in whatever order.
    more = [keep(services, f"{number}.log") for number in range(2)]
    second = send(services, ada, *(one.token for one in more), submission="form-2", subject="Two files")
    anew = [keep(services, f"{number}.log") for number in (1, 0)]
    resent = send(services, ada, *(one.token for one in anew), submission="", subject="Two files")
    assert (resent.duplicate, resent.ticket.id) == (True, second.ticket.id)
    assert len(stored(services, Attachment)) == 3


def test_other_files_under_a_used_form_are_never_dropped_unseen(services: Services) -> None:
    ada = build_customer(services)
    send(services, ada, keep(services).token)
    for files in ((), (keep(services, content=b"other").token,), (keep(services, "other.log").token,)):
        with pytest.raises(SubmissionReused):
            send(services, ada, *files)


def test_a_file_is_attached_by_one_ticket_only(services: Services) -> None:
    ada = build_customer(services)
    kept, new = keep(services), keep(services, "new.log")
    send(services, ada, kept.token)
    with pytest.raises(FilesGone) as gone:
        send(services, ada, kept.token, new.token, submission="form-2", subject="Another")
    assert gone.value.message == "“app.log” was sent before. To send it once more, choose it again"
    assert gone.value.tokens == (kept.token,)
    assert len(stored(services, Ticket)) == 1, "the other ticket is not stored without its file"
    assert attachments.staged_files(services, [new.token]) == (new,)


def test_two_tickets_that_attach_a_file_at_once_are_one_ticket_and_one_refusal(services: Services) -> None:
    ada = build_customer(services)
    for number in range(8):
        kept = keep(services, f"{number}.log")

        def sent(form: int, token: str = kept.token, number: int = number) -> bool:
            try:
                send(services, ada, token, submission=f"form-{number}-{form}", subject=f"Subject {number} {form}")
            except FilesGone:
                return False
            return True

        with ThreadPoolExecutor(4) as pool:
            assert sorted(pool.map(sent, range(4))) == [False, False, False, True]
    assert [one.name for one in stored(services, Attachment)] == [f"{number}.log" for number in range(8)]
    assert len(stored(services, Ticket)) == 8


def test_files_that_are_gone_are_said_and_the_ticket_waits(services: Services) -> None:
    ada = build_customer(services)
    kept, swept, odd = keep(services), keep(services), "../../etc/passwd"
    services.files.remove(swept.token)
    with pytest.raises(FilesGone, match=r"A file is no longer here, as files don't wait for ever. Choose it again"):
        send(services, ada, kept.token, swept.token)
    with pytest.raises(FilesGone, match="2 files are no longer here") as gone:
        send(services, ada, swept.token, odd)
    assert gone.value.tokens == (swept.token, odd)
    assert stored(services, Ticket) == []


def test_count_and_total_are_the_policy_s(services: Services) -> None:
    ada = build_customer(services)
    many = [keep(services, f"{number}.log").token for number in range(11)]
    with pytest.raises(TooManyFiles, match="Attach 10 files at most; these are 11"):
        send(services, ada, *many)
    large = [keep(services, f"{number}.log", b"x" * MOST).token for number in range(3)]
    with pytest.raises(FilesTooLarge, match=r"The files are 30 MB together. At most 25 MB can be sent"):
        send(services, ada, *large)
    assert names_of(services, send(services, ada, *large[:2], *many[:8]).ticket.id)[:2] == ["0.log", "1.log"]


def test_replies_and_notes_carry_files_and_customers_never_get_those_of_notes(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    ticket = send(services, ada, keep(services, "ticket.log").token).ticket

    def text(body: str) -> MessageInput:
        return replace(written(body), files=(keep(services, f"{body}.log").token,))

    replies.reply_as_customer(services, ada.id, ticket.id, text("customer"), NOW)
    replies.reply_as_staff(services, sam.id, ticket.id, text("staff"), "waiting", NOW)
    replies.add_note(services, sam.id, ticket.id, text("note"), NOW)
    assert names_of(services, ticket.id) == ["ticket.log", "customer.log", "staff.log"]
    assert names_of(services, ticket.id, with_notes=True) == ["ticket.log", "customer.log", "staff.log", "note.log"]
    note = stored(services, Attachment)[3]
    assert attachments.attachment_of(services, ticket.id, note.id, with_notes=True).name == "note.log"
    with pytest.raises(NotFound):
        attachments.attachment_of(services, ticket.id, note.id, with_notes=False)


def test_a_file_is_found_only_on_its_own_ticket(services: Services) -> None:
    ada = build_customer(services)
    one = send(services, ada, keep(services).token).ticket
    other = send(services, ada, submission="form-2", subject="Another").ticket
    file = stored(services, Attachment)[0]
    assert attachments.attachment_of(services, one.id, file.id, with_notes=False).id == file.id
    for ticket_id, number in ((other.id, file.id), (one.id, file.id + 1)):
        with pytest.raises(NotFound):
            attachments.attachment_of(services, ticket_id, number, with_notes=True)


def test_a_reply_sent_twice_is_one_and_with_other_files_is_asked_about(services: Services) -> None:
    ada = build_customer(services)
    ticket = file_ticket(services, ada).ticket
    reply = replace(written("See the log."), files=(keep(services).token,))
    replies.reply_as_customer(services, ada.id, ticket.id, reply, NOW)
    replies.reply_as_customer(services, ada.id, ticket.id, reply, NOW)
    replies.reply_as_customer(services, ada.id, ticket.id, replace(reply, files=(keep(services).token,)), NOW)
    assert names_of(services, ticket.id) == ["app.log"]
    for files in ((), (keep(services, "other.log").token,)):
        with pytest.raises(ReplyReused):
            replies.reply_as_customer(services, ada.id, ticket.id, replace(reply, files=files), NOW)


def test_a_ticket_that_is_rolled_back_leaves_a_file_that_waits_and_is_swept_in_time(services: Services) -> None:
    ada = build_customer(services)
    kept = keep(services)

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    event.listen(services.database.engine, "commit", fail)
    try:
        with pytest.raises(RuntimeError):
            send(services, ada, kept.token)
    finally:
        event.remove(services.database.engine, "commit", fail)
    assert (stored(services, Ticket), stored(services, Attachment)) == ([], [])
    assert attachments.staged_files(services, [kept.token]) == (kept,)
    assert attachments.remove_expired(services, NOW + KeepFor().staged_files) == 0
    assert attachments.remove_expired(services, NOW + KeepFor().staged_files + SECOND) == 1
    assert stored_keys(services) == set()


def test_a_sweep_leaves_what_is_attached_or_still_waits(services: Services) -> None:
    ada = build_customer(services)
    attached, old = keep(services), keep(services)
    ticket = send(services, ada, attached.token).ticket
    later = NOW + KeepFor().staged_files
    young = Upload(services, "young.log", MOST)
    young.write(b"young")
    waits = young.finish(later)
    assert attachments.remove_expired(services, later + SECOND) == 1
    assert stored_keys(services) == {attached.token, waits.token}
    assert names_of(services, ticket.id) == ["app.log"]
    assert old.token not in stored_keys(services)


def test_a_half_that_a_killed_process_left_is_swept_in_time(sqlite_services: Services) -> None:
    half = Upload(sqlite_services, "app.log", MOST)
    half.write(b"half")
    now = datetime.now(UTC)
    assert attachments.remove_expired(sqlite_services, now) == 0
    assert attachments.remove_expired(sqlite_services, now + KeepFor().staged_files + SECOND) == 1
    assert stored_keys(sqlite_services) == set()
    half.abandon()


def test_a_file_can_be_removed_until_it_is_sent_and_not_after(services: Services) -> None:
    """Back and Remove: the browser that sent a file still knows its token."""
    ada = build_customer(services)
    sent, waiting = keep(services), keep(services)
    ticket = send(services, ada, sent.token).ticket
    for token in (sent.token, waiting.token, waiting.token, "x" * 43, "../secret-key"):
        attachments.discard_staged(services, token)
    assert attachments.staged_files(services, [waiting.token]) == ()
    (file,) = attachments.attachments_of(services, ticket.id, with_notes=False)
    assert b"".join(attachments.content(services, file)) == b"one line\n"


def test_removing_and_sending_at_once_never_leaves_a_row_without_its_file(services: Services) -> None:
    ada = build_customer(services)
    for number in range(10):
        kept = keep(services)

        def sent(token: str = kept.token, number: int = number) -> bool:
            try:
                send(services, ada, token, submission=f"form-{number}", subject=f"Subject {number}")
            except FilesGone:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            sending = pool.submit(sent)
            pool.submit(attachments.discard_staged, services, kept.token).result()
            assert sending.result() == (kept.token in stored_keys(services))
    assert {one.key for one in stored(services, Attachment)} == stored_keys(services)


def test_a_store_that_fails_keeps_the_ticket_from_being_half_stored(sqlite_services: Services) -> None:
    ada = build_customer(sqlite_services)
    kept = keep(sqlite_services)
    folder = sqlite_services.settings.var / "files"
    folder.rename(folder.with_name("away"))
    folder.write_text("in the way", "utf-8")
    with pytest.raises(OSError, match="files"):
        send(sqlite_services, ada, kept.token)
    assert stored(sqlite_services, Ticket) == []
    assert not file_ticket(sqlite_services, ada).duplicate, "without files it goes"


def test_a_filing_without_files_asks_neither_the_store_nor_the_table(sqlite_services: Services) -> None:
    ada = build_customer(sqlite_services)
    asked: list[str] = []
    event.listen(sqlite_services.database.engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    file_ticket(sqlite_services, ada)
    assert asked
    assert not [statement for statement in asked if "attachments" in statement]
    assert not (sqlite_services.settings.var / "files").exists()

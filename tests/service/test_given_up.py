"""Work of the worker that fails again and again is given up, told by one word, and tried again when asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from formapp import failed_work
from formapp.actors import OPERATOR
from formapp.attachments import jobs as attachment_jobs
from formapp.errors import NotFound, UseCaseError
from formapp.models import Attachment, ClockNotice, FailedWork
from formapp.operations import doctor, given_up, metrics
from formapp.services import Services
from formapp.tickets import replies, sla
from tests.attachments.odd_files import picture
from tests.builders import NOW, Clock, build_customer, file_ticket, keep_file, stored, written


def change(services: Services, statement: str) -> None:
    with services.write.begin() as database:
        database.execute(text(statement))


def fail_until_given_up(services: Services, clock: Clock, work: str) -> int:
    """Let the worker try as often as something is due; how often it tried."""
    tries = 0
    while not given_up.given_up(services):
        if work == "notices":
            tried = sla.record_due_notices(services, clock)
        elif work == "rendering":
            tried = replies.render_new(services, clock)
        else:
            tried = attachment_jobs.run_due(services, clock)
        tries += tried
        clock.now += timedelta(minutes=1) if not tried else timedelta()
        assert tries < 50
    return tries


def prepare(services: Services, work: str) -> None:
    ada = build_customer(services)
    token = keep_file(services, "shot.png", picture("PNG")())
    file_ticket(services, ada, priority="critical", files=(token,) if work == "preview" else ())
    if work == "rendering":
        replies.reply_as_customer(services, ada.id, 1, written("It is **down**"), NOW)


BREAK = {
    "notices": ("ALTER TABLE clock_notices RENAME TO away", "ALTER TABLE away RENAME TO clock_notices"),
    "rendering": (
        "CREATE TRIGGER broken BEFORE UPDATE OF html ON messages BEGIN SELECT RAISE(ABORT, 'no'); END",
        "DROP TRIGGER broken",
    ),
}
WORDS = {
    "notices": "Warnings of its deadlines",
    "rendering": "Layout of a message, which is shown as it was typed",
    "preview": "Preview of a picture: “shot.png”",
}


@pytest.mark.parametrize("work", WORDS)
def test_work_is_given_up_shown_and_tried_again(sqlite_services: Services, clock: Clock, work: str) -> None:
    services = sqlite_services
    prepare(services, work)
    clock.now = begun = NOW + timedelta(hours=2)
    if work == "preview":
        folder, away = (services.settings.var / name for name in ("files", "away"))
        folder.rename(away)
    else:
        change(services, BREAK[work][0])
    assert fail_until_given_up(services, clock, work) == failed_work.MOST_TRIES
    assert timedelta(hours=2) < clock.now - begun < timedelta(hours=8)
    (told,) = given_up.given_up(services)
    assert (told.reference, told.what) == ("SUP-1001", WORDS[work])
    assert told.reason.startswith("A file that it needs is missing" if work == "preview" else "The database refused it")
    assert given_up.counts(services) == {work: 1}
    assert metrics.figures_of(services, clock.now).given_up == {(work,): 1}
    (finding,) = [one for one in doctor.examine(services, clock.now).findings if one.check == "given up"]
    assert finding.what.startswith(f"{WORDS[work]}: given up, failing since 2026-11-24 ")

    clock.now += timedelta(days=30)
    for tried in (sla.record_due_notices(services, clock) if work == "notices" else 0,):
        assert tried == 0
    assert replies.render_new(services, clock) == attachment_jobs.run_due(services, clock) == 0

    if work == "preview":
        away.rename(folder)
    else:
        change(services, BREAK[work][1])
    given_up.try_again(services, OPERATOR, told.id, clock.now)
    assert given_up.given_up(services) == ()
    while sla.record_due_notices(services, clock) + replies.render_new(services, clock):
        pass
    attachment_jobs.run_due(services, clock)
    assert stored(services, FailedWork) == []
    assert all(file.preview == "made" for file in stored(services, Attachment))
    assert "missed" in {notice.kind for notice in stored(services, ClockNotice)}
    assert all(message.html for message in replies.messages_of(services, 1, with_notes=False))


def test_a_picture_that_is_none_is_no_work_that_failed(sqlite_services: Services, clock: Clock) -> None:
    token = keep_file(sqlite_services, "shot.png", picture("PNG")()[:60])
    file_ticket(sqlite_services, build_customer(sqlite_services), files=(token,))
    attachment_jobs.run_due(sqlite_services, clock)
    assert stored(sqlite_services, Attachment)[0].preview == "failed"
    assert stored(sqlite_services, FailedWork) == []


def test_what_is_still_tried_is_not_given_up(services: Services) -> None:
    file_ticket(services, build_customer(services))
    failed_work.put_off(services, "notices", 1, 1, ValueError("Ada's secret"), NOW)
    (row,) = stored(services, FailedWork)
    assert "Ada" not in row.reason
    assert given_up.given_up(services) == ()
    with pytest.raises(UseCaseError, match="has not been given up: it is tried again by itself"):
        given_up.try_again(services, OPERATOR, row.id, NOW)
    for number in (0, 99, 2**40):
        with pytest.raises(NotFound):
            given_up.try_again(services, OPERATOR, number, NOW)


def test_a_scanner_that_fails_is_told_by_the_doctor(sqlite_services: Services) -> None:
    file_ticket(sqlite_services, build_customer(sqlite_services), files=(keep_file(sqlite_services),))
    change(
        sqlite_services, "UPDATE attachments SET scan = 'failed', attempts = 4, work_at = '2026-11-24 15:00:00.000000'"
    )
    (finding,) = [one for one in doctor.examine(sqlite_services, NOW).findings if one.check == "file work"]
    assert finding.what == "1 file could not be scanned, in up to 4 tries."


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "It took too long"),
        (ChildProcessError(), "Its process was ended from outside"),
        (FileNotFoundError(), "A file that it needs is missing"),
        (OSError(), "The system refused a file or a process that it needs"),
        (MemoryError(), "There was not enough memory"),
        (UseCaseError("Ada's secret"), "A rule of the desk forbids it"),
        (KeyError("Ada's secret"), failed_work.UNFORESEEN),
    ],
)
def test_a_reason_is_told_in_plain_words_and_quotes_nobody(error: Exception, words: str) -> None:
    reason = failed_work.reason_of(error)
    assert reason.startswith(words)
    assert type(error).__name__ in reason
    assert "Ada" not in reason

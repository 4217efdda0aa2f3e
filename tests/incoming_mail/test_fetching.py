"""Fetching from a real mailbox: a mail leaves it once it is stored, whatever is killed or fails between."""

from __future__ import annotations

import imaplib
from dataclasses import replace
from typing import Any

import pytest

from formapp import worker
from formapp.incoming_mail import imap
from formapp.incoming_mail import receive as receiving
from formapp.models import IncomingMail, Message
from formapp.operations import lane_rounds
from formapp.operations.doctor.surroundings import mailbox_answers
from formapp.services import Services
from tests.builders import NOW, Clock, build_customer, file_ticket, stored
from tests.incoming_mail.conftest import MailServer
from tests.incoming_mail.mails import build_mail, outcomes, reading_mail


@pytest.fixture
def desk(sqlite_services: Services, mailbox: MailServer) -> Services:
    return reading_mail(sqlite_services, imap_url=mailbox.url)


def test_what_was_fetched_lies_in_a_folder_of_its_own(desk: Services, mailbox: MailServer) -> None:
    file_ticket(desk, build_customer(desk))
    mailbox.deliver(build_mail(subject="Re: SUP-1001"))
    mailbox.deliver(build_mail(subject="Something else", message_id="<two@shop.example>"))
    assert imap.fetch(desk, Clock()) == 2
    assert imap.fetch(desk, Clock()) == 0
    worker.run_once(desk, Clock())
    assert outcomes(desk) == [("added", ""), ("asked", "")]
    assert (mailbox.subjects("INBOX"), mailbox.subjects("Done")) == ([], ["Re: SUP-1001", "Something else"])


class Killed(BaseException):
    """As if the process had ended there."""


@pytest.mark.parametrize("step", ["before it is stored", "before it is moved", "after it is moved"])
def test_a_fetch_that_is_killed_loses_and_doubles_nothing(
    desk: Services, mailbox: MailServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """At each step of the fetch the process ends; the next one goes on."""
    file_ticket(desk, build_customer(desk))
    for number in range(3):
        mailbox.deliver(build_mail(f"Mail {number}", subject="Re: SUP-1001", message_id=f"<{number}@shop.example>"))
    real = {"before it is stored": imap.receive, "before it is moved": imap._move, "after it is moved": imap._move}[
        step
    ]
    calls = 0

    def ends(*given: Any) -> Any:
        nonlocal calls
        calls += 1
        if step == "after it is moved":
            done = real(*given)
        if calls == 2:
            raise Killed
        return done if step == "after it is moved" else real(*given)

    with monkeypatch.context() as patched:
        patched.setattr(imap, "receive" if step == "before it is stored" else "_move", ends)
        with pytest.raises(Killed):
            imap.fetch(desk, Clock())
    assert len(mailbox.subjects("INBOX")) + len(mailbox.subjects("Done")) == 3
    imap.fetch(desk, Clock())
    worker.run_once(desk, Clock())
    assert [message.body for message in stored(desk, Message)] == ["Mail 0", "Mail 1", "Mail 2"]
    assert (mailbox.subjects("INBOX"), len(mailbox.subjects("Done"))) == ([], 3)


def test_a_mail_that_is_too_large_is_set_aside_and_seen(
    desk: Services, mailbox: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "LARGEST", 1_000)
    mailbox.deliver(build_mail("x" * 2_000, subject="Large"))
    mailbox.deliver(build_mail(subject="Small", message_id="<two@shop.example>"))
    imap.fetch(desk, Clock())
    assert (mailbox.subjects("Failed"), mailbox.subjects("Done")) == (["Large"], ["Small"])
    assert [(mail.subject, mail.reason) for mail in stored(desk, IncomingMail)] == [
        ("Large", "too-large"),
        ("Small", ""),
    ]


def test_a_database_that_is_away_leaves_the_mail_where_it_is(
    desk: Services, mailbox: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.deliver(build_mail(subject="Re: SUP-1001"))

    def away(*_given: Any, **_named: Any) -> None:
        raise OSError("away")

    with monkeypatch.context() as patched:
        patched.setattr(receiving, "insert_for", away)
        with pytest.raises(OSError, match="away"):
            imap.fetch(desk, Clock())
    assert (mailbox.subjects("INBOX"), mailbox.subjects("Failed")) == (["Re: SUP-1001"], [])


def test_the_doctor_tries_the_mailbox(desk: Services, mailbox: MailServer) -> None:
    assert list(mailbox_answers(desk, NOW)) == []
    for url in (mailbox.url.replace("s%2Fe", "wrong"), mailbox.url.replace("/INBOX", "/Nowhere")):
        wrong = replace(desk, settings=replace(desk.settings, imap_url=url))
        (finding,) = mailbox_answers(wrong, NOW)
        assert finding.what.startswith("The mailbox can't be used: ")
    unnamed = replace(desk, settings=replace(desk.settings, incoming_address=""))
    assert [finding.level for finding in mailbox_answers(unnamed, NOW)] == ["warning"]


def test_a_worker_fetches_where_it_is_set_and_its_age_is_known(desk: Services) -> None:
    names = [lane.name for lane in worker.lanes(desk, Clock())]
    assert lane_rounds.FETCHING_MAIL in names
    lane_rounds.note(desk, lane_rounds.FETCHING_MAIL, NOW)
    later = NOW + lane_rounds.STALE_AFTER * 2
    assert set(lane_rounds.stale_lanes(desk, later)) == {lane_rounds.FETCHING_MAIL}
    without = replace(desk, settings=replace(desk.settings, imap_url=""))
    assert lane_rounds.FETCHING_MAIL not in [lane.name for lane in worker.lanes(without, Clock())]
    assert lane_rounds.stale_lanes(without, later) == {}


def test_a_mailbox_that_says_no_is_an_error_of_the_system(desk: Services, mailbox: MailServer) -> None:
    wrong = mailbox.url.replace("s%2Fe", "wrong")
    with pytest.raises(imap.MailboxFails):
        imap.fetch(replace(desk, settings=replace(desk.settings, imap_url=wrong)), Clock())
    assert issubclass(imap.MailboxFails, OSError)
    assert not issubclass(imaplib.IMAP4.error, OSError)

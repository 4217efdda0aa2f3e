"""The worker outlives what happens around it: what fails fails alone, and no lane waits for another."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from formapp import worker
from formapp.accounts import magic_links
from formapp.errors import LinkGone
from formapp.models import ClockNotice, FailedWork, StoredPolicy, Ticket
from formapp.notifications import outbox
from formapp.notifications.outbox import NewMessage
from formapp.operations import doctor, lane_rounds
from formapp.services import Services
from formapp.tickets import sla
from tests.builders import NOW, Clock, build_account, build_customer, file_ticket, stored, write_mail
from tests.service.mailserver import MailServer
from tests.service.working import comes_true, working


def rename(services: Services, old: str, new: str) -> None:
    with services.write.begin() as database:
        database.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_worker_goes_on_after_an_outage_of_the_database(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.02)
    number = write_mail(services)
    said = []

    def has_noticed() -> bool:
        said.append(capsys.readouterr().out)
        return "lane failed" in "".join(said)

    rename(services, "outbox", "away")
    try:
        with working(services):
            assert comes_true(has_noticed)
            rename(services, "away", "outbox")
            assert comes_true(lambda: outbox.latest_mails(services)[0].state == "kept")
    finally:
        with services.database.engine.connect() as connection:
            away = not services.database.engine.dialect.has_table(connection, "outbox")
        if away:
            rename(services, "away", "outbox")
    assert outbox.latest_mails(services)[0].id == number


@pytest.mark.parametrize("error", [ValueError, OSError, KeyError, RecursionError, SQLAlchemyError, UnicodeError])
def test_a_lane_goes_on_after_whatever_failed_in_it(
    sqlite_services: Services,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: type[Exception],
) -> None:
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.001)
    stop, rounds = Event(), []

    def work() -> int:
        rounds.append(len(rounds))
        if len(rounds) < 4:
            raise error("Ada's secret")
        stop.set()
        return 0

    worker._run_lane(sqlite_services, worker.Lane("odd", work), Clock(), stop)
    said = capsys.readouterr().out
    assert [json.loads(line)["failures"] for line in said.splitlines()] == [1, 2, 3]
    assert "Ada" not in said
    assert lane_rounds.last_rounds(sqlite_services) == {"odd": NOW}


def test_a_ticket_whose_notices_fail_holds_up_no_other(services: Services, clock: Clock) -> None:
    ada = build_customer(services)
    for number in range(2):
        file_ticket(services, ada, submission=f"form-{number}", subject=f"Outage {number}", priority="critical")
    with services.write.begin() as database:
        database.add(StoredPolicy(version="broken", canonical="{}", first_used_at=NOW))
        database.get_one(Ticket, 1).policy_version = "broken"
    clock.now = NOW + timedelta(hours=2)
    while sla.record_due_notices(services, clock):
        pass
    assert {(notice.ticket_id, notice.kind) for notice in stored(services, ClockNotice)} >= {(2, "missed")}
    (put_off,) = stored(services, FailedWork)
    assert (put_off.kind, put_off.item, put_off.attempts, put_off.given_up_at) == ("notices", 1, 1, None)
    assert timedelta(seconds=20) < put_off.retry_at - clock.now < timedelta(seconds=40)


def test_a_mail_server_that_hangs_delays_no_notice_of_the_clock(sqlite_services: Services) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mail_server:
        url = f"smtp://127.0.0.1:{mail_server.getsockname()[1]}"
        services = replace(sqlite_services, settings=replace(sqlite_services.settings, smtp_url=url))
        ada = build_customer(services)
        file_ticket(services, ada, priority="critical", now=NOW - timedelta(hours=2))
        with working(services):
            connection, _ = mail_server.accept()
            assert comes_true(lambda: any(notice.kind == "missed" for notice in stored(services, ClockNotice)))
            connection.close()
            mail_server.close()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    server = MailServer()
    server.start()
    yield server
    server.stop()


def test_a_sign_in_link_is_sent_while_ten_thousand_notifications_wait(
    sqlite_services: Services, mail_server: MailServer
) -> None:
    url = f"smtp://127.0.0.1:{mail_server.port}"
    services = replace(sqlite_services, settings=replace(sqlite_services.settings, smtp_url=url))
    build_account(services, "ada@shop.example")
    with services.write.begin() as database:
        waiting = [NewMessage("mail", "closed", "ben@shop.example", {}, f"<{number}@desk>") for number in range(10_000)]
        outbox.enqueue(database, waiting, NOW)
    magic_links.request_link(services, "ada@shop.example", NOW)
    begun = time.monotonic()
    with working(services):
        assert comes_true(lambda: "ada@shop.example" in [address for address, _ in mail_server.arrived])
        assert time.monotonic() - begun < 5


def test_the_time_of_a_link_counts_from_its_sending(services: Services, clock: Clock) -> None:
    build_account(services, "ada@shop.example")
    magic_links.request_link(services, "ada@shop.example", NOW)
    clock.now = NOW + timedelta(days=1)
    worker.run_once(services, clock)
    token = outbox.latest_mails(services)[0].payload["link"].rpartition("/")[2]
    just_in_time = clock.now + magic_links.LIFETIME - timedelta(seconds=1)
    assert magic_links.inspect_link(services, token, just_in_time).email == "ada@shop.example"
    with pytest.raises(LinkGone):
        magic_links.inspect_link(services, token, clock.now + magic_links.LIFETIME)


def test_a_lane_that_stands_still_is_told_by_the_doctor(sqlite_services: Services) -> None:
    for lane, age in (("mail", 4), ("clock", 6)):
        lane_rounds.note(sqlite_services, lane, NOW - timedelta(minutes=age))
    found = [one for one in doctor.examine(sqlite_services, NOW).findings if one.check == "worker"]
    assert [(one.where, one.what) for one in found] == [("lane clock", "It has finished no round for 6 minutes.")]


def test_a_worker_without_work_ends_at_once_when_told(sqlite_services: Services) -> None:
    began = time.monotonic()
    with working(sqlite_services):
        pass
    assert time.monotonic() - began < 5

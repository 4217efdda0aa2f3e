"""What machines ask of the desk: does it live, can it take tickets, how is it doing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from formapp import worker
from formapp.app import create_app
from formapp.database import schema
from formapp.operations import lane_rounds
from formapp.services import Services
from formapp.tickets import replies
from tests.builders import (
    NOW,
    Clock,
    build_customer,
    build_services,
    build_staff,
    file_ticket,
    keep_file,
    written,
)
from tests.web.conftest import Desk
from tests.web.page import Browser

TOKEN = "a token for the watcher"


def test_a_desk_that_serves_is_alive_and_ready(visitor: Browser) -> None:
    for path, words in (("/support/healthz", "ok\n"), ("/support/readyz", "ready\n")):
        answer = visitor.answer("GET", path)
        assert (answer.status_code, answer.text) == (200, words)
        assert answer.headers["Cache-Control"] == "no-store"


def test_without_its_database_it_lives_but_isnt_ready(desk: Desk, visitor: Browser) -> None:
    schema.downgrade(desk.services.database, "0001")
    assert visitor.answer("GET", "/support/healthz").status_code == 200
    behind = visitor.answer("GET", "/support/readyz")
    assert behind.status_code == 503
    assert re.search(r"at revision 0001, not \d+; run: formapp db upgrade", behind.text)
    with desk.services.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert "at revision None" in visitor.answer("GET", "/support/readyz").text


def test_a_mailbox_that_is_away_is_told_and_takes_no_desk_out_of_service(tmp_path: Path, clock: Clock) -> None:
    services = build_services(tmp_path, imap_url="imap://a:b@127.0.0.1:1/INBOX")
    visitor = Browser(create_app(services=services, clock=clock).test_client())
    lane_rounds.note(services, lane_rounds.FETCHING_MAIL, clock.now)
    assert visitor.answer("GET", "/support/readyz").text == "ready\n"
    clock.now += timedelta(minutes=10)
    late = visitor.answer("GET", "/support/readyz")
    assert (late.status_code, late.text) == (200, "ready\nthe mailbox was last looked into 10 minutes ago\n")


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory) -> Services:
    return build_services(tmp_path_factory.mktemp("watched"), metrics_token=TOKEN)


def figures(services: Services, clock: Clock, token: str = TOKEN) -> dict[str, float]:
    client = create_app(services=services, clock=clock).test_client()
    answer = client.get("/support/metrics", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    return {
        " ".join([sample.name, *(value for _, value in sorted(sample.labels.items()))]): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_the_figures_tell_what_waits_and_what_is_late(watched: Services, clock: Clock) -> None:
    assert figures(watched, clock)["support_oldest_open_seconds"] == 0
    ada, sam = build_customer(watched), build_staff(watched)
    for number, priority in enumerate(("critical", "critical", "high", "low")):
        file_ticket(watched, ada, subject=f"Number {number}", submission=f"form-{number}", priority=priority)
    clock.now += timedelta(hours=2)
    replies.reply_as_staff(watched, sam.id, 2, written("On it"), "open", NOW + timedelta(minutes=5))
    replies.reply_as_staff(watched, sam.id, 3, written("Which?"), "waiting", NOW + timedelta(minutes=5))

    found = figures(watched, clock)
    assert found["support_tickets critical open"] == 2
    assert found["support_tickets high waiting"] == 1
    assert found["support_oldest_open_seconds"] == 7200
    assert (found["support_overdue_tickets response"], found["support_overdue_tickets resolution"]) == (1, 0)
    assert found["support_outbox_messages mail due"] == 4
    assert found["support_outbox_oldest_seconds"] == 7200
    worker.run_once(watched, clock)
    assert "support_outbox_messages mail due" not in figures(watched, clock)
    clock.now += timedelta(hours=3)
    # Now both solutions are missed, but one of the two was answered in time.
    later = figures(watched, clock)
    assert (later["support_overdue_tickets response"], later["support_overdue_tickets resolution"]) == (1, 2)


def test_the_figures_tell_of_files_whose_scan_fails(watched: Services, clock: Clock) -> None:
    scanned = replace(watched, settings=replace(watched.settings, scan="command:/no/such/scanner"))
    file_ticket(scanned, build_customer(scanned), files=(keep_file(scanned),))
    assert figures(scanned, clock)["support_attachments_waiting pending"] == 1
    worker.run_once(scanned, clock)
    found = figures(scanned, clock)
    assert found["support_attachments_waiting failed"] == 1
    assert "support_attachments_waiting pending" not in found


@pytest.mark.parametrize("header", ["", "Bearer ", "Bearer wrong", "Bearer tøken", "Basic a token for the watcher"])
def test_without_the_token_there_are_no_figures(watched: Services, header: str) -> None:
    client = create_app(services=watched, clock=Clock()).test_client()
    answer = client.get("/support/metrics", headers={"Authorization": header.encode().decode("latin-1")})
    assert answer.status_code == 404


def test_where_no_token_is_set_nobody_reads_figures(visitor: Browser) -> None:
    assert visitor.answer("GET", "/support/metrics", headers={"Authorization": "Bearer "}).status_code == 404

"""The file that the guide's scoreboard shows: promises kept and missed, a day's figures at a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from formapp import worker
from formapp.services import Services
from formapp.tickets import replies
from formapp.tickets.scoreboard import Scoreboard
from formapp.widgets import NO_SCOREBOARD, SCOREBOARD_FILE
from tests.builders import Clock, build_customer, build_services, build_staff, file_ticket, written

OCTOBER = datetime(2026, 10, 6, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / SCOREBOARD_FILE).write_text(NO_SCOREBOARD)
    return folder


@pytest.fixture
def services(tmp_path: Path, site: Path) -> Services:
    """In October six tickets of high priority, one of them answered a week late, and a single normal one."""
    services = build_services(tmp_path, site_dir=site)
    ada, sam = build_customer(services), build_staff(services)
    for number in range(1, 7):
        file_ticket(services, ada, OCTOBER, submission=f"{number}", subject=f"Number {number}")
        answered = OCTOBER + (timedelta(days=7) if number == 6 else timedelta(minutes=30))
        replies.reply_as_staff(services, sam.id, number, written("Yes", f"r{number}"), "open", answered)
    file_ticket(services, ada, OCTOBER, submission="normal", subject="Normal", priority="normal")
    replies.reply_as_staff(services, sam.id, 7, written("Yes", "r7"), "open", OCTOBER + timedelta(minutes=30))
    # Of the present month nothing is told: much of it is undecided.
    for number in range(8, 14):
        file_ticket(services, ada, LATER, submission=f"{number}", subject=f"Number {number}")
    return services


def told(site: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((site / SCOREBOARD_FILE).read_text("utf-8"))
    return found


def test_the_last_whole_months_are_told_and_few_are_not_told_apart(services: Services, site: Path) -> None:
    assert Scoreboard(services).write(LATER)
    found = told(site)
    assert (found["day"], found["months"]) == ("2026-11-24", ["2026-08", "2026-09", "2026-10"])
    assert found["priorities"]["high"]["response"] == [None, None, [5, 1]]
    assert found["priorities"]["normal"] == {"response": [None, None, "few"], "resolution": [None, None, None]}


def test_it_is_counted_once_a_day_and_put_back_after_a_build(services: Services, site: Path) -> None:
    board = Scoreboard(services)
    assert [board.write(LATER), board.write(LATER + timedelta(minutes=1))] == [True, False]
    first = told(site)
    # Another worker finds the day's file and counts nothing.
    assert Scoreboard(services).write(LATER) is False
    (site / SCOREBOARD_FILE).write_text(NO_SCOREBOARD)
    assert board.write(LATER + timedelta(minutes=2)) is True
    assert told(site) == first
    assert board.write(LATER + timedelta(days=1)) is True
    assert told(site)["day"] == "2026-11-25"


@pytest.mark.parametrize("content", [b"\xff half", b"[]", b"{}"])
def test_a_file_that_is_broken_is_mended(services: Services, site: Path, content: bytes) -> None:
    (site / SCOREBOARD_FILE).write_bytes(content)
    assert Scoreboard(services).write(LATER) is True
    assert told(site)["months"]


def test_the_worker_writes_it_and_does_nothing_without_a_guide(services: Services, site: Path, tmp_path: Path) -> None:
    worker.run_once(services, Clock(LATER))
    assert told(site)["day"] == "2026-11-24"
    alone = build_services(tmp_path / "alone")
    assert Scoreboard(alone).write(LATER) is False


def test_a_folder_that_cannot_be_written_stops_nothing(services: Services, site: Path) -> None:
    (site / SCOREBOARD_FILE).unlink()
    site.rmdir()
    board = Scoreboard(services)
    assert [board.write(LATER), board.write(LATER)] == [False, False]
    site.mkdir()
    assert board.write(LATER) is True

"""The dates before filing: what they say is what a ticket then gets, and closures reach the guide."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from formapp import worker
from formapp.actors import OPERATOR
from formapp.cli.main import main
from formapp.hours import banner
from formapp.hours.closures import add_closure, cancel_closure
from formapp.hours.quote import Quote, quote_now
from formapp.services import Services
from formapp.widgets import CLOSURES_FILE, NO_CLOSURES
from tests.builders import NOW, Clock, build_customer, build_services, file_ticket

PARIS = ZoneInfo("Europe/Paris")
CHRISTMAS = (datetime(2026, 12, 24, 12, 0, tzinfo=PARIS), datetime(2026, 12, 28, 9, 0, tzinfo=PARIS))


def words_of(found: Quote) -> dict[str, tuple[str | None, str | None]]:
    return {
        dates.priority: (
            dates.response.words if dates.response else None,
            dates.resolution.words if dates.resolution else None,
        )
        for dates in found.dates
    }


def test_it_says_by_when_each_priority_is_answered(services: Services) -> None:
    found = quote_now(services, NOW)
    assert words_of(found) == {
        "critical": ("Tuesday 24 November, 16:00 Paris time", "Tuesday 24 November, 19:00 Paris time"),
        "high": ("Wednesday 25 November, 15:00 Paris time", None),
        "normal": ("Thursday 26 November, 15:00 Paris time", None),
        "low": (None, None),
    }
    assert found.state == "Support is open now, until 17:00 Paris time"


@pytest.mark.parametrize("minutes", [0, 1, 59, 300, 60 * 24 * 3, 60 * 24 * 30])
def test_a_ticket_filed_in_that_minute_gets_the_very_dates(services: Services, minutes: int) -> None:
    """With a closure announced, and wherever in the minute it is filed."""
    add_closure(services, OPERATOR, NOW + timedelta(hours=1), NOW + timedelta(hours=20), "Moving", NOW)
    ada = build_customer(services)
    now = NOW + timedelta(minutes=minutes, seconds=41)
    for dates in quote_now(services, now).dates:
        ticket = file_ticket(
            services, ada, now, priority=dates.priority, submission=f"{dates.priority}-{minutes}"
        ).ticket
        for shown, given in (
            (dates.response, ticket.response_due_at),
            (dates.resolution, ticket.resolution_due_at),
        ):
            assert (shown is None) == (given is None)
            if shown and given:
                assert timedelta(0) <= given - shown.instant < timedelta(minutes=1)


def test_an_announced_closure_moves_the_dates_from_then_on(services: Services) -> None:
    add_closure(
        services, OPERATOR, NOW + timedelta(hours=1), NOW + timedelta(days=1), "Moving", NOW + timedelta(minutes=5)
    )
    before, after = quote_now(services, NOW), quote_now(services, NOW + timedelta(minutes=5))
    assert words_of(before)["high"] == ("Wednesday 25 November, 15:00 Paris time", None)
    assert words_of(after)["high"] == ("Thursday 26 November, 14:05 Paris time", None)
    assert after.state == "Support is open now, until 16:00 Paris time"


@pytest.mark.parametrize(
    ("local", "words"),
    [
        (datetime(2026, 11, 24, 8, 59, tzinfo=PARIS), "Support is closed now, until 09:00 Paris time"),
        (datetime(2026, 11, 24, 9, 0, tzinfo=PARIS), "Support is open now, until 17:00 Paris time"),
        (
            datetime(2026, 11, 24, 17, 0, tzinfo=PARIS),
            "Support is closed now, until Wednesday 25 November, 09:00 Paris time",
        ),
        (
            datetime(2026, 11, 27, 17, 0, tzinfo=PARIS),
            "Support is closed now, until Monday 30 November, 09:00 Paris time",
        ),
        # A holiday, and the new year.
        (
            datetime(2026, 12, 31, 18, 0, tzinfo=PARIS),
            "Support is closed now, until Monday 4 January 2027, 09:00 Paris time",
        ),
    ],
)
def test_whether_support_is_open_in_words(sqlite_services: Services, local: datetime, words: str) -> None:
    assert quote_now(sqlite_services, local).state == words


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ('"09:00-24:00"', "Support is open now, until midnight Paris time"),
        ('"00:00-24:00"', "Support is open now"),
    ],
)
def test_open_until_midnight_and_always_in_words(tmp_path: Path, policy_text: str, window: str, words: str) -> None:
    policy = tmp_path / "support-policy.yml"
    days = "".join(f"    {day}: [{window}]\n" for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    head, _, rest = policy_text.partition("  hours:\n")
    _, _, after = rest.partition("  holidays:")
    _, _, after = after.partition("\npriorities:")
    policy.write_text(f"{head}  hours:\n{days}\npriorities:{after}")
    services = build_services(tmp_path, policy=policy)
    assert quote_now(services, NOW).state == words


# The file that the guide's pages read


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / CLOSURES_FILE).write_text(NO_CLOSURES)
    return folder


@pytest.fixture
def beside(tmp_path: Path, site: Path) -> Services:
    """A desk with a guide's folder beside it."""
    return build_services(tmp_path, site_dir=site)


def told(site: Path) -> list[str]:
    return [closure["words"] for closure in json.loads((site / CLOSURES_FILE).read_text("utf-8"))["closures"]]


def test_the_file_tells_each_closure_until_it_is_over(beside: Services, site: Path) -> None:
    assert banner.write(beside, NOW) is False
    add_closure(beside, OPERATOR, *CHRISTMAS, "Winter break", NOW)
    short = datetime(2026, 12, 1, 12, 0, tzinfo=PARIS)
    add_closure(beside, OPERATOR, short, short + timedelta(hours=2), "Moving <b>&</b> “more”", NOW)
    assert banner.write(beside, NOW) is True
    assert told(site) == [
        "Support is closed from Tuesday 1 December, 12:00 to 14:00 Paris time: Moving <b>&</b> “more”",
        "Support is closed from Thursday 24 December, 12:00 to Monday 28 December, 09:00 Paris time: Winter break",
    ]
    row = json.loads((site / CLOSURES_FILE).read_text("utf-8"))["closures"][1]
    assert (row["start"], row["end"]) == ("2026-12-24T11:00:00Z", "2026-12-28T08:00:00Z")
    assert banner.write(beside, short + timedelta(hours=3)) is True
    assert len(told(site)) == 1


def test_the_same_text_is_not_written_again(beside: Services, site: Path) -> None:
    add_closure(beside, OPERATOR, *CHRISTMAS, "Winter break", NOW)
    banner.write(beside, NOW)
    inode = (site / CLOSURES_FILE).stat().st_ino
    assert banner.write(beside, NOW + timedelta(days=1)) is False
    assert (site / CLOSURES_FILE).stat().st_ino == inode


def test_it_is_put_in_place_whole_and_any_server_can_read_it(beside: Services, site: Path) -> None:
    add_closure(beside, OPERATOR, *CHRISTMAS, "Winter break", NOW)
    old = (site / CLOSURES_FILE).open()
    banner.write(beside, NOW)
    with old:
        # Whoever had opened the old file still reads all of it.
        assert old.read() == NO_CLOSURES
    assert (site / CLOSURES_FILE).stat().st_mode & 0o777 == 0o644
    assert list(site.iterdir()) == [site / CLOSURES_FILE]


def test_a_folder_that_cannot_be_written_is_told_once_and_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = tmp_path / "gone"
    services = build_services(tmp_path, site_dir=gone)
    add_closure(services, OPERATOR, *CHRISTMAS, "Winter break", NOW)
    assert banner.write(services, NOW) is False
    assert banner.write(services, NOW) is False
    assert worker.run_once(services, Clock()) == 0
    logs = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["event"], line["reason"]) for line in logs] == [
        (f"{what} not written", "FileNotFoundError") for what in ("closures", "scoreboard")
    ]


def test_a_file_that_is_broken_is_mended(beside: Services, site: Path) -> None:
    (site / CLOSURES_FILE).write_bytes(b"\xff\xfe half")
    assert banner.write(beside, NOW) is True
    assert (site / CLOSURES_FILE).read_text() == NO_CLOSURES


def test_the_worker_brings_the_file_up_to_date_at_each_round(beside: Services, site: Path) -> None:
    made = add_closure(beside, OPERATOR, *CHRISTMAS, "Winter break", NOW)
    worker.run_once(beside, Clock())
    assert len(told(site)) == 1
    cancel_closure(beside, OPERATOR, made.id, NOW)
    worker.run_once(beside, Clock())
    assert told(site) == []


# The commands

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    services = build_services(tmp_path, site_dir=site)
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "DATABASE_URL": services.settings.database_url,
        "POLICY": str(services.settings.policy),
        "SITE_DIR": str(site),
        "VAR": str(tmp_path),
    }.items():
        monkeypatch.setenv(f"FORMAPP_{name}", value)
    services.database.engine.dispose()

    def command(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["closure", *words])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output.strip()

    return command


def test_a_closure_is_announced_listed_and_taken_back(run: Run, site: Path) -> None:
    year = datetime.now(UTC).year + 1
    code, said = run("add", f"{year}-12-24T12:00", f"{year}-12-28T09:00", "Winter break")
    assert code == 0
    assert said.startswith("Announced closure 1. Support is closed from ")
    assert said.endswith(f" 28 December {year}, 09:00 Paris time: Winter break")
    assert len(told(site)) == 1
    code, said = run("add", f"{year}-12-24T12:00:00+01:00", f"{year}-12-28T08:00:00+00:00", " Winter break ")
    assert (code, said) == (1, "Error: This closure is announced already")
    code, listed = run("list")
    assert (code, listed.split("\t")[0]) == (0, "1")
    assert run("cancel", "1") == (0, "Cancelled closure 1.")
    assert told(site) == []
    assert run("list") == (0, "")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("add", "Christmas", "2099-12-28T09:00", "x"), "as in 2026-12-24T12:00"),
        (("add", "2099-12-24T12:00", "2099-12-28", "x"), "The end must be a date and a time, as in 2026-12-24T12:00"),
        (("add", "2027-03-28T02:30", "2099-12-28T09:00", "x"), "There is no 02:30 on that day"),
        (("add", "2099-12-28T09:00", "2099-12-24T12:00", "x"), "The end must come after the start"),
        (("add", "2019-12-24T12:00", "2019-12-28T09:00", "x"), "The end must be in the future"),
        (("add", "2099-12-24T12:00", "2099-12-28T09:00", " "), "Enter what people will read"),
        (("cancel", "7"), "There is no closure 7"),
        (("cancel", "9" * 30), "is not in the range"),
    ],
)
def test_a_mistake_gets_a_sentence(run: Run, words: tuple[str, ...], sentence: str, site: Path) -> None:
    code, said = run(*words)
    assert code != 0
    assert sentence in said
    assert told(site) == []

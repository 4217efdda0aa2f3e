"""The promise for other programs: dates, policy and hours, as they come over the wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar
from werkzeug.test import Client, TestResponse

from formapp.actors import OPERATOR
from formapp.app import create_app
from formapp.hours.closures import add_closure, cancel_closure
from formapp.services import make_services
from formapp.widgets import promised
from supportpolicy import Closure, Policy
from tests.builders import NOW, Clock, build_services, build_settings
from tests.web.conftest import Desk

GUIDE = "https://guide.example"
FEEDS = ("dates.json", "policy.json", "hours.ics")
PARIS = ZoneInfo("Europe/Paris")
Get = Callable[..., TestResponse]


@pytest.fixture
def get(desk: Desk) -> Get:
    client = desk.app.test_client()

    def got(name: str, **headers: str) -> TestResponse:
        return client.get(f"/support/{name}", headers={key.replace("_", "-"): value for key, value in headers.items()})

    return got


def test_the_dates_if_one_files_now(get: Get, desk: Desk) -> None:
    answer = get("dates.json")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json == {
        "policy_version": desk.services.policy.version,
        "timezone": "Europe/Paris",
        "at": "2026-11-24T14:00:00Z",
        "support": {
            "open": True,
            "until": "2026-11-24T16:00:00Z",
            "words": "Support is open now, until 17:00 Paris time",
        },
        "promised": promised.written(desk.services.policy),
        "promises": {
            "critical": {
                "response": "within 1 hour, 24/7",
                "resolution": "4 hours, 24/7",
                "words": "Answer within 1 hour, 24/7, solution within 4 hours, 24/7",
            },
            "high": {
                "response": "1 business day",
                "resolution": "best effort",
                "words": "Answer within 1 business day",
            },
            "normal": {
                "response": "1-2 business days",
                "resolution": "best effort",
                "words": "Answer within 1-2 business days",
            },
            "low": {"response": "best effort", "resolution": "best effort", "words": "Answer as soon as we can"},
        },
        "hours": {
            "name": "Opening hours",
            "words": "Support is open Monday to Friday, 09:00 to 17:00 Paris time, closed on public holidays.",
        },
        "gone": "No longer offered",
        "priorities": {
            "critical": {
                "response": due("2026-11-24T15:00:00Z", "Tuesday 24 November, 16:00", "Tue 24 Nov, 16:00"),
                "resolution": due("2026-11-24T18:00:00Z", "Tuesday 24 November, 19:00", "Tue 24 Nov, 19:00"),
            },
            "high": {
                "response": due("2026-11-25T14:00:00Z", "Wednesday 25 November, 15:00", "Wed 25 Nov, 15:00"),
                "resolution": None,
            },
            "normal": {
                "response": due("2026-11-26T14:00:00Z", "Thursday 26 November, 15:00", "Thu 26 Nov, 15:00"),
                "resolution": None,
            },
            "low": {"response": None, "resolution": None},
        },
    }


def due(instant: str, words: str, short: str) -> dict[str, str]:
    return {"due": instant, "words": f"{words} Paris time", "short": f"{short} Paris time"}


def test_one_answer_serves_a_whole_minute_and_no_longer(get: Get, desk: Desk) -> None:
    first = get("dates.json")
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in first.headers
    desk.clock.now = NOW + timedelta(seconds=59)
    again = get("dates.json", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.get_data()) == (304, b"")
    desk.clock.now = NOW + timedelta(seconds=60)
    later = get("dates.json", If_None_Match=first.headers["ETag"])
    assert (later.status_code, later.json["at"]) == (200, "2026-11-24T14:01:00Z")  # type: ignore[index]


def test_an_announced_closure_counts_at_once(get: Get, desk: Desk) -> None:
    add_closure(desk.services, OPERATOR, NOW + timedelta(hours=1), NOW + timedelta(days=1), "Moving", NOW)
    answer: Any = get("dates.json").json
    assert answer["priorities"]["high"]["response"]["words"] == "Thursday 26 November, 14:00 Paris time"
    assert answer["support"]["words"] == "Support is open now, until 16:00 Paris time"


@pytest.mark.parametrize("name", FEEDS)
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        (GUIDE, True),
        ("https://guide.example.evil.example", False),
        ("https://evil.example", False),
        ("http://guide.example", False),
        ("https://guide.example:8443", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_pages_of_the_configured_origins_may_read_it(
    tmp_path: Path, name: str, origin: str, allowed: bool
) -> None:
    client = create_app(services=build_services(tmp_path, origins=frozenset({GUIDE})), clock=Clock()).test_client()
    answer = client.get(f"/support/{name}", headers={"Origin": origin} if origin else {})
    assert answer.status_code == 200
    assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert "Access-Control-Allow-Credentials" not in answer.headers
    # A cache that keeps it for one origin mustn't hand it to another.
    assert "Origin" in answer.headers["Vary"]


@pytest.fixture
def without_database(tmp_path: Path) -> Client:
    settings = build_settings(tmp_path, f"sqlite:///{tmp_path / 'no-such-folder' / 'desk.sqlite3'}")
    return create_app(services=make_services(settings), clock=Clock()).test_client()


@pytest.mark.parametrize("name", ["dates.json", "hours.ics"])
def test_while_the_database_is_away_programs_get_a_plain_answer(without_database: Client, name: str) -> None:
    answer = without_database.get(f"/support/{name}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/json")
    assert answer.json == {"error": "The database doesn't answer. Try again in a minute."}
    assert (answer.headers["Cache-Control"], answer.headers["Retry-After"]) == ("no-store", "60")


def test_the_policy_needs_no_database(without_database: Client) -> None:
    assert without_database.get("/support/policy.json").status_code == 200


def test_the_policy_is_whole_and_its_version_can_be_checked(get: Get, desk: Desk) -> None:
    answer = get("policy.json")
    assert answer.headers["Cache-Control"] == "public, max-age=3600"
    text = answer.get_data(as_text=True)
    found = json.loads(text)
    canonical = text.partition('"policy":')[2].removesuffix("}")
    assert found["version"] == desk.services.policy.version == sha256(canonical.encode()).hexdigest()
    assert Policy.from_canonical(canonical) == desk.services.policy
    assert get("policy.json", If_None_Match=answer.headers["ETag"]).status_code == 304


# The calendar


def calendar_of(get: Get) -> tuple[str, list[Any]]:
    answer = get("hours.ics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    text = answer.get_data().decode("utf-8")
    calendar = Calendar.from_ical(text)
    assert calendar.errors == []
    return text, calendar.walk("VEVENT")


def test_its_lines_are_those_of_the_standard(get: Get, desk: Desk) -> None:
    note = "Umzug; ins „neue“ Büro, 3 \\ 4 – " + "überall " * 20
    add_closure(desk.services, OPERATOR, NOW + timedelta(days=1), NOW + timedelta(days=2), note, NOW)
    text, events = calendar_of(get)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert "\r" not in text.replace("\r\n", "")
    lines = text.split("\r\n")
    assert max(len(line.encode()) for line in lines) == 75
    assert [str(event["SUMMARY"]) for event in events if "closure" in event["UID"]] == [
        f"Support is closed: {note.strip()}"
    ]
    for event in events:
        assert event.errors == []
        assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY"} <= set(event)
    uids = [str(event["UID"]) for event in events]
    assert len(uids) == len(set(uids))


def test_its_lines_read_by_hand_say_what_is_meant(get: Get, desk: Desk) -> None:
    """The library that wrote the file isn't asked."""
    note = "Umzug; ins „neue“ Büro, 3 \\ 4 – " + "überall " * 20
    made = add_closure(desk.services, OPERATOR, NOW + timedelta(days=1), NOW + timedelta(days=2), note, NOW)
    text = get("hours.ics").get_data().decode("utf-8")
    lines = text.replace("\r\n ", "").split("\r\n")
    first = lines.index("BEGIN:VEVENT")
    assert lines[0] == "BEGIN:VCALENDAR"
    assert sorted(lines[1:first]) == [
        "CALSCALE:GREGORIAN",
        "PRODID:-//support-guide//hours//EN",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "VERSION:2.0",
        "X-PUBLISHED-TTL:PT1H",
        "X-WR-CALNAME:Support hours",
        "X-WR-TIMEZONE:Europe/Paris",
    ]
    assert lines[-2:] == ["END:VCALENDAR", ""]
    events = "\n".join(lines[first:-2]).removesuffix("\nEND:VEVENT").split("\nEND:VEVENT\n")
    told = [dict(line.split(":", 1) for line in event.split("\n")) for event in events]
    assert told[0] == {
        "BEGIN": "VEVENT",
        "UID": "open-20261124T080000Z@127.0.0.1",
        "DTSTAMP": "20261124T000000Z",
        "DTSTART": "20261124T080000Z",
        "DTEND": "20261124T160000Z",
        "SUMMARY": "Support is open (Paris)",
        "TRANSP": "TRANSPARENT",
    }
    assert next(event for event in told if "DTSTART;VALUE=DATE" in event) == {
        "BEGIN": "VEVENT",
        "UID": "holiday-20261225@127.0.0.1",
        "DTSTAMP": "20261124T000000Z",
        "DTSTART;VALUE=DATE": "20261225",
        "DTEND;VALUE=DATE": "20261226",
        "SUMMARY": "Support is closed: public holiday",
        "TRANSP": "TRANSPARENT",
    }
    assert told[-1] == {
        "BEGIN": "VEVENT",
        "UID": f"closure-{made.id}@127.0.0.1",
        "DTSTAMP": "20261124T140000Z",
        "DTSTART": "20261125T140000Z",
        "DTEND": "20261126T140000Z",
        "SUMMARY": "Support is closed: Umzug\\; ins „neue“ Büro\\, 3 \\\\ 4 – " + ("überall " * 20).strip(),
        "TRANSP": "TRANSPARENT",
    }
    assert all({"UID", "DTSTAMP", "SUMMARY", "TRANSP"} <= set(event) for event in told)


def test_its_openings_are_what_the_clock_counts(get: Get, desk: Desk) -> None:
    """A year with both changes of the clock, holidays and two closures that overlap."""
    add_closure(desk.services, OPERATOR, NOW + timedelta(days=1), NOW + timedelta(days=3), "Moving", NOW)
    add_closure(desk.services, OPERATOR, NOW + timedelta(days=2), NOW + timedelta(days=4), "Still moving", NOW)
    closed = [
        Closure(NOW + timedelta(days=1), NOW + timedelta(days=3)),
        Closure(NOW + timedelta(days=2), NOW + timedelta(days=4)),
    ]
    _, events = calendar_of(get)
    openings = [(event.start, event.end) for event in events if str(event["UID"]).startswith("open-")]
    assert openings[0] == (datetime(2026, 11, 24, 8, tzinfo=UTC), datetime(2026, 11, 24, 16, tzinfo=UTC))
    policy = desk.services.policy
    first = datetime(2026, 11, 24, tzinfo=PARIS)
    for step in range(366):
        start, end = first + timedelta(days=step), first + timedelta(days=step + 1)
        told = sum(
            (min(until, end) - max(since, start) for since, until in openings if since < end and until > start),
            timedelta(),
        )
        assert told == policy.open_between(start, end, closed), start
    assert openings[-1][1] > datetime(2027, 11, 23, tzinfo=UTC)


def test_holidays_are_whole_days(get: Get) -> None:
    _, events = calendar_of(get)
    holidays = {event["DTSTART"].dt: event["DTEND"].dt for event in events if "holiday" in event["UID"]}
    assert holidays[date(2026, 12, 25)] == date(2026, 12, 26)


def test_an_event_keeps_its_name_from_day_to_day(get: Get, desk: Desk) -> None:
    made = add_closure(desk.services, OPERATOR, NOW + timedelta(days=7), NOW + timedelta(days=8), "Moving", NOW)
    first = get("hours.ics")
    desk.clock.now = NOW + timedelta(hours=5)
    assert get("hours.ics", If_None_Match=first.headers["ETag"]).status_code == 304
    _, today = calendar_of(get)
    desk.clock.now = NOW + timedelta(days=1)
    _, tomorrow = calendar_of(get)
    names = [{str(event["UID"]): event.start for event in events} for events in (today, tomorrow)]
    shared = set(names[0]) & set(names[1])
    assert len(shared) > 250
    assert all(names[0][uid] == names[1][uid] for uid in shared)
    cancel_closure(desk.services, OPERATOR, made.id, desk.clock())
    _, after = calendar_of(get)
    assert not [event for event in after if "closure" in event["UID"]]

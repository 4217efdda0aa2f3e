"""The clock: worked examples, and any calendar against a clock that counts minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supportpolicy import Calendar, Closure, NeverOpen, Policy, Priority, Promise, loads
from supportpolicy.deadlines import deadlines, open_between
from supportpolicy.opentime import OpenTime, as_utc
from supportpolicy.reading_calendar import ordinary_day

PARIS = ZoneInfo("Europe/Paris")
BEST = Promise("best effort", "best effort", 0)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


@pytest.mark.parametrize(
    ("priority", "opened", "due"),
    [
        ("high", "2026-11-24T15:00", "2026-11-25T15:00"),
        ("high", "2026-11-24T09:00", "2026-11-24T17:00"),  # exactly on closing time it stays
        ("high", "2026-11-24T17:00", "2026-11-25T17:00"),
        ("high", "2026-11-27T16:30", "2026-11-30T16:30"),  # a weekend
        ("high", "2026-11-28T11:00", "2026-11-30T17:00"),
        ("high", "2026-12-24T15:00", "2026-12-28T15:00"),  # a holiday and a weekend
        ("normal", "2026-11-24T15:00", "2026-11-26T15:00"),  # of 1-2 days the second
        ("critical", "2026-11-28T23:30", "2026-11-29T00:30"),
        ("critical", "2026-10-25T02:30", "2026-10-25T02:30+01:00"),  # clocks go back within the hour
    ],
)
def test_worked_examples(policy: Policy, priority: str, opened: str, due: str) -> None:
    expected = datetime.fromisoformat(due)
    expected = expected if expected.tzinfo else expected.replace(tzinfo=PARIS)
    assert policy.deadlines(priority, paris(opened)).response_due == expected.astimezone(UTC)


def test_best_effort_has_no_date(policy: Policy) -> None:
    found = policy.deadlines("low", paris("2026-11-24T15:00"))
    assert (found.response_due, found.resolution_due, found.paused) == (None, None, False)
    assert found.explain() == ()


def test_a_time_without_a_zone_is_refused(policy: Policy) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        policy.deadlines("high", datetime(2026, 11, 24, 15))  # noqa: DTZ001 - the point


def test_only_the_resolution_pauses(policy: Policy) -> None:
    opened = paris("2026-11-24T15:00")
    pause = (opened + timedelta(hours=1), opened + timedelta(hours=3))
    found = policy.deadlines("critical", opened, pauses=[pause])
    assert found.response_due == opened + timedelta(hours=1)
    assert found.resolution_due == opened + timedelta(hours=6)
    standing = policy.deadlines("critical", opened, pauses=[(opened + timedelta(hours=1), None)])
    assert (standing.resolution_due, standing.paused) == (None, True)
    assert standing.response_due == found.response_due


def test_the_response_clock_has_pauses_of_its_own(policy: Policy) -> None:
    opened = paris("2026-11-24T15:00")
    closed = (opened + timedelta(minutes=30), opened + timedelta(days=13), "The ticket was closed")
    found = policy.deadlines("critical", opened, response_pauses=[closed])
    assert found.response_due == opened + timedelta(days=13, minutes=30)
    assert found.resolution_due == opened + timedelta(hours=4)
    assert found.warn_at("response") == opened + timedelta(days=13, minutes=15)
    assert [(one.kind, one.note) for one in found.explain() if one.target == "response"] == [
        ("counted", "Counted, day and night"),
        ("paused", "The ticket was closed"),
        ("counted", "Counted, day and night"),
    ]
    assert policy.deadlines("critical", opened, response_pauses=[(closed[0], None)]).response_due is None


def test_a_closure_moves_business_time_only(policy: Policy) -> None:
    opened = paris("2026-11-24T15:00")
    closure = Closure(paris("2026-11-25T00:00"), paris("2026-11-26T00:00"), "Moving house")
    assert policy.deadlines("high", opened, closures=[closure]).response_due == paris("2026-11-26T15:00")
    assert policy.deadlines("critical", opened, closures=[closure]).response_due == opened + timedelta(hours=1)
    notes = [segment.note for segment in policy.deadlines("high", opened, closures=[closure]).explain()]
    assert "Moving house" in notes


def test_a_holiday_is_told_from_an_ordinary_night(policy: Policy) -> None:
    segments = policy.deadlines("high", paris("2026-12-24T15:00")).explain()
    assert [(segment.kind, segment.note) for segment in segments] == [
        ("counted", "Support is open"),
        ("holiday", "Closed, with a holiday"),
        ("counted", "Support is open"),
    ]
    night = policy.deadlines("high", paris("2026-11-24T15:00")).explain()[1]
    assert (night.kind, night.note) == ("closed", "Support is closed")


def test_a_calendar_that_never_opens_again_is_said_so(policy: Policy) -> None:
    forever = Closure(paris("2026-11-24T00:00"), paris("2046-11-24T00:00"))
    with pytest.raises(NeverOpen):
        policy.deadlines("high", paris("2026-11-24T15:00"), closures=[forever])


def test_a_long_promise_warns_four_hours_before(policy: Policy) -> None:
    week = Priority("p", "P", 0, Promise("", "business days", 5), Promise("", "elapsed", 100), ())
    found = deadlines(policy.open_time, week, paris("2026-11-24T15:00"))
    assert found.response_due == paris("2026-12-01T15:00")
    assert found.warn_at("response") == paris("2026-12-01T11:00")
    assert found.resolution_due is not None
    assert found.warn_at("resolution") == found.resolution_due - timedelta(hours=4)


def test_open_until_and_closed_until(policy: Policy) -> None:
    opened = policy.opening(paris("2026-11-24T15:00"))
    assert (opened.open, opened.until) == (True, paris("2026-11-24T17:00"))
    closed = policy.opening(paris("2026-11-27T17:00"))
    assert (closed.open, closed.until) == (False, paris("2026-11-30T09:00"))


def test_windows_that_touch_at_midnight_are_one_opening(policy_text: str) -> None:
    round_the_clock = loads(
        policy_text.replace('tue: ["09:00-17:00"]', 'tue: ["09:00-24:00"]').replace(
            'wed: ["09:00-17:00"]', 'wed: ["00:00-12:00", "13:00-17:00"]'
        )
    )
    assert round_the_clock.opening(paris("2026-11-24T15:00")).until == paris("2026-11-25T12:00")


ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC")
# Around days on which some of these zones change their clocks.
DAYS = st.sampled_from([date(2026, 3, 7), date(2026, 3, 28), date(2026, 4, 4), date(2026, 10, 3), date(2026, 10, 24)])


@st.composite
def windows(draw: st.DrawFn) -> tuple[tuple[int, int], ...]:
    edges = draw(st.lists(st.integers(0, 96), max_size=4, unique=True))
    edges = sorted(edges)[: len(edges) // 2 * 2]
    return tuple((edges[i] * 15, edges[i + 1] * 15) for i in range(0, len(edges), 2))


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = [draw(windows()) for _ in range(7)]
    if not any(hours):
        hours[0] = ((540, 1020),)
    first = draw(DAYS)
    holidays = frozenset(first + timedelta(days=n) for n in draw(st.lists(st.integers(-1, 4), max_size=2)))
    week = tuple(hours)
    return Calendar(ZoneInfo(draw(st.sampled_from(ZONES))), week, holidays, ordinary_day(week))


def is_open(calendar: Calendar, minute: datetime) -> bool:
    """What the clock on the wall says."""
    local = minute.astimezone(calendar.zone)
    at = local.hour * 60 + local.minute
    return local.date() not in calendar.holidays and any(a <= at < b for a, b in calendar.hours[local.weekday()])


@settings(max_examples=60, deadline=None)
@given(
    calendar=calendars(),
    day=DAYS,
    minute=st.integers(0, 3 * 1440),
    hours=st.integers(1, 9),
    pause=st.tuples(st.integers(0, 2000), st.integers(1, 900)),
    closure=st.tuples(st.integers(0, 2000), st.integers(1, 900)),
)
def test_any_calendar_agrees_with_a_clock_that_counts_minutes(
    calendar: Calendar, day: date, minute: int, hours: int, pause: tuple[int, int], closure: tuple[int, int]
) -> None:
    opened = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    promise = Promise("", "business hours", hours)
    priority = Priority("p", "P", 0, promise, promise, ())
    stop = (opened + timedelta(minutes=pause[0]), opened + timedelta(minutes=sum(pause)))
    shut = Closure(opened + timedelta(minutes=closure[0]), opened + timedelta(minutes=sum(closure)), "Closed")
    found = deadlines(OpenTime(calendar), priority, opened, [stop], [shut])

    def counted(until: datetime, *, pausing: bool) -> int:
        total, now = 0, opened
        while now < until:
            inside = shut.start <= now < shut.end or (pausing and stop[0] <= now < stop[1])
            total += not inside and is_open(calendar, now)
            now += timedelta(minutes=1)
        return total

    for due, pausing in ((found.response_due, False), (found.resolution_due, True)):
        assert due is not None
        # Due at the first instant by which the promised time has run: not a minute before.
        if due - opened <= timedelta(days=4):
            assert counted(due, pausing=pausing) == hours * 60
            # and the last minute before it was one that counts
            assert is_open(calendar, due - timedelta(minutes=1))
        warning = found.warn_at("resolution" if pausing else "response")
        assert warning is not None
        if warning - opened <= timedelta(days=4):
            # A quarter is left, and somebody is there to read it.
            assert counted(warning, pausing=pausing) == hours * 45
            assert is_open(calendar, warning)
            assert not shut.start <= warning < shut.end


@settings(max_examples=60, deadline=None)
@given(calendar=calendars(), day=DAYS, minute=st.integers(0, 1440), days=st.integers(1, 3))
def test_the_explanation_adds_up(calendar: Calendar, day: date, minute: int, days: int) -> None:
    opened = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    promise = Promise("", "business days", days)
    found = deadlines(OpenTime(calendar), Priority("p", "P", 0, promise, BEST, ()), opened)
    segments = found.explain()
    counted = sum((segment.counted for segment in segments), timedelta())
    assert counted == timedelta(minutes=days * calendar.day_minutes)
    # In UTC: where clocks go back, an hour's local times equal nothing in another zone.
    stretches = [(as_utc(segment.start), as_utc(segment.end)) for segment in segments if segment.kind != "clock change"]
    assert (stretches[0][0], stretches[-1][1]) == (opened, found.response_due)
    for one, following in pairwise(stretches):
        assert one[1] == following[0]
    assert open_between(OpenTime(calendar), opened, stretches[-1][1]) == counted


@settings(max_examples=60, deadline=None)
@given(
    calendar=calendars(),
    day=DAYS,
    minute=st.integers(0, 1440),
    promise=st.sampled_from([Promise("", "business hours", 7), Promise("", "elapsed", 30)]),
    pause=st.tuples(st.integers(0, 2000), st.integers(1, 900)),
    closure=st.tuples(st.integers(0, 2000), st.integers(1, 900)),
)
def test_the_explanation_counts_nothing_twice_and_shows_what_was_left_out(
    calendar: Calendar, day: date, minute: int, promise: Promise, pause: tuple[int, int], closure: tuple[int, int]
) -> None:
    opened = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=minute)
    stop = (opened + timedelta(minutes=pause[0]), opened + timedelta(minutes=sum(pause)))
    shut = Closure(opened + timedelta(minutes=closure[0]), opened + timedelta(minutes=sum(closure)), "Moving house")
    open_time = OpenTime(calendar)
    found = deadlines(open_time, Priority("p", "P", 0, promise, promise, ()), opened, [stop], [shut])
    elapsed = promise.kind == "elapsed"

    for target, due in (("response", found.response_due), ("resolution", found.resolution_due)):
        assert due is not None
        segments = [segment for segment in found.explain() if segment.target == target]
        told = {
            # In UTC: the zone's clock may be changed in between.
            kind: sum((as_utc(one.end) - as_utc(one.start) for one in segments if one.kind == kind), timedelta())
            for kind in ("counted", "paused", "closure")
        }
        assert told["counted"] == sum((segment.counted for segment in segments), timedelta())
        assert told["counted"] == timedelta(hours=promise.amount)
        stopped = min(stop[1], due) - stop[0] if target == "resolution" and stop[0] < due else timedelta()
        assert told["paused"] == stopped
        moved = not elapsed and shut.start < due
        assert told["closure"] == (open_between(open_time, shut.start, min(shut.end, due)) if moved else timedelta())
        without = [*([stop] if target == "resolution" else []), *([] if elapsed else [(shut.start, shut.end)])]
        for segment in segments:
            if segment.kind == "counted":
                assert all(segment.end <= start or segment.start >= end for start, end in without)
                assert elapsed or open_between(open_time, segment.start, segment.end) == segment.counted

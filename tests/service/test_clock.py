"""The clock of a ticket: what stops it, what pauses it, what it says, and what may never change it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from formapp import worker
from formapp.actors import OPERATOR
from formapp.database import schema
from formapp.errors import AnswerMissing, NotFound, UseCaseError
from formapp.hours import closures
from formapp.models import Account, ClockNotice, Event, OutboxMessage, StoredClosure, Ticket
from formapp.operations.doctor import examine
from formapp.services import Services
from formapp.tickets import queries, replies, triage
from formapp.tickets.sla import load_targets, record_due_notices
from formapp.tickets.time_left import times_left
from supportpolicy import Policy, Segment, loads
from tests.builders import NOW, REASON, Clock, build_customer, build_staff, file_ticket, written

PARIS = ZoneInfo("Europe/Paris")


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


def local(instant: datetime | None) -> str:
    return "" if instant is None else f"{instant.astimezone(PARIS):%a %d %H:%M}"


@pytest.fixture
def ada(services: Services) -> Account:
    return build_customer(services)


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def the_ticket(services: Services, number: int = 1) -> Ticket:
    with services.read() as database:
        return database.get_one(Ticket, number)


def notices(services: Services) -> list[tuple[str, str, str]]:
    with services.read() as database:
        rows = database.scalars(select(ClockNotice).order_by(ClockNotice.at, ClockNotice.kind))
        return [(row.target, row.kind, local(row.at)) for row in rows]


def kinds(services: Services) -> list[str]:
    with services.read() as database:
        return list(database.scalars(select(Event.kind).order_by(Event.id)))


def explained(services: Services, target: str) -> list[Segment]:
    with services.read() as database:
        found = load_targets(services, database, database.get_one(Ticket, 1)).deadlines
    return [segment for segment in found.explain() if segment.target == target]


def look_at(services: Services, clock: Clock, day: str, *times: str) -> None:
    """The worker goes round at these times of a day, where something changes, and once more at each."""
    for time in times:
        clock.now = paris(f"{day}T{time}")
        worker.run_once(services, clock)
        worker.run_once(services, clock)


def test_each_warning_comes_once_however_often_the_clock_is_looked_at(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada, priority="high")  # Tuesday 15:00; one business day: Wednesday 15:00
    look_at(services, clock, "2026-11-24", "15:15", "17:00", "17:15", "23:45")
    look_at(services, clock, "2026-11-25", "00:00", "08:45", "09:00", "09:15", "12:45", "13:00", "13:15")
    look_at(services, clock, "2026-11-25", "14:45", "15:00", "15:15", "17:00", "17:15")
    look_at(services, clock, "2026-11-26", "00:00", "09:00", "13:00", "15:00", "17:00")
    look_at(services, clock, "2026-11-27", "00:00", "09:00", "12:00")

    assert notices(services) == [("response", "due-soon", "Wed 25 13:00"), ("response", "missed", "Wed 25 15:00")]
    assert kinds(services) == ["opened", "due-soon", "missed"]
    with services.read() as database:
        mails = database.scalars(select(OutboxMessage.kind).where(OutboxMessage.recipient == sam.email)).all()
    assert sorted(mails) == ["staff-due-soon", "staff-missed", "staff-new"]


def test_eight_workers_record_a_miss_once(services: Services, ada: Account) -> None:
    for number in range(5):
        file_ticket(services, ada, priority="critical", subject=f"Number {number}", submission=f"form-{number}")
    late = Clock(NOW + timedelta(hours=9))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: record_due_notices(services, late), range(16)))
    assert kinds(services).count("missed") == 10  # a response and a resolution each
    assert len(notices(services)) == 10


def test_the_database_takes_each_notice_once(services: Services, ada: Account) -> None:
    file_ticket(services, ada, priority="critical")
    record_due_notices(services, Clock(NOW + timedelta(hours=9)))
    for target in ("response", "resolution"):
        with pytest.raises(IntegrityError), services.write.begin() as database:
            database.execute(insert(ClockNotice).values(ticket_id=1, target=target, kind="missed", at=NOW))
    assert len(notices(services)) == 2


def test_nobody_is_warned_while_support_is_closed(services: Services, ada: Account) -> None:
    # Two of eight open hours are left at closing time; the warning waits for Wednesday morning.
    file_ticket(services, ada, paris("2026-11-24T11:00"), priority="high")
    clock = Clock()
    look_at(services, clock, "2026-11-24", "17:00", "17:15", "23:45")
    look_at(services, clock, "2026-11-25", "00:00", "00:15", "08:45")
    assert notices(services) == []
    look_at(services, clock, "2026-11-25", "09:00")
    assert notices(services) == [("response", "due-soon", "Wed 25 09:00")]


def test_a_worker_that_was_down_warns_nobody_at_midnight(services: Services, ada: Account) -> None:
    file_ticket(services, ada, paris("2026-11-24T10:00"), priority="high")
    clock = Clock(paris("2026-11-25T00:30"))
    worker.run_once(services, clock)
    assert notices(services) == []
    look_at(services, clock, "2026-11-25", "08:45", "09:00", "09:15")
    assert notices(services)[0] == ("response", "due-soon", "Wed 25 09:00")


def test_a_promise_of_day_and_night_warns_day_and_night(services: Services, ada: Account) -> None:
    file_ticket(services, ada, paris("2026-11-28T23:30"), priority="critical")
    clock = Clock()
    look_at(services, clock, "2026-11-28", "23:45")
    look_at(services, clock, "2026-11-29", "00:00", "00:15", "00:30")
    assert notices(services) == [("response", "due-soon", "Sun 29 00:15"), ("response", "missed", "Sun 29 00:30")]


def test_the_first_staff_reply_stops_the_response_clock(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada, priority="high")
    clock.now += timedelta(hours=1)
    replies.add_note(services, sam.id, 1, written("Looks like the cache"), clock.now)
    assert the_ticket(services).answered_at is None, "a note is no answer"
    replies.reply_as_customer(services, ada.id, 1, written("One more thing"), clock.now)
    assert the_ticket(services).answered_at is None, "nor is what the customer adds"
    replies.reply_as_staff(services, sam.id, 1, written("We look into it"), "open", clock.now)
    first = clock.now
    look_at(services, clock, "2026-11-24", "16:15", "17:00", "23:45")
    look_at(services, clock, "2026-11-25", "09:00", "13:00", "13:15", "15:00", "15:15", "17:00")
    look_at(services, clock, "2026-11-26", "00:00", "09:00", "12:00")
    replies.reply_as_staff(services, sam.id, 1, written("Still at it"), "open", clock.now)

    assert the_ticket(services).answered_at == first
    assert notices(services) == []


def test_an_answer_after_the_due_date_has_missed_it_even_where_no_worker_looked(
    services: Services, ada: Account, sam: Account
) -> None:
    file_ticket(services, ada, priority="critical")
    late = NOW + timedelta(hours=1, seconds=1)
    replies.reply_as_staff(services, sam.id, 1, written("Sorry"), "open", late)
    assert kinds(services) == ["opened", "missed", "replied"]


def test_waiting_for_the_customer_pauses_the_resolution_and_says_so(
    services: Services, ada: Account, sam: Account
) -> None:
    file_ticket(services, ada, priority="critical")  # solved within 4 hours: 19:00
    replies.reply_as_staff(services, sam.id, 1, written("Which browser?"), "waiting", paris("2026-11-24T16:00"))
    waiting = the_ticket(services)
    assert (waiting.state, waiting.resolution_due_at, waiting.notice_at) == ("waiting", None, None)

    replies.reply_as_customer(services, ada.id, 1, written("Firefox"), paris("2026-11-24T18:30"))
    ticket = the_ticket(services)
    assert (ticket.state, local(ticket.resolution_due_at)) == ("open", "Tue 24 21:30")
    assert [
        (segment.kind, local(segment.start), local(segment.end)) for segment in explained(services, "resolution")
    ] == [
        ("counted", "Tue 24 15:00", "Tue 24 16:00"),
        ("paused", "Tue 24 16:00", "Tue 24 18:30"),
        ("counted", "Tue 24 18:30", "Tue 24 21:30"),
    ]
    assert local(ticket.response_due_at) == "Tue 24 16:00", "the response never pauses"


def test_time_between_closing_and_reopening_isnt_counted(services: Services, ada: Account, sam: Account) -> None:
    file_ticket(services, ada, priority="critical")
    triage.close(services, sam.id, 1, paris("2026-11-24T15:30"))
    triage.reopen(services, ada.id, 1, paris("2026-11-25T15:30"))
    assert local(the_ticket(services).resolution_due_at) == "Wed 25 19:00"
    paused = [segment for segment in explained(services, "resolution") if segment.kind == "paused"]
    assert [segment.note for segment in paused] == ["The ticket was closed"]


def test_the_answer_of_a_reopened_ticket_isnt_late_by_the_time_it_was_closed(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada, priority="critical")  # answered within an hour: 16:00
    triage.close(services, ada.id, 1, paris("2026-11-24T15:30"))
    clock.now = paris("2026-12-07T10:00")
    worker.run_once(services, clock)
    triage.reopen(services, ada.id, 1, clock.now)
    worker.run_once(services, clock)

    assert local(the_ticket(services).response_due_at) == "Mon 07 10:30"
    assert notices(services) == []
    assert [(segment.kind, segment.note) for segment in explained(services, "response")] == [
        ("counted", "Counted, day and night"),
        ("paused", "The ticket was closed"),
        ("counted", "Counted, day and night"),
    ]
    # Answered, and closed again: what comes after the answer changes its date no more.
    replies.reply_as_staff(services, sam.id, 1, written("We look"), "closed", paris("2026-12-07T10:10"))
    triage.reopen(services, ada.id, 1, paris("2026-12-09T10:00"))
    assert local(the_ticket(services).response_due_at) == "Mon 07 10:30"
    with services.read() as database:
        found = load_targets(services, database, database.get_one(Ticket, 1)).deadlines
    assert local(found.response_due) == "Mon 07 10:30"


def test_what_was_missed_before_closing_grows_no_later_while_closed(services: Services, ada: Account) -> None:
    file_ticket(services, ada, priority="critical")
    triage.close(services, ada.id, 1, paris("2026-11-24T16:20"))
    triage.reopen(services, ada.id, 1, paris("2026-12-07T10:00"))
    now = paris("2026-12-07T10:05")
    left = times_left(services, [the_ticket(services)], now)[1]
    assert (left.urgency, left.time) == ("missed", -timedelta(minutes=25))


def test_an_upgrade_moves_the_answer_of_tickets_that_were_reopened(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    for number in range(1, 5):
        file_ticket(services, ada, priority="critical", subject=f"Number {number}", submission=f"form-{number}")
    for number in (1, 2, 3):
        triage.close(services, ada.id, number, paris("2026-11-24T15:30"))
    for number in (1, 2):
        triage.reopen(services, ada.id, number, paris("2026-12-07T10:00"))
    replies.reply_as_staff(services, sam.id, 2, written("We look"), "open", paris("2026-12-07T10:10"))
    moved = {number: stored_times(services, number) for number in range(1, 5)}
    # As an earlier release left them: the answer missed at once, and everybody told so.
    with services.write.begin() as database:
        for number in (1, 2):
            ticket = database.get_one(Ticket, number)
            ticket.response_due_at = paris("2026-11-24T16:00")
            database.add(ClockNotice(ticket_id=number, target="response", kind="missed", at=paris("2026-12-07T10:01")))
        database.get_one(Ticket, 1).queue_at = paris("2026-11-24T16:00")
    services.database.engine.dispose()
    schema.downgrade(services.database, "0007")
    schema.upgrade(services.database)

    assert {number: stored_times(services, number) for number in range(1, 5)} == moved
    clock.now = paris("2026-12-07T10:20")
    record_due_notices(services, clock)
    with services.read() as database:
        rows = database.scalars(select(ClockNotice).where(ClockNotice.target == "response"))
        assert sorted((row.ticket_id, row.kind, local(row.at)) for row in rows if row.ticket_id != 4) == [
            (1, "due-soon", "Mon 07 10:20"),
            (2, "missed", "Mon 07 10:01"),
        ]


def stored_times(services: Services, number: int) -> tuple[datetime | None, datetime | None, datetime]:
    ticket = the_ticket(services, number)
    return ticket.response_due_at, ticket.resolution_due_at, ticket.queue_at


def test_a_corrected_answer_counts_from_filing_and_the_event_says_why(
    services: Services, ada: Account, sam: Account
) -> None:
    told = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
    file_ticket(services, ada, priority="critical", answers=told)
    half = told | {"workaround": "holds"}
    with pytest.raises(AnswerMissing) as missing:
        triage.correct_answers(services, sam.id, 1, half, paris("2026-11-24T15:20"), seen=1, reason=REASON)
    assert missing.value.question == "severity"
    right = half | {"severity": "minor"}
    found = triage.correct_answers(services, sam.id, 1, right, paris("2026-11-24T15:20"), seen=1, reason=REASON)

    ticket = the_ticket(services)
    expected = services.policy.deadlines(found, NOW)
    assert found == ticket.priority == "normal"
    assert (ticket.response_due_at, ticket.resolution_due_at) == (expected.response_due, expected.resolution_due)
    (event,) = [event for event in queries.events_of(services, 1) if event.kind == "priority-changed"]
    assert event.account_id == sam.id
    assert event.details["priority"] == ["critical", found]
    assert event.details["answers"] == {"workaround": ["none", "holds"], "severity": [None, "minor"]}
    before, after = event.details["due"]
    assert before["response"] == paris("2026-11-24T16:00").isoformat()
    assert after["response"] == (expected.response_due.isoformat() if expected.response_due else None)
    assert event.details["because"]


def test_other_answers_with_the_same_priority_are_no_new_promise(
    services: Services, ada: Account, sam: Account
) -> None:
    told = {"need": "broken", "environment": "production", "impact": "down", "workaround": "holds", "severity": "major"}
    file_ticket(services, ada, priority="high", answers=told)
    closures.add_closure(
        services,
        OPERATOR,
        paris("2026-11-25T00:00"),
        paris("2026-11-26T00:00"),
        "Moving house",
        NOW + timedelta(minutes=1),
    )
    at = NOW + timedelta(minutes=20)
    assert triage.correct_answers(services, sam.id, 1, told | {"impact": "data"}, at, seen=1, reason=REASON) == "high"
    replies.reply_as_customer(services, ada.id, 1, written("One more thing"), at)

    assert the_ticket(services).answers["impact"] == "data"
    assert local(the_ticket(services).response_due_at) == "Wed 25 15:00"
    assert [segment.note for segment in explained(services, "response") if segment.kind == "closure"] == []
    assert kinds(services) == ["opened", "priority-changed", "replied"]
    with services.read() as database:
        announced = database.scalars(select(OutboxMessage.kind).where(OutboxMessage.channel == "announcement")).all()
    assert sorted(announced) == ["opened", "replied"]
    slower = told | {"impact": "down", "severity": "minor"}
    assert triage.correct_answers(services, sam.id, 1, slower, at, seen=3, reason=REASON) == "normal"
    assert local(the_ticket(services).response_due_at) == "Fri 27 15:00", "a new promise knows of the closure"


def test_a_later_policy_rewrites_no_promise(services: Services, ada: Account, sam: Account, policy_text: str) -> None:
    file_ticket(services, ada, priority="critical")
    slower: Policy = loads(
        policy_text.replace("within 1 hour, 24/7", "within 3 hours, 24/7")
        .replace("resolution: 4 hours, 24/7", "resolution: 6 hours, 24/7")
        .replace('tue: ["09:00-17:00"]', 'tue: ["09:00-12:00"]')
    )
    assert slower.version != services.policy.version
    later = replace(services, policy=slower)
    replies.reply_as_staff(later, sam.id, 1, written("Which one?"), "waiting", NOW + timedelta(minutes=30))
    replies.reply_as_customer(later, ada.id, 1, written("This one"), NOW + timedelta(minutes=40))

    ticket = the_ticket(later)
    assert ticket.policy_version == services.policy.version
    assert ticket.response_due_at == NOW + timedelta(hours=1)
    assert ticket.resolution_due_at == NOW + timedelta(hours=4, minutes=10)
    second = file_ticket(later, ada, subject="Another", submission="form-2", priority="critical").ticket
    assert second.response_due_at == NOW + timedelta(hours=3)
    assert second.resolution_due_at == NOW + timedelta(hours=6)
    # Not even another priority brings the later policy in: its Tuesday is over at noon.
    minor = {"need": "broken", "environment": "production", "impact": "other", "severity": "major"}
    assert triage.correct_answers(later, sam.id, 1, minor, NOW + timedelta(minutes=50), seen=3, reason=REASON) == "high"
    assert local(the_ticket(later).response_due_at) == "Wed 25 15:00"


def test_a_closure_counts_for_promises_given_from_then_on(services: Services, ada: Account) -> None:
    file_ticket(services, ada, priority="high")
    closure = closures.add_closure(
        services,
        OPERATOR,
        paris("2026-11-25T00:00"),
        paris("2026-11-26T00:00"),
        "Moving house",
        NOW + timedelta(minutes=1),
    )
    file_ticket(services, ada, NOW + timedelta(minutes=2), subject="After it", submission="2", priority="high")
    closures.cancel_closure(services, OPERATOR, closure.id, NOW + timedelta(minutes=3))
    file_ticket(services, ada, NOW + timedelta(minutes=4), subject="Taken back", submission="3", priority="high")

    assert [local(the_ticket(services, number).response_due_at) for number in (1, 2, 3)] == [
        "Wed 25 15:00",
        "Thu 26 15:02",
        "Wed 25 15:04",
    ]
    # Asked again, each is explained by what counted when it was given.
    for number in (1, 2, 3):
        with services.read() as database:
            ticket = database.get_one(Ticket, number)
            assert load_targets(services, database, ticket).deadlines.response_due == ticket.response_due_at
    with services.read() as database:
        found = load_targets(services, database, database.get_one(Ticket, 2)).deadlines.explain()
    assert [segment.note for segment in found if segment.kind == "closure"] == ["Moving house"]


def test_a_closure_that_cant_be_is_refused(services: Services) -> None:
    later = NOW + timedelta(days=1)
    for start, end, note, field in (
        (later, later, "Nothing", "end"),
        (NOW - timedelta(days=2), NOW - timedelta(days=1), "Past", "end"),
        (NOW, later, "\u200b", "note"),
        (NOW, later, "x" * 201, "note"),
        (NOW, NOW + timedelta(days=4000), "For ever", "end"),
    ):
        with pytest.raises(UseCaseError) as refused:
            closures.add_closure(services, OPERATOR, start, end, note, NOW)
        assert refused.value.field == field
    assert closures.upcoming_closures(services, NOW) == ()
    with pytest.raises(NotFound):
        closures.cancel_closure(services, OPERATOR, 7, NOW)


def test_closures_that_together_leave_no_open_time_are_refused(services: Services) -> None:
    years = [NOW + timedelta(days=365 * number) for number in range(13)]
    announced = []
    for start, end in ((0, 4), (4, 8)):
        announced.append(closures.add_closure(services, OPERATOR, years[start], years[end], "Long", NOW))
    for start, end in ((8, 12), (7, 11)):
        with pytest.raises(UseCaseError, match="With the closures that are announced already") as refused:
            closures.add_closure(services, OPERATOR, years[start], years[end], "Too long", NOW)
        assert refused.value.field == "end"
    # An hour a year is open time, but not enough for each promise.
    hour = years[8] + timedelta(hours=1)
    with pytest.raises(UseCaseError, match="With the closures"):
        closures.add_closure(services, OPERATOR, hour, years[12], "With an hour between", NOW)
    assert len(closures.upcoming_closures(services, NOW)) == 2
    assert not [one for one in examine(services, NOW).findings if one.check == "closures"]
    # As before this was asked: doctor tells.
    with services.write.begin() as database:
        database.add(StoredClosure(starts_at=years[8], ends_at=years[12], note="Older", created_at=NOW))
    (finding,) = [one for one in examine(services, NOW).findings if one.check == "closures"]
    assert finding.level == "problem"
    assert "formapp closure cancel" in finding.do
    closures.cancel_closure(services, OPERATOR, announced[0].id, NOW)
    later = NOW + timedelta(minutes=1)
    assert not [one for one in examine(services, later).findings if one.check == "closures"]


def test_best_effort_is_never_overdue(services: Services, ada: Account, clock: Clock) -> None:
    file_ticket(services, ada, priority="low")
    clock.now += timedelta(days=4000)
    worker.run_once(services, clock)
    assert notices(services) == []
    assert the_ticket(services).notice_at is None

"""A new policy on the stored tickets: what would have been different, without a word that anyone typed."""

from __future__ import annotations

import gc
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from formapp.models import Account, Event, Ticket
from formapp.operations.replay import Replayed, replay
from formapp.services import Services
from formapp.tickets import replies, triage
from supportpolicy import Policy
from tests.builders import (
    NOW,
    POLICY,
    build_customer,
    build_services,
    build_staff,
    edited_policy,
    file_ticket,
    stored,
    written,
)
from tests.service.test_cli import Operator

TEXT = POLICY.read_text("utf-8")
HOUR = timedelta(hours=1)
DOWN = {"need": "broken", "environment": "production", "impact": "down", "workaround": "none"}
HOLDS = {"need": "broken", "environment": "production", "impact": "down", "workaround": "holds", "severity": "major"}
# What is High by HOLDS becomes Normal.
OTHER = (
    "{workaround: holds, severity: major}, priority: high, criterion: production-contained",
    "{workaround: holds, severity: major}, priority: normal, criterion: production-minor",
)


@pytest.fixture
def ada(services: Services) -> Account:
    return build_customer(services)


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def filed(services: Services, account: Account, priority: str, answers: dict[str, str], now: datetime = NOW) -> int:
    """A ticket; its number."""
    number = len(stored(services, Ticket)) + 1
    own = {"submission": f"form-{number}", "subject": f"Checkout fails {number}"}
    file_ticket(services, account, now, priority=priority, answers=answers, **own)
    return number


def answered(services: Services, staff: Account, number: int, now: datetime, then: str = "open") -> None:
    message = written(f"About {number} at {now}")
    replies.reply_as_staff(services, staff.id, number, message, then, now)  # type: ignore[arg-type]


def test_a_policy_that_decides_the_same_changes_nothing(services: Services, ada: Account) -> None:
    filed(services, ada, "critical", DOWN)
    assert replay(services, edited_policy(), NOW) == Replayed(tickets=1, judged=1)


def test_tickets_that_would_get_another_priority_are_counted(services: Services, ada: Account) -> None:
    filed(services, ada, "critical", DOWN)
    filed(services, ada, "high", HOLDS)
    filed(services, ada, "high", HOLDS)
    filed(services, ada, "high", {})
    filed(services, ada, "low", HOLDS)
    found = replay(services, edited_policy(OTHER), NOW)
    assert dict(found.moves) == {("High", "Normal"): 2}
    assert (found.tickets, found.without_answers, found.chosen_otherwise) == (5, 1, 1)


def test_answers_that_do_not_fit_the_new_questions_leave_the_priority(services: Services, ada: Account) -> None:
    filed(services, ada, "critical", DOWN)
    filed(services, ada, "high", HOLDS)
    gone = next(line for line in TEXT.splitlines(keepends=True) if "{id: major, label: Major," in line)
    found = replay(
        services,
        edited_policy(
            (gone, gone.replace("id: major", "id: grave")),
            ("means: {severity: [major]}", "means: {severity: [grave]}"),
            *[("severity: major}", "severity: grave}")] * 4,
        ),
        NOW,
    )
    assert (dict(found.moves), found.not_answerable) == ({}, 1)


def test_promises_that_would_have_been_missed_or_kept(services: Services, ada: Account, sam: Account) -> None:
    """One was answered after three hours, one after ten days."""
    soon, late = filed(services, ada, "high", HOLDS), filed(services, ada, "high", HOLDS)
    answered(services, sam, soon, NOW + 3 * HOUR)
    answered(services, sam, late, NOW + timedelta(days=10))
    now = NOW + timedelta(days=30)
    harder = replay(services, edited_policy(("response: 1 business day", "response: 1 business hour")), now)
    assert (dict(harder.missed), dict(harder.kept)) == ({("High", "response"): 1}, {})
    easier = replay(
        services,
        edited_policy(
            ("response: 1 business day", "response: 20 business days"),
            ("response: 1-2 business days", "response: 30 business days"),
        ),
        now,
    )
    assert (dict(easier.missed), dict(easier.kept)) == ({}, {("High", "response"): 1})


def test_a_ticket_that_waits_for_us_misses_what_is_due_by_now(services: Services, ada: Account) -> None:
    filed(services, ada, "high", HOLDS)
    faster = edited_policy(("response: 1 business day", "response: 1 business hour"))
    assert dict(replay(services, faster, NOW + HOUR).missed) == {}
    assert dict(replay(services, faster, NOW + HOUR + timedelta(seconds=1)).missed) == {("High", "response"): 1}


def test_pauses_count_as_they_did(services: Services, ada: Account, sam: Account) -> None:
    """An hour of work, ten of waiting for the customer, half an hour of work."""
    number = filed(services, ada, "critical", DOWN)
    answered(services, sam, number, NOW + HOUR, "waiting")
    replies.reply_as_customer(services, ada.id, number, written("Here it is"), NOW + 11 * HOUR)
    two_hours, one_hour = (
        edited_policy(("resolution: 4 hours, 24/7", f"resolution: {hours}, 24/7")) for hours in ("2 hours", "1 hour")
    )
    later = NOW + 11 * HOUR + HOUR / 2
    triage.close(services, sam.id, number, later)
    assert dict(replay(services, two_hours, later + 100 * HOUR).missed) == {}
    assert dict(replay(services, one_hour, later + 100 * HOUR).missed) == {("Critical", "resolution"): 1}


def test_a_ticket_that_waits_for_the_customer_stands_where_it_stood(
    services: Services, ada: Account, sam: Account
) -> None:
    number = filed(services, ada, "critical", DOWN)
    answered(services, sam, number, NOW + HOUR, "waiting")
    faster = edited_policy(("resolution: 4 hours, 24/7", "resolution: 2 hours, 24/7"))
    assert dict(replay(services, faster, NOW + 3 * HOUR).missed) == {}


def test_duplicates_do_not_count(services: Services, ada: Account, sam: Account) -> None:
    filed(services, ada, "high", HOLDS)
    triage.merge(services, sam.id, filed(services, ada, "high", HOLDS), "SUP-1001", NOW + HOUR)
    found = replay(services, edited_policy(OTHER), NOW + HOUR)
    assert (found.tickets, found.moves.total()) == (1, 1)


def test_each_ticket_is_compared_with_the_policy_it_was_promised_under(services: Services, ada: Account) -> None:
    """The desk has taken up the new one meanwhile."""
    filed(services, ada, "high", HOLDS)
    later = Services(services.settings, services.database, edited_policy(OTHER), services.files)
    assert dict(replay(later, later.policy, NOW).moves) == {("High", "Normal"): 1}


# The command

CANARY = "canary"
MISSED = "3 promises would have been missed that were kept, and 0 kept that were missed."


def test_the_command_prints_markdown_without_a_word_that_anyone_typed(tmp_path: Path) -> None:
    desk = build_services(tmp_path)
    ada = build_customer(desk, f"ada@{CANARY}.example", f"{CANARY}-project")
    sam = build_staff(desk, f"sam@{CANARY}.example", name=f"Sam {CANARY}")
    for number in range(1, 4):
        file_ticket(
            desk,
            ada,
            project=f"{CANARY}-project",
            priority="high",
            answers=HOLDS,
            submission=f"{CANARY}-{number}",
            subject=f"{CANARY} {number}",
            description=CANARY,
            url=f"https://{CANARY}.example/",
        )
        replies.add_note(desk, sam.id, number, written(f"{CANARY} note {number}"), NOW)
        replies.reply_as_staff(desk, sam.id, number, written(f"{CANARY} {number}"), "open", NOW + 3 * HOUR)
    new = tmp_path / "new.yml"
    text = TEXT.replace(*OTHER).replace("response: 1-2 business days", "response: 1-2 business hours")
    new.write_text(text.replace("response: 1 business day\n", "response: 1 business hour\n"), "utf-8")
    said = Operator(tmp_path).is_told("policy", "replay", str(new))
    assert said.split("\n") == [
        "### The new policy on 3 stored tickets",
        "",
        f"3 of 3 would get another priority; {MISSED}",
        "",
        "| Priority | With the new policy | Tickets |",
        "| --- | --- | ---: |",
        "| High | Normal | 3 |",
        "",
        "| Promise | Kept, would be missed | Missed, would be kept |",
        "| --- | ---: | ---: |",
        "| Normal, response | 3 | 0 |",
    ]
    assert CANARY not in said
    assert len(stored(desk, Ticket)) == 3
    desk.database.engine.dispose()


def test_a_file_that_is_no_policy_is_refused_with_its_lines(tmp_path: Path) -> None:
    build_services(tmp_path).database.engine.dispose()
    broken = tmp_path / "broken.yml"
    broken.write_text(TEXT.replace("Europe/Paris", "Mars/Base"), "utf-8")
    line = TEXT[: TEXT.index("Europe/Paris")].count("\n") + 1
    said = Operator(tmp_path).is_refused("policy", "replay", str(broken))
    assert said.startswith(f'{broken}:{line}: There is no time zone "Mars/Base"')


# How long it takes


LIFE = [("replied", "open", "waiting", 1), ("replied", "waiting", "open", 5), ("closed", "open", "closed", 9)]


def many(services: Services, count: int) -> None:
    """Tickets by the thousand with the events of a life each, written as rows, for filing each takes too long."""
    ada, answers = build_customer(services), [DOWN, HOLDS]
    for number, one in enumerate(answers, 1):
        filed(services, ada, "critical" if number == 1 else "high", one)
    with services.write.begin() as database:
        columns = [column for column in Ticket.__table__.columns if column.name != "id"]
        models = [dict(row._mapping) for row in database.execute(select(*columns).order_by(Ticket.id))]
        first = database.scalar(select(func.max(Ticket.id))) or 0
        rows, events = [], []
        for number in range(first + 1, first + count - 1):
            opened = NOW + timedelta(minutes=37 * number)
            rows.append(
                {
                    **models[number % 2],
                    "id": number,
                    "submission": f"many-{number}",
                    "opened_at": opened,
                    "response_due_at": None,
                    "state": "closed",
                    "answered_at": opened + HOUR,
                    "closed_at": opened + 9 * HOUR,
                }
            )
            states = [
                ("replied", "open", "waiting", 1),
                ("replied", "waiting", "open", 5),
                ("closed", "open", "closed", 9),
            ]
            events += [
                {
                    "ticket_id": number,
                    "sequence": place + 2,
                    "kind": kind,
                    "account_id": None,
                    "at": opened + hours * HOUR,
                    "details": {"state": [was, becomes]},
                }
                for place, (kind, was, becomes, hours) in enumerate(states)
            ]
        database.execute(insert(Ticket), rows)
        database.execute(insert(Event), events)


def work(services: Services, new: Policy) -> float:
    """What a replay took, in seconds of this process."""
    gc.disable()
    before = time.process_time()
    replay(services, new, NOW)
    spent = time.process_time() - before
    gc.enable()
    return spent


def test_ten_thousand_tickets_take_no_more_than_ten_seconds(tmp_path: Path) -> None:
    """A tenth of them in a tenth of the time: twice as many tickets cost no more than twice the work."""
    new = edited_policy(OTHER, ("response: 1 business day", "response: 1 business hour"))
    desks = {count: build_services(tmp_path / str(count)) for count in (500, 1000)}
    for count, desk in desks.items():
        many(desk, count)
        assert replay(desk, new, NOW).tickets == count
    # In turn, so that other work on the machine slows both; the least of each counts.
    rounds = [[work(desk, new) for desk in desks.values()] for _ in range(5)]
    half, all_of_them = (min(spent) for spent in zip(*rounds, strict=True))
    for desk in desks.values():
        desk.database.engine.dispose()
    assert all_of_them < 1.0
    assert all_of_them <= 2.5 * max(half, 0.02)

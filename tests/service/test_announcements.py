"""Who hears of what: one row in the transaction of the action, one message for each person concerned."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import delete, select

from formapp import worker
from formapp.accounts import accounts, projects
from formapp.models import Account, Membership, OutboxMessage, Project
from formapp.notifications import fanout, outbox
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import build
from formapp.services import Services
from formapp.tickets import replies, triage
from formapp.tickets.replies import reply_as_customer, reply_as_staff
from tests.builders import (
    NOW,
    REASON,
    Clock,
    build_account,
    build_customer,
    build_project,
    build_staff,
    file_ticket,
    written,
)

CANARY = "CANARY-of-the-desk"


@pytest.fixture
def ada(services: Services) -> Account:
    return build_customer(services)


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def mails(services: Services) -> list[OutboxMessage]:
    with services.read() as database:
        return list(
            database.scalars(select(OutboxMessage).where(OutboxMessage.channel == "mail").order_by(OutboxMessage.id))
        )


def told(services: Services, clock: Clock) -> list[tuple[str, str]]:
    """What was written to whom since the last time, in order of kind and address."""
    before = {message.id for message in mails(services)}
    worker.run_once(services, clock)
    return sorted((new.kind, new.recipient) for new in mails(services) if new.id not in before)


def test_everybody_concerned_is_told_and_nobody_else(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    kim = build_staff(services, "kim@platform.example", name="Kim Adeyemi")
    ben = build_account(services, "ben@shop.example", name="Ben Okafor")
    build_account(services, "idle@shop.example")
    for email in (ben.email, "idle@shop.example"):
        projects.add_member(services, email, "shop", NOW)
    gone = build_staff(services, "gone@platform.example", name="Gone")
    accounts.disable_account(services, gone.email, NOW)

    file_ticket(services, ada)
    assert told(services, clock) == [("staff-new", kim.email), ("staff-new", sam.email)]
    reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW)
    assert told(services, clock) == [("replied", ada.email)]
    reply_as_customer(services, ben.id, 1, written("The blue one"), NOW)
    assert told(services, clock) == [("staff-reply", kim.email), ("staff-reply", sam.email)]
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=3)
    reply_as_customer(services, ada.id, 1, written("And the red one"), NOW)
    assert told(services, clock) == [("staff-reply", sam.email)]
    replies.add_note(services, sam.id, 1, written("Both, of course"), NOW)
    assert told(services, clock) == []
    reply_as_staff(services, sam.id, 1, written("Fixed"), "closed", NOW)
    assert told(services, clock) == [("replied", ada.email), ("replied", ben.email)]
    triage.reopen(services, kim.id, 1, NOW)
    assert told(services, clock) == [("reopened", ada.email), ("reopened", ben.email)]
    triage.close(services, kim.id, 1, NOW)
    assert told(services, clock) == [("closed", ada.email), ("closed", ben.email)]


def test_all_of_the_desk_hears_of_a_miss_even_where_somebody_has_the_ticket(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    kim = build_staff(services, "kim@platform.example", name="Kim Adeyemi")
    file_ticket(services, ada, priority="critical")
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=1)
    worker.run_once(services, clock)
    clock.now += timedelta(minutes=50)
    assert told(services, clock) == [("staff-due-soon", sam.email)]
    clock.now += timedelta(minutes=20)
    assert told(services, clock) == [("staff-missed", kim.email), ("staff-missed", sam.email)]


def test_who_left_the_project_hears_no_more(services: Services, ada: Account, sam: Account, clock: Clock) -> None:
    build_project(services, "intranet", ada.email, name="Intranet")
    file_ticket(services, ada)
    worker.run_once(services, clock)
    with services.write.begin() as database:
        shop = select(Project.id).where(Project.key == "shop").scalar_subquery()
        database.execute(delete(Membership).where(Membership.project_id == shop))
    reply_as_staff(services, sam.id, 1, written("Hello?"), "open", NOW)
    assert told(services, clock) == []


def test_whose_account_is_disabled_hears_no_more(services: Services, ada: Account, sam: Account, clock: Clock) -> None:
    file_ticket(services, ada)
    worker.run_once(services, clock)
    accounts.disable_account(services, ada.email, NOW)
    reply_as_staff(services, sam.id, 1, written("Hello?"), "open", NOW)
    assert told(services, clock) == []


def test_the_sender_of_a_duplicate_hears_of_the_other_ticket(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    ben = build_account(services, "ben@shop.example", name="Ben Okafor")
    projects.add_member(services, ben.email, "shop", NOW)
    file_ticket(services, ada)
    file_ticket(services, ben, subject="The same", submission="form-2")
    worker.run_once(services, clock)
    triage.merge(services, sam.id, 2, "SUP-1001", NOW)
    assert told(services, clock) == [("closed", ben.email)]
    (closed,) = [message for message in mails(services) if message.kind == "closed"]
    text = compose(services, closed, services.policy).text
    assert "We mail you every reply to SUP-1001" in text
    reply_as_staff(services, sam.id, 1, written("Fixed for both"), "open", NOW)
    assert told(services, clock) == [("replied", ada.email), ("replied", ben.email)]


@pytest.mark.usefixtures("sam")
def test_an_announcement_that_is_spread_twice_writes_no_mail_twice(
    services: Services, ada: Account, clock: Clock
) -> None:
    """As when a worker dies between spreading it and marking it done."""
    file_ticket(services, ada)
    with services.read() as database:
        row = database.scalars(select(OutboxMessage).where(OutboxMessage.channel == fanout.CHANNEL)).one()
    for _ in range(3):
        fanout.fan_out(services, row, NOW)
    worker.run_once(services, clock)
    assert [message.kind for message in mails(services)] == ["received", "staff-new"]


def test_all_mails_of_a_ticket_are_one_thread(services: Services, ada: Account, sam: Account, clock: Clock) -> None:
    file_ticket(services, ada)
    reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW)
    reply_as_customer(services, ada.id, 1, written("This one"), NOW)
    worker.run_once(services, clock)
    first, *others = [message_from_bytes(build(compose(services, row, services.policy))) for row in mails(services)]
    assert len(others) == 3
    assert first["In-Reply-To"] is None
    for other in others:
        assert other["In-Reply-To"] == other["References"] == first["Message-ID"]
        assert other["Auto-Submitted"] == "auto-generated"
    assert len({message["Message-ID"] for message in (first, *others)}) == 4


def test_what_only_staff_know_reaches_no_customer(services: Services, ada: Account, clock: Clock) -> None:
    sam = build_staff(services, f"sam@{CANARY}.example".lower())
    file_ticket(services, ada, priority="critical")
    clock.now += timedelta(hours=2)
    worker.run_once(services, clock)
    replies.add_note(services, sam.id, 1, written(CANARY), clock.now)
    triage.assign(services, sam.id, 1, sam.email, clock.now, seen=99)
    reply_as_staff(services, sam.id, 1, written("We are sorry"), "open", clock.now)
    triage.correct_answers(services, sam.id, 1, {"need": "question"}, clock.now, seen=99, reason=REASON)
    triage.close(services, sam.id, 1, clock.now)
    triage.reopen(services, sam.id, 1, clock.now)
    worker.run_once(services, clock)
    to_ada = [row for row in mails(services) if row.recipient == ada.email]
    assert [row.kind for row in to_ada] == ["received", "replied", "priority-changed", "closed", "reopened"]
    for row in to_ada:
        composed = compose(services, row, services.policy)
        for told in (composed.text, composed.html, build(composed).decode(), str(row.payload)):
            assert CANARY.lower() not in told.lower()
            assert "missed" not in told


def test_a_mail_that_cant_be_built_is_dead_for_its_recipient_alone(
    services: Services, ada: Account, sam: Account, clock: Clock
) -> None:
    file_ticket(services, ada)
    reply_as_staff(services, sam.id, 1, written("Hello"), "open", NOW)
    with services.write.begin() as database:
        database.get_one(Account, ada.id).email = "two@shop.example,three@shop.example"
    worker.run_once(services, clock)
    states = {(row.kind, row.state) for row in mails(services)}
    assert ("replied", "dead") in states
    assert ("staff-new", "kept") in states
    dead = next(row for row in mails(services) if row.state == "dead")
    assert "can't be built" in dead.last_error
    assert outbox.lease_next(services, clock.now) is None

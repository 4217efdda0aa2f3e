"""What is over goes when its time has come, what is owed never, and the doctor tells the one from the other."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from formapp import audit, worker
from formapp.accounts import magic_links, sessions
from formapp.database.engine import Base
from formapp.errors import UseCaseError
from formapp.models import (
    Account,
    Attachment,
    AuditEntry,
    ClockNotice,
    Draft,
    Event,
    Membership,
    Message,
    OutboxMessage,
    SignedInSession,
    SignInLink,
    Ticket,
    WebhookAttempt,
)
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.operations import doctor, retention
from formapp.retention_periods import KeepFor
from formapp.services import Services
from formapp.setting_values import BadSetting
from formapp.settings import settings_from
from formapp.tickets import copy_invitations, drafts, read_marks, replies, solved, tags, triage, watching
from tests.builders import (
    NOW,
    POLICY,
    Clock,
    build_account,
    build_customer,
    build_staff,
    file_ticket,
    keep_file,
    stored,
    written,
)
from tests.service.test_doctor import change

DAY = timedelta(days=1)


def keeping(services: Services, **periods: Any) -> Services:
    """The same desk with these periods."""
    return replace(services, settings=replace(services.settings, keep=KeepFor(**periods)))


def prune(services: Services, now: datetime) -> int:
    return retention.prune_some(services, now, pause=lambda: None)


def sound(services: Services, now: datetime) -> bool:
    return doctor.examine_data(services, now).findings == ()


def send_all(services: Services, clock: Clock) -> None:
    """Let a worker do what is due; what it sends is accepted."""
    for lane in worker.lanes(services, clock):
        if lane.name in {"announcements", "clock"}:
            while lane.work():
                pass
    with services.write.begin() as database:
        due = OutboxMessage.state == "due"
        database.execute(update(OutboxMessage).where(due).values(state="sent", finished_at=clock.now))


def test_by_default_tickets_stay_for_ever_and_what_tells_of_them_goes(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    add_endpoint(services, "https://hooks.example/support", NOW, resolve=lambda *_: ["93.184.216.34"])
    file_ticket(services, ada, files=(keep_file(services),))
    triage.close(services, sam.id, 1, NOW)
    file_ticket(services, ada, submission="form-2")
    send_all(services, Clock())
    with services.write.begin() as database:
        number = database.scalar(select(func.min(OutboxMessage.id)).where(OutboxMessage.channel == "webhook"))
        database.add(
            WebhookAttempt(
                endpoint_id=1,
                outbox_id=number,
                message_id="m",
                event="e",
                attempted_at=NOW,
                status=204,
                error="",
                duration_ms=1,
            )
        )
    assert prune(services, NOW + 29 * DAY) == 0
    assert prune(services, NOW + 31 * DAY) == 1
    assert stored(services, WebhookAttempt) == []
    assert prune(services, NOW + 90 * DAY) == 0
    assert prune(services, NOW + 91 * DAY) > 0
    assert stored(services, OutboxMessage) == []
    assert (len(stored(services, Ticket)), len(stored(services, Attachment))) == (2, 1)
    assert sound(services, NOW + 91 * DAY)


def test_a_row_that_was_not_pruned_is_still_called_missing(services: Services) -> None:
    ada = build_customer(services)
    file_ticket(services, ada)
    send_all(services, Clock())
    prune(services, NOW + 91 * DAY)
    file_ticket(services, ada, NOW + 91 * DAY, submission="form-2")
    assert sound(services, NOW + 91 * DAY)
    change(services, "DELETE FROM outbox WHERE ticket_id = 2 AND kind = 'received'")
    findings = doctor.examine_data(services, NOW + 91 * DAY).findings
    assert [(one.check, one.where) for one in findings] == [("tickets", "SUP-1002")]
    # A longer period now brings nothing back: what went by the shorter one is not missing.
    longer = keeping(services, outbox=timedelta(days=900))
    findings = doctor.examine_data(longer, NOW + 91 * DAY).findings
    assert [(one.check, one.where) for one in findings] == [("tickets", "SUP-1002")]


def test_the_history_of_a_closed_ticket_shrinks_and_its_clock_counts_as_before(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada)
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=1)
    replies.reply_as_staff(services, sam.id, 1, written("Which one?"), "waiting", NOW + timedelta(minutes=5))
    triage.assign(services, sam.id, 1, "", NOW, seen=9)
    replies.reply_as_customer(services, ada.id, 1, written("The first"), NOW + timedelta(hours=1))
    replies.add_note(services, sam.id, 1, written("A note"), NOW + timedelta(hours=2))
    triage.close(services, sam.id, 1, NOW + DAY)
    triage.assign(services, sam.id, 1, sam.email, NOW + DAY, seen=99)
    kinds = [event.kind for event in stored(services, Event)]
    send_all(services, Clock(NOW + DAY))
    assert prune(services, NOW + 700 * DAY) > 0  # of the outbox alone
    assert [event.kind for event in stored(services, Event)] == kinds
    assert prune(services, NOW + 732 * DAY) == 2
    left = stored(services, Event)
    # The newest stays, whatever it is: the next number follows from it.
    assert [event.kind for event in left] == ["opened", "replied", "replied", "noted", "closed", "assigned"]
    assert stored(services, Ticket)[0].events_pruned == len(kinds) - len(left) == 2
    assert sound(services, NOW + 732 * DAY)
    triage.reopen(services, ada.id, 1, NOW + 733 * DAY)
    assert [event.sequence for event in stored(services, Event)][-2:] == [len(kinds), len(kinds) + 1]
    assert sound(services, NOW + 733 * DAY)
    change(services, "DELETE FROM events WHERE kind = 'replied' AND sequence = 3")
    assert {one.check for one in doctor.examine_data(services, NOW + 733 * DAY).findings} == {"events", "messages"}


def test_a_closed_ticket_goes_whole_with_its_files_when_that_is_asked_for(services: Services) -> None:
    keep = keeping(services, tickets=timedelta(days=30))
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada, files=(keep_file(services),))
    kept_token = keep_file(services, "other.log", b"other")
    file_ticket(services, ada, submission="form-2", subject="Another", files=(kept_token,))
    ben = build_account(services, "ben@shop.example", name="Ben Okafor")
    with services.write.begin() as database:
        database.add(Membership(account_id=ben.id, project_id=1, created_at=NOW))
    for number in (1, 2):
        tags.add_tag(services, sam.id, number, "payment", NOW)
        watching.add_watcher(services, ada.id, number, ben.id, NOW)
    replies.reply_as_staff(services, sam.id, 1, written("Done", "f"), "closed", NOW)
    solved.say_solved(services, ada.id, 1, NOW)
    read_marks.mark_read(services, ada.id, 1, 1)
    for number in (1, 2):
        copy_invitations.ask(services, ada.id, number, "kim@agency.example", NOW + 29 * DAY)
    send_all(services, Clock(NOW + 29 * DAY))
    assert prune(keep, NOW + 30 * DAY) == 0
    assert prune(keep, NOW + 31 * DAY) == 1
    of_tickets = [one.class_ for one in Base.registry.mappers if "ticket_id" in one.columns]
    assert len(of_tickets) > 8
    for model in of_tickets:
        rows: list[Any] = stored(services, model)
        assert {row.ticket_id for row in rows} <= {2, None}, model
    assert [ticket.id for ticket in stored(services, Ticket)] == [2]
    assert [key for key, _ in services.files.listing()] == [kept_token]
    assert sound(services, NOW + 31 * DAY)


def test_the_newest_reference_is_never_given_away_again(services: Services) -> None:
    keep = keeping(services, tickets=DAY)
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada)
    triage.close(services, sam.id, 1, NOW)
    send_all(services, Clock())
    assert prune(keep, NOW + 9 * DAY) == 0
    assert file_ticket(services, ada, NOW + 9 * DAY, submission="form-2").ticket.reference == "SUP-1002"
    assert prune(keep, NOW + 9 * DAY) == 1


def test_a_duplicate_stays_as_long_as_the_ticket_that_tells_its_sender(services: Services) -> None:
    keep = keeping(services, tickets=DAY)
    ada, sam = build_customer(services), build_staff(services)
    for number in range(3):
        file_ticket(services, ada, submission=f"form-{number}", subject=f"Number {number}")
    triage.merge(services, sam.id, 1, "SUP-1002", NOW)
    send_all(services, Clock())
    assert prune(keep, NOW + 9 * DAY) == 0
    triage.close(services, sam.id, 2, NOW + 9 * DAY)
    send_all(services, Clock(NOW + 9 * DAY))
    assert prune(keep, NOW + 10 * DAY) == 0
    assert prune(keep, NOW + 11 * DAY) == 2
    assert [ticket.id for ticket in stored(services, Ticket)] == [3]


def test_a_ticket_stays_as_long_as_what_was_merged_into_it_later(services: Services) -> None:
    keep = keeping(services, tickets=DAY)
    ada, sam = build_customer(services), build_staff(services)
    for number in range(3):
        file_ticket(services, ada, submission=f"form-{number}", subject=f"Number {number}")
    triage.close(services, sam.id, 2, NOW)
    triage.merge(services, sam.id, 1, "SUP-1002", NOW + 5 * DAY)
    send_all(services, Clock(NOW + 5 * DAY))
    assert prune(keep, NOW + 6 * DAY) == 0
    assert prune(keep, NOW + 7 * DAY) == 2


def test_a_message_on_its_way_holds_its_ticket(services: Services) -> None:
    keep = keeping(services, tickets=DAY, outbox=DAY)
    ada, sam = build_customer(services), build_staff(services)
    file_ticket(services, ada)
    file_ticket(services, ada, submission="form-2", subject="Another")
    triage.close(services, sam.id, 1, NOW)
    due = len(stored(services, OutboxMessage))
    assert prune(keep, NOW + 99 * DAY) == 0
    assert len(stored(services, OutboxMessage)) == due


def test_sessions_links_and_drafts_go_when_they_let_nobody_in(services: Services) -> None:
    ada = build_customer(services)
    sessions.open_session(services, ada.id, NOW)
    magic_links.create_link(services, ada.email, NOW)
    drafts.save_draft(services, None, {"subject": "Help"}, NOW)
    assert prune(services, NOW + timedelta(hours=23)) == 0
    assert prune(services, NOW + DAY + timedelta(hours=1)) == 2
    assert (len(stored(services, SignInLink)), len(stored(services, Draft))) == (0, 0)
    # A week without a look, and a day.
    assert prune(services, NOW + 8 * DAY) == 0
    assert prune(services, NOW + 8 * DAY + timedelta(seconds=1)) == 1
    assert stored(services, SignedInSession) == []


def test_what_one_kind_meets_keeps_no_other(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    drafts.save_draft(services, None, {"subject": "Help"}, NOW)

    def fails(_services: Services, _now: datetime) -> int:
        raise DBAPIError("", None, Exception("away"))

    monkeypatch.setattr(retention, "PRUNERS", {"outbox": fails, **retention.PRUNERS})
    assert prune(services, NOW + 2 * DAY) == 1


def test_the_worker_prunes_in_a_lane_of_its_own(services: Services) -> None:
    clock = Clock()
    lane = next(lane for lane in worker.lanes(services, clock) if lane.name == "retention")
    drafts.save_draft(services, None, {"subject": "Help"}, NOW)
    assert lane.work() == 0
    clock.now += 2 * DAY
    assert lane.work() == 1


def test_a_round_of_the_lane_ends_soon_and_the_next_goes_on(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "MOST_BATCHES", 1)
    for number in range(5):
        drafts.save_draft(sqlite_services, None, {"subject": f"{number}"}, NOW)
    lane = next(lane for lane in worker.lanes(sqlite_services, Clock(NOW + 2 * DAY)) if lane.name == "retention")
    assert [lane.work() for _ in range(5)] == [2, 2, 1, 0, 0]


def test_no_transaction_takes_more_than_a_batch(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        drafts.save_draft(services, None, {"subject": f"{number}"}, NOW)
    pauses: list[None] = []
    assert retention.prune_some(services, NOW + 2 * DAY, pause=lambda: pauses.append(None)) == 5
    assert len(pauses) == 3


ACTIONS: tuple[Callable[[Services, Account, Account, int, datetime], object], ...] = (
    lambda desk, _ada, sam, ticket, now: triage.close(desk, sam.id, ticket, now),
    lambda desk, ada, _sam, ticket, now: triage.reopen(desk, ada.id, ticket, now),
    lambda desk, _ada, sam, ticket, now: triage.assign(desk, sam.id, ticket, sam.email, now, seen=999),
    lambda desk, _ada, sam, ticket, now: triage.assign(desk, sam.id, ticket, "", now, seen=999),
    lambda desk, _ada, sam, ticket, now: triage.merge(desk, sam.id, ticket, "SUP-1003", now),
    lambda desk, _ada, sam, ticket, now: replies.add_note(desk, sam.id, ticket, written("n", str(now)), now),
    lambda desk, ada, _sam, ticket, now: replies.reply_as_customer(
        desk, ada.id, ticket, written("r", str(now)), now, reopen=True
    ),
    lambda desk, _ada, sam, ticket, now: replies.reply_as_staff(
        desk, sam.id, ticket, written("a", str(now)), "waiting", now, reopen=True
    ),
)


def owed(services: Services) -> dict[str, list[Any]]:
    """All that somebody still waits for: whole tickets that aren't closed, with their duplicates; messages due."""
    with services.read() as database:
        is_open = select(Ticket.id).where(Ticket.state != "closed")
        waited = select(Ticket.id).where(Ticket.id.in_(is_open) | Ticket.merged_into_id.in_(is_open))
        columns = {
            "tickets": select(Ticket.id, Ticket.state, Ticket.queue_at, Ticket.notice_at).where(Ticket.id.in_(waited)),
            "events": select(Event.ticket_id, Event.sequence).where(Event.ticket_id.in_(is_open)),
            "messages": select(Message.id).where(Message.ticket_id.in_(waited)),
            "files": select(Attachment.key).where(Attachment.ticket_id.in_(waited)),
            "notices": select(ClockNotice.ticket_id, ClockNotice.kind).where(ClockNotice.ticket_id.in_(is_open)),
            "outbox": select(OutboxMessage.id, OutboxMessage.payload).where(OutboxMessage.state == "due"),
        }
        return {name: [tuple(row) for row in database.execute(wanted)] for name, wanted in columns.items()}


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.nightly) for seed in range(4, 16))])
def test_nothing_that_is_owed_is_ever_pruned(sqlite_services: Services, seed: int) -> None:
    """Whatever happened, whatever the periods: what is owed is there afterwards, and the doctor is content."""
    chance = random.Random(seed)  # noqa: S311
    services, ada = sqlite_services, build_customer(sqlite_services)
    sam, now = build_staff(services), NOW
    for number in range(6):
        file = (keep_file(services, f"{number}.log", b"%d" % number),)
        file_ticket(services, ada, now, submission=f"f{number}", subject=f"Number {number}", files=file)
    for _ in range(40):
        now += timedelta(hours=chance.randrange(1, 300))
        # What is refused, as closing what is merged, is refused.
        with suppress(UseCaseError):
            chance.choice(ACTIONS)(services, ada, sam, chance.randrange(1, 7), now)
        if chance.random() < 0.2:
            send_all(services, Clock(now))
        if chance.random() < 0.3:
            period = timedelta(days=chance.randrange(1, 40))
            keep = keeping(services, tickets=period * 2, events=period, outbox=timedelta(days=chance.randrange(1, 40)))
            before = owed(services)
            prune(keep, now)
            assert owed(services) == before
            assert sound(services, now)
            for _, key in enumerate(row.key for row in stored(services, Attachment)):
                assert b"".join(services.files.read(key))


def test_old_lines_of_the_audit_log_go_and_the_log_says_so(services: Services) -> None:
    by = audit.Origin(None, "command line, root")
    audit.record_alone(services, "tickets-exported", by, NOW)
    audit.record_alone(services, "tickets-exported", by, NOW + 300 * DAY)
    assert prune(services, NOW + 365 * DAY) == 0
    assert prune(services, NOW + 366 * DAY) == 1
    assert [(entry.kind, entry.at) for entry in stored(services, AuditEntry)] == [
        ("tickets-exported", NOW + 300 * DAY),
        ("audit-pruned", NOW + 366 * DAY),
    ]


def test_the_database_lets_nobody_change_the_audit_log(services: Services) -> None:
    for days in (0, 91):
        audit.record_alone(services, "tickets-exported", audit.Origin(None, "x"), NOW + days * DAY)
    before = [(entry.id, entry.at, entry.origin) for entry in stored(services, AuditEntry)]
    attempts = [
        update(AuditEntry).values(origin="nobody"),
        update(AuditEntry).values(at=NOW - 900 * DAY),
        delete(AuditEntry),
        delete(AuditEntry).where(AuditEntry.at > NOW),
    ]
    if services.database.engine.dialect.name == "postgresql":
        attempts.append(text("TRUNCATE audit_log"))  # type: ignore[arg-type]
    for attempt in attempts:
        with pytest.raises(DBAPIError, match="the audit log"), services.write.begin() as database:
            database.execute(attempt)
    assert [(entry.id, entry.at, entry.origin) for entry in stored(services, AuditEntry)] == before
    with services.write.begin() as database:
        database.execute(delete(AuditEntry).where(AuditEntry.at == NOW))
    assert len(stored(services, AuditEntry)) == 1


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OUTBOX", "0", "from 1 to 36500"),
        ("OUTBOX", "a week", 'or "forever"'),
        ("TICKETS", "-1", "number of days"),
        ("SESSIONS", "forever", "from 1 to 36500."),
        ("AUDIT", "89", "from 90"),
        ("STAGED_FILES", "1", "from 2"),
        ("DRAFTS", "2", "at least a day longer than drafts"),
    ],
)
def test_a_period_that_can_not_be_is_refused_with_a_sentence(tmp_path: Any, name: str, value: str, said: str) -> None:
    environment = {"FORMAPP_VAR": str(tmp_path), "FORMAPP_POLICY": str(POLICY), f"FORMAPP_KEEP_{name}": value}
    with pytest.raises(BadSetting, match="FORMAPP_KEEP_") as refused:
        settings_from(environment)
    assert said in str(refused.value)


def test_periods_are_read_and_the_defaults_are_those_of_the_table(tmp_path: Any) -> None:
    environment = {"FORMAPP_VAR": str(tmp_path), "FORMAPP_POLICY": str(POLICY)}
    assert settings_from(environment).keep == KeepFor()
    changed = settings_from({**environment, "FORMAPP_KEEP_TICKETS": "365", "FORMAPP_KEEP_OUTBOX": "forever"}).keep
    assert (changed.tickets, changed.outbox) == (timedelta(days=365), None)

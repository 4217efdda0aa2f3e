"""The delivery log: every try is in it, and a message can be sent once more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from formapp.actors import OPERATOR
from formapp.database import schema
from formapp.errors import NotFound, UseCaseError
from formapp.models import OutboxMessage
from formapp.notifications import outbox, webhooks
from formapp.notifications.webhooks.delivery import ping
from formapp.notifications.webhooks.endpoints import add_endpoint, disable, enable, endpoint_numbered
from formapp.notifications.webhooks.log import deliveries, pings, replay
from formapp.services import Services
from tests.builders import NOW, Clock, schema_differences
from tests.webhooks.build import build_ticket, newest, send, tell, told_endpoint
from tests.webhooks.receiver import Receiver, Reply


def test_the_log_shows_an_endpoint_s_messages_newest_first_by_pages(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    other, _ = add_endpoint(desk, receiver.url("/other"), NOW, events=["ticket.closed"])
    number, _ = add_endpoint(desk, receiver.url(), NOW)
    ticket = build_ticket(desk)
    for kind in ("created", "replied", "priority-changed", "replied", "closed"):
        tell(desk, ticket, kind)
    send(desk, clock)
    first = deliveries(desk, number, most=3)
    second = deliveries(desk, number, before=first[-1].id, most=3)
    assert [one.event for one in (*first, *second)] == [
        "ticket.closed",
        "ticket.replied",
        "ticket.priority_changed",
        "ticket.replied",
        "ticket.created",
    ]
    assert deliveries(desk, number, before=second[-1].id) == ()
    assert {one.reference for one in first} == {"SUP-1001"}
    assert [one.event for one in deliveries(desk, other)] == ["ticket.closed"]
    assert all(one.attempts[0].duration_ms >= 0 and one.attempts[0].attempted_at == clock.now for one in first)


def test_what_was_sent_is_sent_once_more_under_its_own_id(desk: Services, receiver: Receiver, clock: Clock) -> None:
    number, secret = told_endpoint(desk, receiver)
    send(desk, clock)
    clock.now += timedelta(days=30)
    replay(desk, OPERATOR, newest(desk, number).id, clock.now)
    assert send(desk, clock) == 1
    first, again = receiver.received
    assert (first.id, first.content) == (again.id, again.content)
    assert again.verified(secret) == first.verified(secret)
    delivery = newest(desk, number)
    assert (delivery.state, len(delivery.attempts)) == ("sent", 2)


def test_what_died_is_sent_once_more_and_tried_once_when_it_is_old(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(desk, receiver)
    disable(desk, number, NOW)
    delivery = newest(desk, number)
    with pytest.raises(UseCaseError, match=r"The endpoint is switched off: by hand\. Switch it on first"):
        replay(desk, OPERATOR, delivery.id, clock.now)
    enable(desk, number)
    clock.now += timedelta(days=8)
    receiver.replies = [Reply(500)]
    replay(desk, OPERATOR, delivery.id, clock.now)
    send(desk, clock)
    assert (newest(desk, number).state, newest(desk, number).reason) == ("dead", "Answered 500")
    replay(desk, OPERATOR, delivery.id, clock.now)
    send(desk, clock)
    assert newest(desk, number).state == "sent"


def test_a_message_that_waits_is_tried_at_once_but_not_while_a_worker_is_at_it(
    desk: Services, receiver: Receiver, clock: Clock
) -> None:
    number, _ = told_endpoint(desk, receiver)
    receiver.replies = [Reply(500)]
    send(desk, clock)
    assert send(desk, clock) == 0
    delivery = newest(desk, number)
    replay(desk, OPERATOR, delivery.id, clock.now)
    leased = outbox.lease_next(desk, clock.now, OutboxMessage.channel == webhooks.CHANNEL)
    assert leased is not None
    with pytest.raises(UseCaseError, match="is being sent at this moment"):
        replay(desk, OPERATOR, delivery.id, clock.now)


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 2**63, 10**30])
def test_an_id_of_nothing_is_not_found(desk: Services, number: int) -> None:
    for ask in (
        lambda: deliveries(desk, number),
        lambda: replay(desk, OPERATOR, number, NOW),
        lambda: endpoint_numbered(desk, number),
        lambda: disable(desk, number, NOW),
        lambda: ping(desk, number, NOW),
    ):
        with pytest.raises(NotFound, match=f"There is no (delivery|webhook endpoint) {number}"):
            ask()


def test_a_mail_is_no_delivery(sqlite_desk: Services) -> None:
    build_ticket(sqlite_desk)
    with sqlite_desk.read() as database:
        mail = database.scalars(select(OutboxMessage).where(OutboxMessage.channel == "mail")).one()
    with pytest.raises(NotFound):
        replay(sqlite_desk, OPERATOR, mail.id, NOW)


def test_pings_are_in_the_log_and_change_nothing(desk: Services, receiver: Receiver) -> None:
    number, secret = add_endpoint(desk, receiver.url(), NOW)
    receiver.replies = [Reply(410), Reply()]
    refused, taken = ping(desk, number, NOW), ping(desk, number, NOW)
    assert (refused.delivered, refused.error, taken.delivered) == (False, "Answered 410", True)
    assert [(one.status, one.outbox_id) for one in pings(desk, number)] == [(204, None), (410, None)]
    assert endpoint_numbered(desk, number).disabled_at is None
    assert receiver.received[0].verified(secret) == {"type": "ping", "timestamp": "2026-11-24T14:00:00Z", "data": {}}
    assert deliveries(desk, number) == ()


def test_the_schema_is_the_models_and_goes_down_and_up(desk: Services) -> None:
    assert schema_differences(desk.database) == []
    schema.downgrade(desk.database, "0002")
    schema.upgrade(desk.database)
    assert schema_differences(desk.database) == []


def test_the_log_and_the_pauses_read_their_own_index(sqlite_desk: Services, receiver: Receiver, clock: Clock) -> None:
    """SQLite takes a partial index only where the statement itself says what the index is about."""
    number, _ = told_endpoint(sqlite_desk, receiver)
    with statements(sqlite_desk) as seen:
        deliveries(sqlite_desk, number)
        send(sqlite_desk, clock, resolve=lambda *_: ())
        disable(sqlite_desk, number, NOW)
    asked = [one for one in seen if "outbox.channel = 'webhook'" in one[0]]
    put_off, given_up = [one for one in asked if one[0].startswith("UPDATE outbox")]
    assert "next_attempt_at" in put_off[0]
    assert "dead" in given_up[1]
    listed = next(one for one in asked if one[0].startswith("SELECT"))
    for one, index in ((listed, "webhooks"), (put_off, "webhooks_due"), (given_up, "webhooks_due")):
        plan = plan_of(sqlite_desk, *one)
        assert f"USING INDEX ix_outbox_{index} (recipient=?" in plan
        assert "TEMP B-TREE" not in plan


@contextmanager
def statements(services: Services) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are executed meanwhile, with their parameters."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        seen.append((statement, parameters))

    event.listen(services.database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(services.database.engine, "before_cursor_execute", note)


def plan_of(services: Services, statement: str, parameters: Any) -> str:
    with services.database.engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return " ".join(str(row[3]) for row in rows)

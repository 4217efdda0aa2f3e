"""The outbox: what is written with its ticket is sent at least once, in order, and nothing holds up the rest."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from formapp import worker
from formapp.accounts import magic_links
from formapp.actors import OPERATOR
from formapp.backoff import FIRST_PAUSE, LONGEST_PAUSE, pause_after
from formapp.errors import NotFound, UseCaseError
from formapp.models import Event, OutboxMessage, Ticket
from formapp.notifications import outbox
from formapp.notifications.outbox import CAPTURED, GIVE_UP_AFTER, LEASE, SENT, Outcome, Send
from formapp.services import Services
from tests.builders import NOW, Clock, build_account, build_customer, file_ticket, stored, write_mail

SECOND = timedelta(seconds=1)


class Post:
    """A way to send that notes what was tried; one recipient's outcome can be set apart."""

    def __init__(self, **special: Outcome) -> None:
        self.tried: list[int] = []
        self.special = special

    def __call__(self, message: OutboxMessage) -> Outcome:
        self.tried.append(message.id)
        return self.special.get(message.recipient.partition("@")[0], SENT)


BUSY = Outcome(sent=False, error="450 busy")
NEVER = Outcome(sent=False, error="550 no such user", permanent=True)


def send(services: Services, by: Send, now: datetime = NOW) -> int:
    return outbox.send_due(services, by, Clock(now))


def row(services: Services, number: int) -> OutboxMessage:
    found = outbox.mail_numbered(services, number)
    assert found is not None
    return found


def taken(services: Services, now: datetime = NOW) -> OutboxMessage:
    """A message that a worker takes on a lease, which there must be."""
    message = outbox.lease_next(services, now)
    assert message is not None
    return message


def test_a_message_comes_and_goes_with_its_transaction(services: Services) -> None:
    def write_and_fail() -> None:
        with services.write.begin() as database:
            outbox.enqueue_mail(database, "unknown-address", "ada@shop.example", {}, "<1@x>", NOW)
            raise ConnectionError

    with pytest.raises(ConnectionError):
        write_and_fail()
    assert stored(services, OutboxMessage) == []


def test_a_ticket_whose_mail_can_t_be_written_is_not_stored_either(services: Services) -> None:
    ada = build_customer(services)
    with services.write.begin() as database:
        outbox.enqueue_mail(database, "link", "x@shop.example", {}, "<SUP-1001.1.received@127.0.0.1>", NOW)
    with pytest.raises(IntegrityError):
        file_ticket(services, ada)
    assert stored(services, Ticket) == []
    assert stored(services, Event) == []
    assert len(stored(services, OutboxMessage)) == 1


def test_a_message_is_sent_once_and_marked(services: Services) -> None:
    number = write_mail(services)
    post = Post()
    assert [send(services, post), send(services, post, NOW + timedelta(days=1))] == [1, 0]
    assert post.tried == [number]
    sent = row(services, number)
    assert (sent.state, sent.finished_at, sent.attempts, sent.lease, sent.last_error) == ("sent", NOW, 1, None, "")


def test_a_lease_keeps_the_others_away_until_it_runs_out(services: Services) -> None:
    number = write_mail(services)
    first = taken(services)
    assert outbox.lease_next(services, NOW + LEASE - SECOND) is None

    # The first worker died, or so it seems.
    second = taken(services, NOW + LEASE)
    assert (second.id, second.attempts, second.message_id) == (number, 2, first.message_id)
    assert second.lease != first.lease
    outbox.finish(services, first, NEVER, NOW + LEASE + SECOND)
    assert row(services, number).state == "due"
    outbox.finish(services, second, SENT, NOW + LEASE + 2 * SECOND)
    assert row(services, number).state == "sent"
    # It was only slow: what it reports now is late, and changes nothing.
    outbox.finish(services, first, BUSY, NOW + LEASE + 3 * SECOND)
    assert (row(services, number).state, row(services, number).last_error) == ("sent", "")


def test_many_workers_share_the_messages_and_send_none_twice(services: Services) -> None:
    numbers = [write_mail(services, f"person{place}@shop.example") for place in range(24)]
    post = Post()
    with ThreadPoolExecutor(4) as pool:
        shares = list(pool.map(lambda _: send(services, post), range(4)))
    assert Counter(post.tried) == Counter(numbers)
    assert sum(shares) == 24


def test_a_server_that_stays_away_is_tried_ever_more_seldom_and_given_up_after_a_week(services: Services) -> None:
    number = write_mail(services)
    clock, pauses = Clock(), []
    while row(services, number).state == "due":
        assert outbox.send_due(services, Post(ada=BUSY), clock) == 1
        left = row(services, number)
        if left.state == "due":
            assert outbox.lease_next(services, left.next_attempt_at - SECOND) is None
            pauses.append(left.next_attempt_at - clock.now)
            clock.now = left.next_attempt_at
    for attempt, pause in enumerate(pauses):
        full = min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE)
        assert 0.75 * full <= pause <= 1.25 * full
    assert pauses[-1] > 100 * pauses[0]
    # Spread by chance, so that all that failed together doesn't come back together.
    assert len({pause / min(FIRST_PAUSE * 2**attempt, LONGEST_PAUSE) for attempt, pause in enumerate(pauses)}) > 10

    dead = row(services, number)
    assert (dead.state, dead.last_error, dead.attempts) == ("dead", "450 busy", len(pauses) + 1)
    assert GIVE_UP_AFTER <= clock.now - NOW <= GIVE_UP_AFTER + 1.25 * LONGEST_PAUSE
    assert dead.finished_at == clock.now


@pytest.mark.parametrize("attempts", [1, 2, 10, 11, 50, 10_000])
def test_a_pause_keeps_within_its_bounds_however_often_it_was_tried(attempts: int) -> None:
    pauses = [pause_after(attempts) for _ in range(50)]
    assert min(pauses) >= 0.75 * FIRST_PAUSE
    assert max(pauses) <= 1.25 * LONGEST_PAUSE
    assert len(set(pauses)) > 1


def test_the_other_side_s_wish_for_a_pause_is_kept(services: Services) -> None:
    number = write_mail(services)
    wish = Outcome(sent=False, error="429", retry_after=timedelta(minutes=17))
    send(services, Post(ada=wish))
    assert row(services, number).next_attempt_at == NOW + timedelta(minutes=17)


def test_a_permanent_error_ends_this_recipient_s_message_at_once_and_no_other(services: Services) -> None:
    ticket = file_ticket(services, build_customer(services)).ticket
    send(services, Post())
    ada, ben, eve = (write_mail(services, f"{name}@shop.example", ticket.id) for name in ("ada", "ben", "eve"))
    assert send(services, Post(ben=NEVER)) == 3
    assert [row(services, number).state for number in (ada, ben, eve)] == ["sent", "dead", "sent"]
    dead = row(services, ben)
    assert (dead.attempts, dead.finished_at, dead.last_error) == (1, NOW, "550 no such user")
    assert send(services, Post(), NOW + timedelta(days=30)) == 0


def test_a_ticket_s_mails_reach_each_person_in_order(services: Services) -> None:
    ada = build_customer(services)
    ticket, other = file_ticket(services, ada).ticket, file_ticket(services, ada, submission="2", subject="B").ticket
    send(services, Post())
    first, second = (write_mail(services, ticket_id=ticket.id) for _ in range(2))
    free = [write_mail(services, "ben@shop.example", ticket.id), write_mail(services, ticket_id=other.id)]
    loose = write_mail(services)

    post = Post()
    delayed = taken(services)
    assert delayed.id == first
    outbox.finish(services, delayed, BUSY, NOW)
    send(services, post)
    assert post.tried == [*free, loose]

    send(services, post, NOW + timedelta(minutes=1))
    assert post.tried == [*free, loose, first, second]


def test_a_mail_that_is_given_up_lets_the_next_one_of_its_ticket_go(services: Services) -> None:
    ticket = file_ticket(services, build_customer(services)).ticket
    send(services, Post())
    first, second = (write_mail(services, ticket_id=ticket.id) for _ in range(2))
    outbox.finish(services, taken(services), NEVER, NOW)
    post = Post()
    send(services, post)
    assert (post.tried, row(services, first).state) == ([second], "dead")


def test_a_leased_mail_holds_its_successor_back_as_well(services: Services) -> None:
    ticket = file_ticket(services, build_customer(services)).ticket
    send(services, Post())
    first, _ = (write_mail(services, ticket_id=ticket.id) for _ in range(2))
    assert taken(services).id == first
    assert outbox.lease_next(services, NOW) is None


def test_a_message_that_breaks_its_sender_holds_up_no_other(services: Services) -> None:
    broken, fine = write_mail(services, "broken@shop.example"), write_mail(services)

    def breaking(message: OutboxMessage) -> Outcome:
        if message.id == broken:
            raise RuntimeError("no such thing\0\ud83d")
        return SENT

    assert send(services, breaking) == 2
    assert row(services, fine).state == "sent"
    left = row(services, broken)
    assert left.state == "due"
    # Not its words: an exception may quote what was typed.
    assert left.last_error.startswith("RuntimeError at ")
    assert left.next_attempt_at > NOW


def test_what_a_server_said_is_stored_whatever_it_holds(services: Services) -> None:
    number = write_mail(services)
    assert send(services, Post(ada=Outcome(sent=False, error="450 busy\0\ud83d"))) == 1
    assert row(services, number).last_error == "450 busy?"


def test_a_round_ends_although_more_is_due(services: Services) -> None:
    for place in range(5):
        write_mail(services, f"person{place}@shop.example")
    assert outbox.send_due(services, Post(), Clock(), most=3) == 3
    assert outbox.send_due(services, Post(), Clock(), most=3) == 2


def test_without_a_mail_server_mails_are_kept_to_be_read(services: Services) -> None:
    """The development inbox shows them, the newest first, and no worker takes them again."""
    file_ticket(services, build_customer(services))
    build_account(services, "sam@platform.example", is_staff=True)
    worker.run_once(services, Clock())
    mails = outbox.latest_mails(services)
    assert [(mail.kind, mail.recipient, mail.state) for mail in mails] == [
        ("staff-new", "sam@platform.example", "kept"),
        ("received", "ada@shop.example", "kept"),
    ]
    assert worker.run_once(services, Clock(NOW + timedelta(minutes=1))) == 0
    assert CAPTURED.sent


def test_without_a_mail_server_or_an_inbox_mails_wait_for_one(sqlite_services: Services) -> None:
    """Nobody could read them, so they don't count as sent: they go out once a server is set."""
    desk = replace(sqlite_services, settings=replace(sqlite_services.settings, dev_inbox=False))
    number = write_mail(desk)
    worker.run_once(desk, Clock())
    waiting = row(desk, number)
    assert (waiting.state, waiting.last_error) == ("due", "No mail server is set (FORMAPP_SMTP_URL)")


def with_link(services: Services) -> int:
    """A mail with a sign-in link, waiting; its number."""
    build_account(services, "sam@platform.example", is_staff=True)
    magic_links.request_link(services, "sam@platform.example", NOW)
    (mail,) = outbox.latest_mails(services)
    assert "/support/sign-in/" in mail.payload["link"]
    return mail.id


def test_a_sign_in_link_leaves_the_outbox_once_its_mail_is_sent(services: Services) -> None:
    """Whoever reads the database or a backup must not sign in by it; what the mail said beside it stays."""
    number = with_link(services)
    assert send(services, Post(sam=BUSY)) == 1
    assert "link" in row(services, number).payload
    assert send(services, Post(), NOW + timedelta(minutes=5)) == 1
    assert row(services, number).state == "sent"
    assert row(services, number).payload == {"has_draft": False, "minutes": 15}


def test_a_sign_in_link_that_is_read_in_the_development_inbox_stays_there(services: Services) -> None:
    number = with_link(services)
    worker.run_once(services, Clock())
    assert row(services, number).state == "kept"
    assert "link" in row(services, number).payload


def test_a_sender_whose_lease_ran_out_takes_no_link_away(services: Services) -> None:
    number = with_link(services)
    slow = taken(services)
    taken(services, NOW + LEASE)
    outbox.finish(services, slow, SENT, NOW + LEASE)
    assert "link" in row(services, number).payload


def test_what_is_known_already_is_not_written_twice(services: Services) -> None:
    message = outbox.NewMessage("mail", "link", "ada@shop.example", {}, "<1@x>")
    with services.write.begin() as database:
        outbox.enqueue(database, [], NOW)
        outbox.enqueue(database, [message], NOW)
    with services.write.begin() as database:
        outbox.enqueue(
            database, [message, outbox.NewMessage("mail", "link", "b@x", {}, "<2@x>")], NOW, unless_there=True
        )
    assert [one.message_id for one in stored(services, OutboxMessage)] == ["<1@x>", "<2@x>"]
    with pytest.raises(IntegrityError), services.write.begin() as database:
        outbox.enqueue(database, [message], NOW)


# What failed, and sending it once more


def given_up(services: Services, *recipients: str) -> list[int]:
    """Mails that their server has refused for good."""
    numbers = [write_mail(services, f"{name}@shop.example") for name in recipients]
    send(services, Post(**dict.fromkeys(recipients, NEVER)))
    return numbers


def test_what_was_given_up_is_listed_newest_first_by_pages(services: Services) -> None:
    ada, ben, eve = given_up(services, "ada", "ben", "eve")
    write_mail(services)
    send(services, Post())
    first = outbox.dead_messages(services, most=2)
    assert [(one.id, one.recipient, one.last_error) for one in first] == [
        (eve, "eve@shop.example", "550 no such user"),
        (ben, "ben@shop.example", "550 no such user"),
    ]
    assert [one.id for one in outbox.dead_messages(services, before=ben)] == [ada]
    assert outbox.dead_messages(services, before=ada) == ()
    assert len(outbox.dead_messages(services, before=10**30)) == 3


def test_what_was_given_up_is_sent_once_more_under_its_own_id_and_no_other_with_it(services: Services) -> None:
    ada, ben = given_up(services, "ada", "ben")
    message_id, later, post = row(services, ada).message_id, NOW + timedelta(days=30), Post()
    outbox.replay(services, OPERATOR, ada, later)
    assert send(services, post, later) == 1
    sent = row(services, ada)
    assert (post.tried, sent.state, sent.message_id, sent.attempts, sent.last_error) == (
        [ada],
        "sent",
        message_id,
        1,
        "",
    )
    assert [one.id for one in outbox.dead_messages(services)] == [ben]


def test_an_old_message_is_tried_once_and_given_up_again_where_that_fails(services: Services) -> None:
    (ada,) = given_up(services, "ada")
    later = NOW + GIVE_UP_AFTER
    outbox.replay(services, OPERATOR, ada, later)
    assert send(services, Post(ada=BUSY), later) == 1
    assert (row(services, ada).state, row(services, ada).last_error) == ("dead", "450 busy")


def test_only_what_was_given_up_is_sent_once_more(services: Services) -> None:
    waiting = write_mail(services)
    for _ in range(2):
        with pytest.raises(UseCaseError, match="was not given up: it was sent, or is on its way"):
            outbox.replay(services, OPERATOR, waiting, NOW)
        send(services, Post())
    assert send(services, Post(), NOW + timedelta(days=1)) == 0


@pytest.mark.parametrize("number", [0, -1, 99, 2**31, 10**30])
def test_a_number_of_no_message_is_not_found(services: Services, number: int) -> None:
    with pytest.raises(NotFound, match=f"There is no message {number}"):
        outbox.replay(services, OPERATOR, number, NOW)
    with pytest.raises(NotFound):
        outbox.message_numbered(services, number)


def test_what_was_given_up_is_found_without_reading_what_was_sent(services: Services) -> None:
    """Both makes take a partial index only where the statement itself says what the index is about."""
    given_up(services, "ada")
    seen: list[tuple[str, Any]] = []
    with services.read() as database:
        postgresql = database.get_bind().dialect.name == "postgresql"
    event.listen(services.database.engine, "before_cursor_execute", lambda *told: seen.append(told[2:4]))
    assert len(outbox.dead_messages(services)) == 1
    (asked,) = [one for one in seen if "outbox.state = 'dead'" in one[0]]
    with services.database.engine.begin() as connection:
        if postgresql:
            # Few rows: the planner must be told that reading them all is no way.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            rows = connection.exec_driver_sql(f"EXPLAIN {asked[0]}", asked[1])
        else:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked[0]}", asked[1])
        plan = " ".join(str(found[-1]) for found in rows)
    assert "ix_outbox_dead" in plan

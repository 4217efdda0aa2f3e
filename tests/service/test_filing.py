"""Filing a ticket: all of it or nothing, once, and only where the sender may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from formapp.accounts import projects
from formapp.errors import (
    ProjectClosed,
    SubmissionReused,
    TextRefused,
    TooManyTickets,
    UnknownPriority,
    UnknownProject,
    UseCaseError,
)
from formapp.models import Event, OutboxMessage, Ticket
from formapp.services import Services
from formapp.tickets import create, queries
from tests.builders import NOW, build_account, build_customer, build_project, file_ticket, ticket_input


def told(filed: create.Filed) -> tuple[Any, ...]:
    """What the sender learns of a stored ticket."""
    ticket = filed.ticket
    return ticket.reference, ticket.opened_at, ticket.response_due_at, ticket.resolution_due_at


def count(services: Services, model: type) -> int:
    with services.read() as database:
        return int(database.scalar(select(func.count()).select_from(model)) or 0)


def test_a_ticket_is_stored_with_its_promise_its_event_and_its_mail(services: Services) -> None:
    ada = build_customer(services)
    filed = file_ticket(services, ada, priority="high")

    # Tuesday 15:00 in Paris, one business day: Wednesday 15:00.
    assert filed.ticket.response_due_at == datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
    assert filed.ticket.resolution_due_at is None
    ticket = queries.ticket_for(services, ada.id, filed.ticket.reference)
    assert (ticket.subject, ticket.project.key, ticket.reporter.email) == ("Checkout fails", "shop", "ada@shop.example")
    assert ticket.policy_version == services.policy.version
    (event,) = queries.events_of(services, ticket.id)
    assert (event.kind, event.account_id, event.at) == ("opened", ada.id, NOW)
    with services.read() as database:
        mail, announcement = database.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
    assert (mail.kind, mail.recipient, mail.ticket_id) == ("received", "ada@shop.example", ticket.id)
    assert (announcement.channel, announcement.kind, announcement.ticket_id) == ("announcement", "opened", ticket.id)


def test_the_chooser_s_answers_are_kept_as_evidence_and_weighed(services: Services) -> None:
    ada = build_customer(services)
    answers = {"need": "broken", "environment": "production", "impact": "down", "workaround": "unknown"}
    filed = file_ticket(services, ada, priority="low", answers=answers | {"mood": "bad", "impact": "down"})

    ticket = queries.ticket_for(services, ada.id, filed.ticket.reference)
    assert ticket.answers == answers
    assert (ticket.priority, ticket.recommended, ticket.rule) == ("low", "critical", "production-down")
    (event,) = queries.events_of(services, ticket.id)
    assert "mood" in event.details["answers no longer known"]


def test_the_same_form_sent_again_is_the_same_ticket(services: Services) -> None:
    ada = build_customer(services)
    first = file_ticket(services, ada)
    again = file_ticket(services, ada, NOW + timedelta(days=3))
    assert told(again) == told(first)
    assert (first.duplicate, again.duplicate) == (False, True)
    assert (count(services, Ticket), count(services, Event), count(services, OutboxMessage)) == (1, 1, 2)


def test_another_text_under_a_used_id_is_refused_by_name(services: Services) -> None:
    ada = build_customer(services)
    first = file_ticket(services, ada)
    with pytest.raises(SubmissionReused) as refused:
        file_ticket(services, ada, description="Something else entirely")
    assert refused.value.reference == first.ticket.reference
    assert count(services, Ticket) == 1


def test_a_submission_id_belongs_to_its_account(services: Services) -> None:
    ada = build_customer(services)
    ben = build_account(services, "ben@shop.example")
    projects.add_member(services, ben.email, "shop", NOW)
    file_ticket(services, ada)
    assert not file_ticket(services, ben).duplicate


def test_a_form_without_an_id_is_the_same_for_ten_minutes(services: Services) -> None:
    ada = build_customer(services)
    first = file_ticket(services, ada, NOW, submission="")
    soon = file_ticket(services, ada, NOW + timedelta(minutes=9, seconds=59), submission="")
    later = file_ticket(services, ada, NOW + timedelta(minutes=10), submission="")
    assert told(soon) == told(first)
    assert not later.duplicate
    assert not file_ticket(services, ada, NOW, submission="", subject="Another").duplicate


def test_a_person_files_so_many_an_hour_and_a_resend_is_none_more(services: Services) -> None:
    ada = build_customer(services)
    ben = build_account(services, "ben@shop.example")
    projects.add_member(services, ben.email, "shop", NOW)

    def file(account_id: int, number: int, now: datetime) -> str:
        sent = ticket_input(submission=f"form-{number}", subject=f"Number {number}")
        return create.create_ticket(services, account_id, sent, now, most_an_hour=2).ticket.reference

    assert [file(ada.id, number, NOW) for number in (1, 2)] == ["SUP-1001", "SUP-1002"]
    with pytest.raises(TooManyTickets):
        file(ada.id, 3, NOW + timedelta(minutes=59))
    assert file(ada.id, 2, NOW + timedelta(minutes=59)) == "SUP-1002"
    assert file(ben.id, 3, NOW + timedelta(minutes=59)) == "SUP-1003"
    assert file(ada.id, 3, NOW + timedelta(hours=1)) == "SUP-1004"


@pytest.mark.parametrize("submission", ["form-1", ""])
def test_twenty_parallel_sends_of_one_form_make_one_ticket(services: Services, submission: str) -> None:
    ada = build_customer(services)
    with ThreadPoolExecutor(20) as pool:
        filed = list(pool.map(lambda _: file_ticket(services, ada, submission=submission), range(20)))
    assert len({one.ticket.reference for one in filed}) == 1
    assert sum(not one.duplicate for one in filed) == 1
    assert (count(services, Ticket), count(services, Event), count(services, OutboxMessage)) == (1, 1, 2)


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"project": "museum"}, UnknownProject, "project"),
        ({"project": "nowhere"}, UnknownProject, "project"),
        ({"priority": "urgent"}, UnknownPriority, "priority"),
        ({"subject": "\u200b \u2060"}, TextRefused, "subject"),
        ({"description": " \n\t"}, TextRefused, "description"),
        ({"description": "a\0b"}, TextRefused, "description"),
        ({"subject": "\ud83d"}, TextRefused, "subject"),
    ],
)
def test_what_can_t_be_filed_names_its_field_and_stores_nothing(
    services: Services, changes: dict[str, str], error: type[UseCaseError], field: str
) -> None:
    ada = build_customer(services)
    build_project(services, "museum")
    with pytest.raises(error) as refused:
        file_ticket(services, ada, **changes)
    assert refused.value.field == field
    assert refused.value.message
    assert count(services, Ticket) == count(services, OutboxMessage) == 0


def test_a_closed_project_takes_no_ticket(services: Services) -> None:
    ada = build_customer(services)
    projects.close_project(services, "shop", NOW)
    with pytest.raises(ProjectClosed):
        file_ticket(services, ada)
    assert projects.active_projects_of(services, ada.id) == ()


def test_what_a_filing_asks_does_not_grow_with_what_its_sender_has_sent(sqlite_services: Services) -> None:
    ada = build_customer(sqlite_services)
    file_ticket(sqlite_services, ada)
    asked: list[tuple[str, Any]] = []

    @event.listens_for(sqlite_services.database.engine, "before_cursor_execute")
    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT") and "FROM tickets" in statement:
            asked.append((statement, parameters))

    create.create_ticket(
        sqlite_services, ada.id, ticket_input(subject="Another", submission="another"), NOW, most_an_hour=60
    )
    event.remove(sqlite_services.database.engine, "before_cursor_execute", note)
    with sqlite_services.read() as database:
        plans = [
            database.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
            for statement, parameters in asked
        ]
    looks = [step for plan in plans for *_, step in plan if " tickets" in step]
    # For the form's own id, for the last minutes, and for the hour.
    assert len(looks) == 3
    assert all("opened_at>?" in step or "submission=?" in step for step in looks), looks

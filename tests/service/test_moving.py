"""A ticket moves to another project: its people change at once, its promise doesn't, and its customer reads why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp import worker
from formapp.accounts import projects
from formapp.errors import ChangedMeanwhile, NotFound, ProjectClosed, TicketMerged, UseCaseError
from formapp.models import Event, OutboxMessage, Ticket
from formapp.notifications.email.compose import compose
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import moving, queries, search, triage
from formapp.tickets.replies import reply_as_customer
from tests.builders import NOW, Clock, build_account, build_customer, build_project, build_staff, file_ticket, written
from tests.builders import stored as rows_of

WHY = "It is about the blog, not the shop."
LATER = NOW + timedelta(minutes=20)


def found(services: Services, words: str, staff: int) -> list[str]:
    """The references that the queue's search finds."""
    page = search.find_page(services, search.parse_search(words), staff, LATER)
    return [ticket.reference for ticket in page.tickets]


def test_who_may_see_it_follows_the_project_at_once_and_the_promise_stays(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    bob, eve = (build_account(services, f"{name}@shop.example", name=name.title()) for name in ("bob", "eve"))
    projects.add_member(services, bob.email, "shop", NOW)
    build_project(services, "blog", ada.email, eve.email, name="Riverside Blog", plan="Premium")
    ticket = file_ticket(services, ada).ticket
    reply_as_customer(services, bob.id, ticket.id, written("Me too"), NOW)
    before = rows_of(services, Ticket)[0]
    moving.move(services, sam.id, ticket.id, "blog", LATER, seen=2, reason=WHY)

    after = rows_of(services, Ticket)[0]
    assert after.project_id == 2
    dates = ("response_due_at", "resolution_due_at", "queue_at", "priority", "policy_version", "state", "opened_at")
    assert [getattr(after, name) for name in dates] == [getattr(before, name) for name in dates]
    for person in (ada, eve):
        assert queries.ticket_for(services, person.id, ticket.reference).project.name == "Riverside Blog"
    with pytest.raises(NotFound):
        queries.ticket_for(services, bob.id, ticket.reference)
    assert (found(services, "project:blog", sam.id), found(services, "project:shop", sam.id)) == (["SUP-1001"], [])
    assert found(services, "blog", sam.id) == ["SUP-1001"]

    worker.run_once(services, Clock(LATER))
    mails = [row for row in rows_of(services, OutboxMessage) if (row.channel, row.kind) == ("mail", "moved")]
    # Bob has written on it, and may not see it any more.
    assert [mail.recipient for mail in mails] == [ada.email]
    mail = compose(services, mails[0], policy_of(services, mails[0].payload["policy_version"]))
    for text in (mail.text, mail.html):
        assert WHY in text
        assert "Riverside Shop" not in text
    assert "Sam Rivera moved SUP-1001 to the project Riverside Blog:" in mail.text
    moved = rows_of(services, Event)[-1]
    assert (moved.kind, moved.account_id) == ("moved", sam.id)
    assert moved.details == {"project": ["Riverside Shop", "Riverside Blog"], "reason": WHY}


def test_its_sender_must_be_in_the_project(services: Services) -> None:
    """What to do is said; nothing is changed by that. The same for who sent a duplicate of it."""
    ada, sam = build_customer(services), build_staff(services)
    bob = build_account(services, "bob@shop.example", name="Bob")
    projects.add_member(services, bob.email, "shop", NOW)
    build_project(services, "blog", name="Riverside Blog")
    ticket = file_ticket(services, ada).ticket
    double = file_ticket(services, bob, subject="The same", submission="two").ticket
    triage.merge(services, sam.id, double.id, ticket.reference, NOW)
    with pytest.raises(UseCaseError, match="Let Ada Martin into the project first, then move the ticket") as refused:
        moving.move(services, sam.id, ticket.id, "blog", LATER, seen=9, reason=WHY)
    assert refused.value.field == "project"
    projects.add_member(services, ada.email, "blog", NOW)
    with pytest.raises(UseCaseError, match="Bob is not in Riverside Blog"):
        moving.move(services, sam.id, ticket.id, "blog", LATER, seen=9, reason=WHY)
    assert {row.project_id for row in rows_of(services, Ticket)} == {1}
    projects.add_member(services, bob.email, "blog", NOW)
    moving.move(services, sam.id, ticket.id, "blog", LATER, seen=9, reason=WHY)
    assert {row.project_id for row in rows_of(services, Ticket)} == {2}
    assert queries.ticket_for(services, bob.id, double.reference).project.key == "blog"


def test_what_can_not_be_is_refused_with_its_field(services: Services) -> None:
    ada, sam = build_customer(services), build_staff(services)
    build_project(services, "blog", ada.email, name="Riverside Blog")
    build_project(services, "ended", ada.email, name="Ended")
    projects.close_project(services, "ended", NOW)
    first = file_ticket(services, ada).ticket
    second = file_ticket(services, ada, subject="The same", submission="two").ticket
    for key, reason, field, error in (
        ("blog", " \u200b", "reason", UseCaseError),
        ("blog", "x" * 501, "reason", UseCaseError),
        ("shop", WHY, "project", UseCaseError),
        ("", WHY, "project", UseCaseError),
        ("ended", WHY, "project", ProjectClosed),
    ):
        with pytest.raises(error) as refused:
            moving.move(services, sam.id, first.id, key, LATER, seen=9, reason=reason)
        assert refused.value.field == field, (key, reason)
    triage.merge(services, sam.id, second.id, first.reference, NOW)
    with pytest.raises(TicketMerged):
        moving.move(services, sam.id, second.id, "blog", LATER, seen=9, reason=WHY)
    # Sam's page is older than what Ada has written.
    reply_as_customer(services, ada.id, first.id, written("Wait"), NOW)
    with pytest.raises(ChangedMeanwhile):
        moving.move(services, sam.id, first.id, "blog", LATER, seen=1, reason=WHY)
    assert not [event for event in rows_of(services, Event) if event.kind == "moved"]


def test_a_ticket_on_its_way_out_is_told_of_where_it_is_now(services: Services) -> None:
    """What was written before the move and is spread after it goes to nobody who may no longer see the ticket."""
    ada, sam = build_customer(services), build_staff(services)
    bob = build_account(services, "bob@shop.example", name="Bob")
    projects.add_member(services, bob.email, "shop", NOW)
    build_project(services, "blog", ada.email)
    ticket = file_ticket(services, ada).ticket
    reply_as_customer(services, bob.id, ticket.id, written("Me too"), NOW)
    triage.close(services, sam.id, ticket.id, NOW)
    moving.move(services, sam.id, ticket.id, "blog", LATER, seen=9, reason=WHY)
    worker.run_once(services, Clock(LATER))
    assert bob.email not in {row.recipient for row in rows_of(services, OutboxMessage) if row.channel == "mail"}

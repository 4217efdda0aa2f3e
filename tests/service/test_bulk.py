"""Acting on several tickets at once, and one undo that puts each back unless it was changed since."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts import accounts
from formapp.errors import NotFound, NotStaff, TextRefused
from formapp.models import Account, BulkAction, OutboxMessage, Ticket
from formapp.operations.retention import prune_bulk_actions
from formapp.services import Services
from formapp.tickets import bulk, queries, replies, tags, triage
from formapp.tickets.bulk import ChooseTickets, TooManyChosen
from tests.builders import NOW, build_customer, build_staff, file_ticket, stored, written

LATER = NOW + timedelta(minutes=5)
KIM = "kim@platform.example"


@pytest.fixture
def sam(services: Services) -> Account:
    """Somebody at a desk with four tickets: one of them Sam's, one that waits for the customer, one that is closed."""
    ada, sam = build_customer(services), build_staff(services)
    for number in range(1, 5):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"form-{number}")
    triage.assign(services, sam.id, 1, sam.email, NOW, seen=9)
    replies.reply_as_staff(services, sam.id, 2, written("Which?"), "waiting", NOW)
    triage.close(services, sam.id, 4, NOW)
    return sam


@pytest.fixture
def kim(services: Services) -> Account:
    return build_staff(services, KIM, name="Kim Adeyemi")


def assignees(services: Services) -> list[int | None]:
    return [ticket.assignee_id for ticket in stored(services, Ticket)]


def states(services: Services) -> list[str]:
    return [ticket.state for ticket in stored(services, Ticket)]


def announced(services: Services, kind: str) -> list[int | None]:
    return [row.ticket_id for row in stored(services, OutboxMessage) if row.kind == kind]


def test_tickets_are_assigned_together_and_put_back_together(services: Services, sam: Account, kim: Account) -> None:
    number = bulk.change_all(services, sam.id, [1, 2, 2, 3, 99], "assign", KIM, LATER)
    assert assignees(services) == [kim.id, kim.id, kim.id, None]
    result = bulk.result_of(services, sam.id, number, LATER)
    assert result.outcomes == {1: "done", 2: "done", 3: "done", 99: "gone"}
    assert (result.word, result.can_undo) == ("Kim Adeyemi", True)

    # Somebody takes one of them meanwhile, and writes on another: that is no other assignee.
    triage.assign(services, kim.id, 2, sam.email, LATER, seen=99)
    replies.add_note(services, kim.id, 3, written("Mine"), LATER)
    for _ in range(2):
        bulk.undo(services, sam.id, number, LATER)
        assert assignees(services) == [sam.id, sam.id, None, None]
    result = bulk.result_of(services, sam.id, number, LATER)
    assert result.undone == {1: "done", 2: "changed", 3: "done"}
    assert not result.can_undo
    last = queries.events_of(services, 1)[-1]
    assert last.details == {"assignee": [kim.id, sam.id], "undoes": number}


def test_tickets_are_closed_as_one_is_and_reopened_to_what_they_were(services: Services, sam: Account) -> None:
    number = bulk.change_all(services, sam.id, [1, 2, 3, 4], "close", "", LATER)
    assert states(services) == ["closed"] * 4
    assert bulk.result_of(services, sam.id, number, LATER).outcomes == {1: "done", 2: "done", 3: "done", 4: "already"}
    assert announced(services, "closed") == [4, 1, 2, 3], "customers are told as of a single one"
    # The customer has reopened one and it is closed again: that is the newer wish.
    triage.reopen(services, sam.id, 3, LATER)
    triage.close(services, sam.id, 3, LATER)
    bulk.undo(services, sam.id, number, LATER)
    assert states(services) == ["open", "waiting", "closed", "closed"]
    assert bulk.result_of(services, sam.id, number, LATER).undone == {1: "done", 2: "done", 3: "changed"}
    assert announced(services, "reopened") == [3, 1, 2]


def test_a_tag_is_taken_off_again_only_where_it_was_added(services: Services, sam: Account) -> None:
    tags.add_tag(services, sam.id, 1, "payments", NOW)
    for number in range(tags.MOST_TAGS):
        tags.add_tag(services, sam.id, 2, f"tag{number}", NOW)
    number = bulk.change_all(services, sam.id, [1, 2, 3], "tag", "Payments", LATER)
    result = bulk.result_of(services, sam.id, number, LATER)
    assert result.outcomes == {1: "already", 2: "full", 3: "done"}
    assert result.word == "payments"
    bulk.undo(services, sam.id, number, LATER)
    assert [len(found) for found in tags.tags_of(services, [1, 2, 3]).values()] == [1, tags.MOST_TAGS, 0]


def test_what_others_did_since_the_page_was_shown_stays(services: Services, sam: Account, kim: Account) -> None:
    triage.assign(services, kim.id, 3, KIM, LATER, seen=9)
    number = bulk.change_all(services, sam.id, [1, 3], "assign", "", LATER, shown_at=NOW)
    assert bulk.result_of(services, sam.id, number, LATER).outcomes == {1: "done", 3: "changed"}
    assert assignees(services)[2] == kim.id


def test_work_that_ended_in_between_is_undone_as_far_as_it_came(services: Services, sam: Account, kim: Account) -> None:
    number = bulk.change_all(services, sam.id, [1, 3], "assign", KIM, LATER)
    # As if the process had ended after the first ticket, before that was noted.
    with services.write.begin() as database:
        database.get_one(BulkAction, number).outcomes = {"1": "untried", "2": "untried", "3": "untried"}
    triage.assign(services, kim.id, 3, "", LATER, seen=99)
    bulk.undo(services, sam.id, number, LATER)
    assert assignees(services)[:3] == [sam.id, None, None]


@pytest.mark.usefixtures("kim")
def test_an_assignee_who_has_left_since_gets_nothing_back(services: Services, sam: Account) -> None:
    gone = build_staff(services, "gone@platform.example", name="Gone")
    triage.assign(services, sam.id, 3, gone.email, NOW, seen=9)
    number = bulk.change_all(services, sam.id, [3], "assign", KIM, LATER)
    accounts.disable_account(services, gone.email, LATER)
    bulk.undo(services, sam.id, number, LATER)
    assert assignees(services)[2] is None


def test_nothing_is_changed_where_the_form_is_wrong(services: Services, sam: Account, kim: Account) -> None:
    with pytest.raises(ChooseTickets):
        bulk.change_all(services, sam.id, [], "close", "", LATER)
    with pytest.raises(TooManyChosen):
        bulk.change_all(services, sam.id, range(1, 102), "close", "", LATER)
    with pytest.raises(NotStaff):
        bulk.change_all(services, sam.id, [1], "assign", "ada@shop.example", LATER)
    with pytest.raises(TextRefused):
        bulk.change_all(services, sam.id, [1], "tag", "a,b", LATER)
    assert stored(services, BulkAction) == []
    number = bulk.change_all(services, sam.id, [3], "close", "", LATER)
    with pytest.raises(NotFound):
        bulk.undo(services, kim.id, number, LATER)
    tomorrow = LATER + bulk.UNDO_WITHIN + timedelta(minutes=1)
    with pytest.raises(NotFound):
        bulk.undo(services, sam.id, number, tomorrow)
    assert states(services)[2] == "closed"
    assert (prune_bulk_actions(services, LATER), prune_bulk_actions(services, tomorrow)) == (0, 1)

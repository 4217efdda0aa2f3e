"""What staff do with a ticket beside writing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from formapp.accounts import accounts
from formapp.errors import ChangedMeanwhile, NotFound, NotStaff, TicketMerged, UnknownPriority, UseCaseError
from formapp.models import Account, Ticket
from formapp.services import Services
from formapp.tickets import queries, triage
from tests.builders import NOW, REASON, build_account, build_customer, build_project, build_staff, file_ticket


@pytest.fixture
def ada(services: Services) -> Account:
    customer = build_customer(services)
    file_ticket(services, customer)
    return customer


@pytest.fixture
def sam(services: Services) -> Account:
    return build_staff(services)


def the_ticket(services: Services, number: int = 1) -> Ticket:
    with services.read() as database:
        return database.get_one(Ticket, number)


def test_a_ticket_is_given_only_to_somebody_who_works_here(services: Services, ada: Account, sam: Account) -> None:
    gone = build_staff(services, "gone@platform.example", name="Gone")
    accounts.disable_account(services, gone.email, NOW)
    for email in (ada.email, gone.email, "nobody@platform.example", "x\u200b"):
        with pytest.raises(NotStaff):
            triage.assign(services, sam.id, 1, email, NOW, seen=1)
    triage.assign(services, sam.id, 1, " Sam@Platform.example ", NOW, seen=1)
    assert the_ticket(services).assignee_id == sam.id
    triage.assign(services, sam.id, 1, "", NOW, seen=2)
    assert the_ticket(services).assignee_id is None
    assert [event.details["assignee"] for event in queries.events_of(services, 1)[1:]] == [
        [None, sam.id],
        [sam.id, None],
    ]
    assert [person.name for person in triage.staff_accounts(services)] == ["Sam Rivera"]


@pytest.mark.usefixtures("ada")
def test_every_act_tells_the_second_of_two_people(services: Services, sam: Account) -> None:
    kim = build_staff(services, "kim@platform.example", name="Kim Adeyemi")
    triage.assign(services, kim.id, 1, kim.email, NOW, seen=1)
    acts = (
        lambda: triage.assign(services, sam.id, 1, sam.email, NOW, seen=1),
        lambda: triage.close(services, sam.id, 1, NOW, seen=1),
        lambda: triage.merge(services, sam.id, 1, "SUP-1002", NOW, seen=1),
        lambda: triage.correct_answers(services, sam.id, 1, {"need": "question"}, NOW, seen=1, reason=REASON),
    )
    for act in acts:
        with pytest.raises(ChangedMeanwhile, match="Kim Adeyemi changed the assignee"):
            act()
    assert the_ticket(services).state == "open"


def test_closing_and_reopening_by_either_side(services: Services, ada: Account, sam: Account) -> None:
    triage.close(services, ada.id, 1, NOW)
    triage.close(services, sam.id, 1, NOW)
    assert (the_ticket(services).state, the_ticket(services).closed_at) == ("closed", NOW)
    triage.reopen(services, sam.id, 1, NOW + timedelta(hours=1))
    triage.reopen(services, ada.id, 1, NOW + timedelta(hours=1))
    assert (the_ticket(services).state, the_ticket(services).closed_at) == ("open", None)
    assert [event.kind for event in queries.events_of(services, 1)] == ["opened", "closed", "reopened"]


def test_duplicates_are_merged_within_their_project(services: Services, ada: Account, sam: Account) -> None:
    build_project(services, "intranet", ada.email, name="Intranet")
    for number, project in ((2, "shop"), (3, "shop"), (4, "intranet")):
        file_ticket(services, ada, subject=f"Number {number}", submission=f"form-{number}", project=project)
    for into, sentence in (
        ("SUP-1002", "into itself"),
        ("SUP-1004", "belong to the same project"),
        ("SUP-9999", "There is no ticket SUP-9999"),
        ("-1", "like SUP-1042"),
        ("SUP-١٠٠١", "like SUP-1042"),
        ("9" * 40, "like SUP-1042"),
    ):
        with pytest.raises(UseCaseError, match=sentence) as refused:
            triage.merge(services, sam.id, 2, into, NOW)
        assert refused.value.field == "into"

    triage.merge(services, sam.id, 3, "SUP-1002", NOW)
    with pytest.raises(UseCaseError, match="SUP-1003 was itself merged into SUP-1002"):
        triage.merge(services, sam.id, 1, "SUP-1003", NOW)
    triage.merge(services, sam.id, 2, "SUP-1001", NOW)
    assert [the_ticket(services, number).merged_into_id for number in (1, 2, 3)] == [None, 1, 1]
    assert the_ticket(services, 2).state == "closed"
    assert [event.kind for event in queries.events_of(services, 1)] == ["opened", "absorbed"]
    with pytest.raises(TicketMerged):
        triage.reopen(services, ada.id, 2, NOW)
    with pytest.raises(TicketMerged):
        triage.merge(services, sam.id, 2, "SUP-1004", NOW)


@pytest.mark.usefixtures("ada")
def test_answers_that_the_policy_doesnt_know_are_refused(services: Services, sam: Account) -> None:
    for answers in ({"mood": "bad"}, {"need": "coffee"}):
        with pytest.raises(UnknownPriority):
            triage.correct_answers(services, sam.id, 1, answers, NOW, seen=1, reason=REASON)
    assert the_ticket(services).priority == "high"


def test_a_ticket_is_found_by_its_reference_alone(services: Services, ada: Account, sam: Account) -> None:
    assert triage.staff_ticket(services, sam.id, "SUP-1001").reporter.email == ada.email
    for reference in ("SUP-1002", "SUP--1001", "SUP-" + "9" * 30, "SUP-١٠٠١", "1001", ""):
        with pytest.raises(NotFound):
            triage.staff_ticket(services, sam.id, reference)


def test_somebody_without_an_account_does_nothing(services: Services, ada: Account) -> None:
    stranger = build_account(services, "stranger@museum.example")
    accounts.disable_account(services, stranger.email, NOW)
    with pytest.raises(NotFound):
        triage.close(services, stranger.id, 1, NOW)
    with pytest.raises(NotFound):
        triage.close(services, ada.id, 99, NOW)


def test_two_tickets_merged_into_each_other_at_once_end_as_one(services: Services, ada: Account, sam: Account) -> None:
    """Whoever comes second is told; nobody waits for the other for ever (a deadlock of PostgreSQL is an error)."""
    for turn in range(20):
        one, other = (file_ticket(services, ada, submission=f"{turn}-{n}", subject=f"{turn} {n}").ticket for n in "ab")
        both = threading.Barrier(2)

        def merge(ticket_id: int, into: str, both: threading.Barrier = both) -> None:
            both.wait()
            triage.merge(services, sam.id, ticket_id, into, NOW)

        with ThreadPoolExecutor(2) as pool:
            ends = [pool.submit(merge, one.id, other.reference), pool.submit(merge, other.id, one.reference)]
        assert sorted(type(end.exception()) for end in ends if end.exception()) == [UseCaseError]

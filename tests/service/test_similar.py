"""What a colleague has just reported is found by the telling words of its subject, and shown to members alone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from formapp.accounts import accounts, projects
from formapp.services import Services
from formapp.tickets.similar import similar_tickets, telling_words
from tests.builders import NOW, build_account, build_customer, build_project, file_ticket

LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def asked(services: Services) -> Services:
    """A shop whose checkout fails: Ada has reported it, Ben is about to."""
    ada = build_customer(services)
    build_account(services, "ben@shop.example", name="Ben Okafor")
    projects.add_member(services, "ben@shop.example", "shop", NOW)
    file_ticket(services, ada, subject="Checkout fails with error 502")
    return services


def found(services: Services, subject: str, email: str = "ben@shop.example", project: str = "shop") -> list[str]:
    account = accounts.find_account_by_email(services, email)
    assert account is not None
    return [one.reference for one in similar_tickets(services, account.id, project, subject, LATER)]


@pytest.mark.parametrize(
    "subject",
    [
        "Checkout fails",
        "the checkout page fails since noon",
        "ERROR 502!",
        "Our checkout is down",
        "Error 502 at checkout",
    ],
)
def test_subjects_that_share_half_of_the_telling_words_are_alike(asked: Services, subject: str) -> None:
    assert found(asked, subject) == ["SUP-1001"]


@pytest.mark.parametrize(
    "subject", ["", "  ", "Login fails for guests", "It is not working", "How do I get help?", "5xx"]
)
def test_other_subjects_are_not(asked: Services, subject: str) -> None:
    assert found(asked, subject) == []


def test_ones_own_ticket_is_no_colleagues(asked: Services) -> None:
    assert found(asked, "Checkout fails", "ada@shop.example") == []


def test_only_the_last_hour_counts(asked: Services) -> None:
    ben = accounts.find_account_by_email(asked, "ben@shop.example")
    assert ben is not None
    for minutes, count in ((59, 1), (60, 0)):
        now = NOW + timedelta(minutes=minutes)
        assert len(similar_tickets(asked, ben.id, "shop", "Checkout fails", now)) == count


def test_nothing_is_told_of_a_project_that_one_is_not_in(asked: Services) -> None:
    build_account(asked, "cleo@museum.example")
    build_project(asked, "museum", "cleo@museum.example", name="City Museum")
    assert found(asked, "Checkout fails", "cleo@museum.example") == []
    assert found(asked, "Checkout fails", "cleo@museum.example", "museum") == []
    assert found(asked, "Checkout fails", project="no-such") == []


def test_the_three_newest_are_enough(asked: Services) -> None:
    ada = accounts.find_account_by_email(asked, "ada@shop.example")
    assert ada is not None
    for number in range(4):
        at = NOW + timedelta(minutes=number + 1)
        file_ticket(asked, ada, at, subject=f"Checkout fails {number}", submission=f"form-{number + 10}")
    assert found(asked, "Checkout fails") == ["SUP-1005", "SUP-1004", "SUP-1003"]


def test_words_of_any_script_tell(asked: Services) -> None:
    ada = accounts.find_account_by_email(asked, "ada@shop.example")
    assert ada is not None
    file_ticket(asked, ada, subject="決済エラー 502", submission="form-2")
    assert found(asked, "決済エラー") == ["SUP-1002"]
    assert telling_words("Die Größe ist FALSCH, it's 42") == {"die", "grösse", "ist", "falsch"}

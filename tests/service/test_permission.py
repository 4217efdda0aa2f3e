"""Who may: every use case asks for itself, whichever door it was reached by.

Each public function of the use cases has its line in ``use_cases.py``. One that isn't in its tables fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import timedelta as length
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from formapp.accounts import accounts, projects
from formapp.actors import OPERATOR
from formapp.database.engine import Base
from formapp.errors import NotPermitted, TextRefused, UnknownProject, UseCaseError
from formapp.hours import closures
from formapp.incoming_mail import held, processing
from formapp.incoming_mail.receive import receive
from formapp.models import (
    OutboxMessage,
    WebhookEndpoint,
)
from formapp.notifications.webhooks.messages import recipient_of
from formapp.services import Services
from formapp.tickets import (
    bulk,
    create,
    replies,
    saved_replies,
    saved_views,
    triage,
)
from formapp.tickets.replies import MessageInput
from tests.builders import (
    NOW,
    CopyDesk,
    build_account,
    build_customer,
    build_manager,
    build_project,
    build_staff,
    file_ticket,
    ticket_input,
    written,
)
from tests.incoming_mail.mails import build_mail
from tests.service.use_cases import (
    ACTING,
    BY_A_SECRET,
    INSIDE_ANOTHER,
    LATER,
    OF_THE_OPERATOR,
    OF_THE_WORKER,
    OF_WHAT_WAS_FOUND,
    USE_CASES,
)


def module(name: str) -> ModuleType:
    return import_module(f"formapp.{name}")


def public_functions() -> Iterator[tuple[str, str, Callable[..., Any]]]:
    for name in USE_CASES:
        for known_as, found in inspect.getmembers(module(name), inspect.isfunction):
            if found.__module__ == f"formapp.{name}" and not known_as.startswith("_"):
                yield name, known_as, found


def test_every_use_case_has_its_line() -> None:
    others = (OF_THE_OPERATOR, BY_A_SECRET, OF_THE_WORKER, INSIDE_ANOTHER, OF_WHAT_WAS_FOUND)
    named = [(name, one) for table in others for name, words in table.items() for one in words.split()]
    acting = [(one.__module__.removeprefix("formapp."), one.__name__) for one in ACTING]
    assert len(set(named + acting)) == len(named) + len(acting), "a function stands in two tables"
    known = {(name, function) for name, function, _ in public_functions()}
    assert known == set(named) | set(acting)


def test_what_takes_an_acting_account_is_tried_with_each() -> None:
    """A number of an account is somebody who acts, unless the function is named as something else."""
    taking = {
        found
        for name, known_as, found in public_functions()
        if {"account_id", "viewer_id", "actor"} & inspect.signature(found).parameters.keys()
        and "services" in inspect.signature(found).parameters
        and known_as not in f"{INSIDE_ANOTHER.get(name, '')} {BY_A_SECRET.get(name, '')}".split()
    }
    assert taking == set(ACTING)


@pytest.fixture
def filled(copy_desk: CopyDesk) -> tuple[Services, dict[str, Any]]:
    return copy_desk(fill_desk)


@pytest.fixture
def services(filled: tuple[Services, dict[str, Any]]) -> Services:
    return filled[0]


@pytest.fixture
def roles(filled: tuple[Services, dict[str, Any]]) -> dict[str, Any]:
    """Who may come, and the numbers of their accounts."""
    return filled[1]


def fill_desk(services: Services) -> dict[str, Any]:
    """Three tickets of one project, the second closed, a closure, two dead messages; returns who may come."""
    member, staff = build_customer(services), build_staff(services)
    stranger = build_customer(services, "eve@elsewhere.example", "elsewhere")
    build_project(services, "other", member.email)
    disabled = build_account(services, "gone@platform.example", is_staff=True)
    projects.add_member(services, disabled.email, "shop", NOW)
    accounts.disable_account(services, disabled.email, NOW)
    for number in (1, 2, 3):
        file_ticket(services, member, subject=f"Number {number}", submission=f"form-{number}")
    colleague = build_account(services, "bea@shop.example")
    projects.add_member(services, colleague.email, "shop", NOW)
    file_ticket(services, colleague, subject="The printer burns", submission="form-4")
    triage.close(services, member.id, 2, NOW)
    for subject in ("SUP-1001", "SUP-1002"):
        number = receive(services, build_mail(sender="joe@shop.example", subject=subject), "pipe", NOW)
        processing.process(services, number, NOW)
    held.mark_as_spam(services, staff.id, 2, NOW)
    bulk.change_all(services, staff.id, [3], "tag", "payments", NOW)
    saved_views.add_view(services, staff.id, "Payments", "tag:payments", NOW, shared=True)
    saved_replies.add_reply(services, staff.id, "Greeting", "Hello {name}", NOW, shared=True)
    closures.add_closure(services, OPERATOR, NOW + length(days=2), NOW + length(days=3), "Moving house", NOW)
    manager = build_manager(services)
    return {
        "manager": manager.id,
        "member": member.id,
        "staff": staff.id,
        "stranger": stranger.id,
        "disabled": disabled.id,
        "nobody": 999,
    }


def rows(services: Services) -> list[str]:
    """All that an action could change, as texts."""
    with services.read() as database:
        return [
            f"{table.name} {tuple(row)!r}"
            for table in Base.metadata.sorted_tables
            for row in database.execute(table.select().order_by(*table.primary_key))
        ]


@pytest.mark.parametrize("use_case", ACTING, ids=lambda one: one.__name__)
def test_a_use_case_asks_who_may(use_case: Callable[..., Any], services: Services, roles: dict[str, Any]) -> None:
    line = ACTING[use_case]
    make_dead(services)
    before = rows(services)
    for who in ("nobody", "stranger", "disabled", "member", "staff"):
        if who in line.allowed.split():
            continue
        if line.otherwise is None:
            assert line.call(services, roles[who]) == (), who
        else:
            with pytest.raises(line.otherwise) as refused:
                line.call(services, roles[who])
            assert type(refused.value) is line.otherwise, who
        assert rows(services) == before, who
    # Once: most can't be done again by the next one.
    who = line.allowed.split()[0]
    result = line.call(services, OPERATOR if who == "operator" else roles[who])
    assert line.otherwise is not None or result != ()


def make_dead(services: Services) -> None:
    """A mail (message 1) and a webhook's message (message 2) that failed."""
    with services.write.begin() as database:
        endpoint = WebhookEndpoint(
            url="https://hooks.example/", events=[], created_at=NOW, disabled_reason="", failures=0
        )
        database.add(endpoint)
        database.flush()
        mail, webhook = (database.get_one(OutboxMessage, number) for number in (1, 2))
        mail.channel, mail.state = "mail", "dead"
        webhook.channel, webhook.state, webhook.recipient = "webhook", "dead", recipient_of(endpoint.id)


def test_a_project_made_after_it_is_a_strangers_too(services: Services, roles: dict[str, Any]) -> None:
    """Being a member of some project is not enough."""
    build_project(services, "third", "eve@elsewhere.example")
    with pytest.raises(NotPermitted):
        replies.reply_as_customer(services, roles["stranger"], 1, written("Mine"), LATER)


@pytest.mark.parametrize("who", ["nobody", "stranger", "disabled", "member"])
def test_staff_alone_file_for_somebody_else(services: Services, roles: dict[str, Any], who: str) -> None:
    sent, before = ticket_input(submission="new", subject="New"), rows(services)
    with pytest.raises(NotPermitted) as refused:
        create.create_ticket(services, roles["member"], sent, LATER, filed_by=roles[who])
    assert type(refused.value) is NotPermitted
    assert rows(services) == before
    with pytest.raises(UnknownProject):
        # Nor do staff for a project that the person isn't in.
        create.create_ticket(services, roles["stranger"], sent, LATER, filed_by=roles["staff"])


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "ftp://x.example", "https://", "shop.example", "https://a b.example"]
)
def test_an_address_that_no_page_may_link_to_is_refused_whoever_sends_it(
    services: Services, roles: dict[str, Any], url: str
) -> None:
    sent = ticket_input(submission="new", subject="New", url=url)
    with pytest.raises(TextRefused) as refused:
        create.create_ticket(services, roles["member"], sent, LATER)
    assert refused.value.field == "url"


@pytest.mark.parametrize("submission", ["", " ", "x" * 101, "a\0b"])
def test_a_reply_needs_a_forms_id_that_can_be_stored(
    services: Services, roles: dict[str, Any], submission: str
) -> None:
    with pytest.raises(UseCaseError):
        replies.reply_as_customer(services, roles["member"], 1, MessageInput("Hello", submission), LATER)


def test_a_staff_reply_needs_a_known_state(services: Services, roles: dict[str, Any]) -> None:
    with pytest.raises(UseCaseError) as refused:
        replies.reply_as_staff(services, roles["staff"], 1, written("Hello"), "lost", LATER)  # type: ignore[arg-type]
    assert refused.value.field == "then"

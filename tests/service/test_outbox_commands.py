"""The operator finds what failed, and sends it again: by number, or all of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from formapp.models import OutboxMessage
from formapp.notifications import fanout, outbox
from formapp.notifications.outbox import Outcome
from formapp.notifications.webhooks.endpoints import add_endpoint, disable
from formapp.services import Services, utc_now
from tests.builders import build_customer, file_ticket, stored, write_mail
from tests.service.test_cli import Operator

NOBODY = Outcome(sent=False, error="550 no such user", permanent=True)


@pytest.fixture
def operator(services: Services, tmp_path: Path) -> Operator:
    return Operator(tmp_path, services.settings.database_url)


def given_up(services: Services, *names: str) -> list[int]:
    """Mails that their server has refused for good."""
    numbers = [write_mail(services, f"{name}@shop.example") for name in names]
    outbox.send_due(services, lambda _: NOBODY, utc_now)
    return numbers


def due(services: Services) -> list[int]:
    return [message.id for message in stored(services, OutboxMessage) if message.state == "due"]


def test_what_was_given_up_is_listed_and_sent_again_by_its_number(services: Services, operator: Operator) -> None:
    assert operator.is_told("outbox", "list") == "No message was given up."
    ada, ben = given_up(services, "ada", "ben")
    assert operator.is_told("outbox", "list").splitlines() == [
        f"{ben}\tmail\tunknown-address\tben@shop.example\t550 no such user",
        f"{ada}\tmail\tunknown-address\tada@shop.example\t550 no such user",
    ]
    assert operator.is_told("outbox", "replay", str(ada)) == "1 of 1 are being sent again."
    assert due(services) == [ada]


def test_all_of_it_is_sent_again_at_once(services: Services, operator: Operator) -> None:
    numbers = given_up(services, *(f"person{number}" for number in range(51)))
    assert operator.is_told("outbox", "replay", "--all") == "51 of 51 are being sent again."
    assert due(services) == numbers


def test_what_can_t_be_sent_again_is_told_and_holds_up_no_other(services: Services, operator: Operator) -> None:
    now = utc_now()
    endpoint, _ = add_endpoint(services, "https://hooks.example/in", now, resolve=lambda *_: ["93.184.216.34"])
    ticket = file_ticket(services, build_customer(services), now).ticket
    for message in stored(services, OutboxMessage):
        if message.channel == "announcement":
            fanout.fan_out(services, message, now)
    disable(services, endpoint, now)
    (ada,) = given_up(services, "ada")
    (webhook,) = [message.id for message in stored(services, OutboxMessage) if message.channel == "webhook"]
    assert f"{webhook}\twebhook\tticket.created\tendpoint-{endpoint}\t{ticket.reference}\tThe endpoint is" in (
        operator.is_told("outbox", "list")
    )
    result = operator.types("outbox", "replay", str(webhook), str(ada), "99999")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{webhook}: The endpoint is switched off: by hand. Switch it on first",
        "99999: There is no message 99999",
    ]
    assert result.stdout.strip() == "1 of 3 are being sent again."
    assert ada in due(services)


@pytest.mark.parametrize("words", [(), ("7", "--all"), ("0",), ("x",), ("9" * 30,)])
def test_a_mistake_at_the_command_is_told(operator: Operator, words: tuple[str, ...]) -> None:
    result = operator.types("outbox", "replay", *words)
    assert result.exit_code == 2
    assert "Error: " in result.stderr

"""``formapp webhook``: what an operator types, and what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from formapp.cli.main import main
from formapp.models import OutboxMessage, WebhookAttempt, WebhookSecret
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.endpoints import add_endpoint
from formapp.notifications.webhooks.messages import recipient_of
from formapp.services import Services
from tests.builders import NOW, POLICY, Clock, build_project, stored
from tests.webhooks.build import build_ticket, send, tell, told_endpoint
from tests.webhooks.receiver import Receiver, Reply

Formapp = Callable[..., Result]


@pytest.fixture
def formapp(sqlite_desk: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Formapp:
    for name, value in (("VAR", str(tmp_path)), ("POLICY", str(POLICY)), ("WEBHOOK_PRIVATE", "127.0.0.1/32")):
        monkeypatch.setenv(f"FORMAPP_{name}", value)
    monkeypatch.setenv("FORMAPP_DATABASE_URL", sqlite_desk.settings.database_url)
    monkeypatch.setenv("FORMAPP_SECRET_KEY", sqlite_desk.settings.secret_key)
    return lambda *words: CliRunner().invoke(main, ["webhook", *words])


def test_an_endpoint_is_added_tried_and_turned_over(formapp: Formapp, receiver: Receiver) -> None:
    added = formapp("add", receiver.url()).output
    assert f"Added endpoint 1: {receiver.url()}, all tickets, all events" in added
    (secret,) = re.findall(r"shown only now: (whsec_\S+)", added)
    tried = formapp("test", "1")
    assert (tried.exit_code, tried.output.startswith("The receiver accepted the ping: it answered 204 in ")) == (
        0,
        True,
    )
    assert receiver.received[0].verified(secret)["type"] == "ping"

    rotated = formapp("rotate", "1").output
    (second,) = re.findall(r"shown only now: (whsec_\S+)", rotated)
    assert "messages are signed with the old one too" in rotated
    formapp("test", "1")
    for one in (secret, second):
        assert receiver.received[-1].verified(one)
    listed = formapp("list").output
    assert listed == f"1  {receiver.url()}, all tickets, all events; on\n"
    assert "whsec" not in listed


def test_an_endpoint_of_one_project_and_some_events(
    formapp: Formapp, sqlite_desk: Services, receiver: Receiver
) -> None:
    build_project(sqlite_desk)
    formapp("add", receiver.url(), "--project", "shop", "--events", "ticket.created,ticket.closed")
    assert formapp("list").output.startswith(f"1  {receiver.url()}, tickets of shop, ticket.created, ticket.closed; on")


def test_an_endpoint_is_removed_with_all_that_waits_for_it(
    formapp: Formapp, sqlite_desk: Services, receiver: Receiver
) -> None:
    ticket = build_ticket(sqlite_desk)
    number, _ = told_endpoint(sqlite_desk, receiver, ticket)
    other, _ = add_endpoint(sqlite_desk, receiver.url(), NOW)
    send(sqlite_desk, Clock())
    tell(sqlite_desk, ticket)
    refused = formapp("remove", str(number))
    assert (refused.exit_code, "Switch it off first" in refused.output) == (1, True)
    formapp("disable", str(number))
    assert formapp("remove", str(number)).output == f"Endpoint {number} is removed.\n"
    left = [row.recipient for row in stored(sqlite_desk, OutboxMessage) if row.channel == "webhook"]
    assert left == [recipient_of(other)]
    assert {row.endpoint_id for row in (*stored(sqlite_desk, WebhookSecret), *stored(sqlite_desk, WebhookAttempt))} == {
        other
    }
    assert formapp("remove", str(number)).exit_code == 1


def test_a_message_whose_endpoint_is_gone_is_given_up(sqlite_desk: Services) -> None:
    """Added at the very instant at which the endpoint was removed."""
    message = OutboxMessage(kind="ticket.created", recipient=recipient_of(99), payload={}, message_id="m")
    outcome = deliver(sqlite_desk, message, Clock())
    assert (outcome.sent, outcome.permanent, outcome.error) == (False, True, "The endpoint was removed")


def test_an_endpoint_is_switched_off_and_on(formapp: Formapp, receiver: Receiver) -> None:
    assert "There is no webhook endpoint. Add one" in formapp("list").output
    formapp("add", receiver.url())
    assert formapp("disable", "1").output == "Endpoint 1 is switched off.\n"
    assert re.search(r"; switched off \d{4}-\d\d-\d\d \d\d:\d\d UTC: by hand\n", formapp("list").output)
    assert formapp("enable", "1").output == "Endpoint 1 is switched on.\n"
    assert formapp("list").output.endswith("; on\n")


def test_a_ping_that_is_not_taken_says_plainly_what_came_back(formapp: Formapp, receiver: Receiver) -> None:
    formapp("add", receiver.url())
    receiver.replies = [Reply(401, content=b"Who are you?\nGo away")]
    refused = formapp("test", "1")
    assert refused.exit_code == 1
    assert refused.output.startswith("Error: The ping failed. Answered 401: Who are you? Go away (")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["add", "http://10.0.0.1/"], "10.0.0.1 is not a public address. To allow it, name its network in"),
        (["add", "http://[::ffff:127.0.0.1]/"], "::ffff:7f00:1 is not a public address"),
        (["add", "ftp://127.0.0.1/"], "The address must begin with https:// or http://"),
        (["add", "http://ada:pw@127.0.0.1/"], "The address must hold no user name and password"),
        (["add", "http://127.0.0.1/", "--events", "ticket.opened"], "There is no event ticket.opened; known are"),
        (["add", "http://127.0.0.1/", "--project", "moon"], "There is no project moon"),
        (["test", "7"], "There is no webhook endpoint 7"),
        (["rotate", "99999999999999999999"], "There is no webhook endpoint 99999999999999999999"),
        (["disable", "0"], "There is no webhook endpoint 0"),
        (["enable", "7"], "There is no webhook endpoint 7"),
    ],
)
def test_a_mistake_gets_a_sentence(formapp: Formapp, words: list[str], sentence: str) -> None:
    result = formapp(*words)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {sentence}")
    assert result.output.count("\n") == 1
    assert "pw" not in result.output

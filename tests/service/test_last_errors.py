"""What went wrong is stored and logged by its kind and place: no word of what anybody typed, and no address."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from formapp import worker
from formapp.logs import failure_place
from formapp.models import Account, OutboxMessage
from formapp.notifications import outbox
from formapp.notifications.outbox import Outcome
from formapp.services import Services
from tests.builders import NOW, Clock, build_account, write_mail

CANARY = "canary@typed.example"


def failure(call: Callable[[], object]) -> Exception:
    """What a call raises, which it must."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - of any kind
        call()
    return raised.value


def twice(services: Services) -> None:
    """Write one address twice: PostgreSQL says in its words which."""
    for _ in range(2):
        with services.write.begin() as database:
            database.add(Account(email=CANARY, name=CANARY, is_staff=False, created_at=NOW))


def wrong_number(services: Services) -> None:
    """A value that is no number, in a statement that takes one."""
    with services.read() as database:
        database.execute(text("SELECT 1 WHERE no_such_column = :typed"), {"typed": CANARY})


FAILURES: dict[str, Callable[[Services], Any]] = {
    "a value of the desk's own": lambda _: int(CANARY),
    "a row that is there already": twice,
    "a statement with what was typed": wrong_number,
    "a key that nobody knows": lambda _: dict[str, str]()[CANARY],
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES)
def test_no_last_error_quotes_what_was_typed(services: Services, fail: Callable[[Services], Any]) -> None:
    number = write_mail(services)

    def send(_message: OutboxMessage) -> Outcome:
        fail(services)
        raise AssertionError("it should have failed")

    assert outbox.send_due(services, send, Clock()) == 1
    row = outbox.message_numbered(services, number)
    assert row.state == "due"
    assert "canary" not in row.last_error
    assert "Error" in row.last_error
    assert " at formapp/" in row.last_error


def test_a_failure_of_the_database_never_shows_its_parameters(services: Services) -> None:
    """In no message that anybody could print or log."""
    error = failure(lambda: wrong_number(services))
    assert isinstance(error, DBAPIError)
    assert CANARY not in str(error)


def test_a_failure_is_told_by_its_kind_its_code_and_our_own_line(services: Services) -> None:
    told = failure_place(failure(lambda: build_account(services, CANARY) and build_account(services, CANARY)))
    assert "canary" not in told
    assert failure_place(ValueError(CANARY)) == "ValueError"
    away = failure_place(failure(lambda: twice(services)))
    assert away.startswith("IntegrityError (")
    assert ("UniqueViolation" in away) == (services.database.engine.dialect.name == "postgresql")


def test_the_worker_logs_an_outage_without_what_was_typed(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The worker's threads, too: what the database says of a row quotes the row."""
    monkeypatch.setattr(worker, "FIRST_PAUSE_SECONDS", 0.01)
    stop = threading.Event()

    def work() -> int:
        stop.set()
        twice(services)
        return 0

    worker._run_lane(services, worker.Lane("odd", work), Clock(), stop)
    logged = capsys.readouterr().out
    assert "lane failed" in logged
    assert "canary" not in logged
    with services.read() as database:
        assert database.scalar(select(func.count()).select_from(Account)) == 1


def test_a_sweep_that_fails_logs_no_key_of_a_file(
    sqlite_services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_arguments: object) -> int:
        raise FileNotFoundError(2, "No such file or directory", f"/var/lib/desk/files/ca/{CANARY}")

    monkeypatch.setattr("formapp.attachments.service.remove_expired", away)
    assert worker.sweep_files(sqlite_services, NOW) == 0
    logged = capsys.readouterr().out
    assert "FileNotFoundError" in logged
    assert "canary" not in logged

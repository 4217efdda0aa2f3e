"""The worker outlives what happens to the database it works on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest
from sqlalchemy import text

from formapp import worker
from formapp.notifications import outbox
from formapp.services import Services
from tests.builders import Clock, write_mail


@contextmanager
def working(services: Services) -> Iterator[None]:
    """A worker that runs beside the story, and ends with it without an error."""
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(worker.run, services, Clock(), stop)
        try:
            yield
        finally:
            stop.set()
            run.result(20)


def comes_true(condition: Callable[[], bool]) -> bool:
    """Whether it is so within ten seconds."""
    until = time.monotonic() + 10
    while not (fulfilled := condition()) and time.monotonic() < until:
        Event().wait(0.02)
    return fulfilled


def rename(services: Services, old: str, new: str) -> None:
    with services.write.begin() as database:
        database.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))


def test_a_worker_goes_on_after_an_outage_of_the_database(
    services: Services, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(worker, "OUTAGE_SECONDS", 0.02)
    number = write_mail(services)
    said = []

    def has_noticed() -> bool:
        said.append(capsys.readouterr().out)
        return "the worker waits for the database" in "".join(said)

    rename(services, "outbox", "away")
    try:
        with working(services):
            assert comes_true(has_noticed)
            rename(services, "away", "outbox")
            assert comes_true(lambda: outbox.latest_mails(services)[0].state == "kept")
    finally:
        with services.database.engine.connect() as connection:
            away = not services.database.engine.dialect.has_table(connection, "outbox")
        if away:
            rename(services, "away", "outbox")
    assert outbox.latest_mails(services)[0].id == number


def test_a_worker_without_work_ends_at_once_when_told(sqlite_services: Services) -> None:
    began = time.monotonic()
    with working(sqlite_services):
        pass
    assert time.monotonic() - began < 5

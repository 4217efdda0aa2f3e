"""Broken twins of the desk: each has one mistake that the crash tests must catch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from formapp import db, outbox, tickets
from formapp.models import OutboxMessage
from formapp.outbox import SENT, NewMessage, Send
from formapp.services import Services


def become(twin: str) -> None:
    """Make this process the twin of that name; "" leaves it sound."""
    if twin:
        {"marked before sent": _mark_first, "outbox outside": _outbox_outside, "deferred": _begin_deferred}[twin]()


def _mark_first() -> None:
    """A message counts as sent before it is."""

    def send_leased(services: Services, message: OutboxMessage, send: Send, clock: Callable[[], datetime]) -> None:
        outbox.finish(services, message, SENT, clock())
        send(message)

    outbox.send_leased = send_leased


def _outbox_outside() -> None:
    """A ticket's messages are written in a transaction of their own, after the ticket's."""
    write = outbox.enqueue

    def enqueue(database: Session, messages: Sequence[NewMessage], now: datetime, **options: Any) -> None:
        if messages[0].kind != "received":
            write(database, messages, now, **options)
            return
        engine = database.get_bind()

        @event.listens_for(database, "after_commit", once=True)
        def later(_session: Session) -> None:
            time.sleep(0.01)
            with Session(engine) as second, second.begin():
                write(second, messages, now, **options)

    tickets.outbox.enqueue = enqueue  # type: ignore[assignment]


def _begin_deferred() -> None:
    """Writing transactions begin as reading ones do, and each process lets its threads write at once."""
    sound = db.open_database

    def open_database(url: str) -> db.Database:
        database = sound(url)
        return replace(database, write=db.Writers(database.read, None))

    from formapp import services

    services.open_database = open_database

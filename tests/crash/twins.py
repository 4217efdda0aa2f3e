"""Broken twins of the desk: each has one mistake that the crash tests must catch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from formapp import attachments, db, files, outbox, tickets
from formapp.files import LocalFiles
from formapp.models import OutboxMessage
from formapp.outbox import SENT, NewMessage, Send
from formapp.services import Services


def become(twin: str) -> None:
    """Make this process the twin of that name; "" leaves it sound."""
    if twin:
        {
            "marked before sent": _mark_first,
            "outbox outside": _outbox_outside,
            "deferred": _begin_deferred,
            "row before file": _row_before_file,
            "file not durable": _not_durable,
            "half kept": _half_kept,
        }[twin]()


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


def _row_before_file() -> None:
    """A file lies in memory until the transaction that attaches it is committed."""
    keep, waiting = files._LocalWriting.keep, {}

    def keep_later(self: Any, facts: Mapping[str, Any]) -> str:
        waiting[self._key] = (self, facts)
        return str(self._key)

    facts_of, attach = LocalFiles.facts, attachments.attach

    def known(self: LocalFiles, key: str) -> dict[str, Any] | None:
        return dict(waiting[key][1]) if key in waiting else facts_of(self, key)

    def attach_first(services: Services, database: Session, tokens: Any, **options: Any) -> Any:
        @event.listens_for(database, "after_commit", once=True)
        def keep_now(_session: Session) -> None:
            time.sleep(0.01)
            for token in tokens:
                writing, facts = waiting.pop(token, (None, {}))
                if writing is not None:
                    keep(writing, facts)

        return attach(services, database, tokens, **options)

    files._LocalWriting.keep = keep_later  # type: ignore[method-assign]
    LocalFiles.facts = known  # type: ignore[method-assign]
    attachments.attach = attach_first


def _not_durable() -> None:
    """Files are written and never made durable."""
    files.os = _Without(files.os, fsync=lambda _number: None)  # type: ignore[assignment]


def _half_kept() -> None:
    """A file counts as kept although writing it failed."""
    write = files._LocalWriting.write

    def write_some(self: Any, chunk: bytes) -> None:
        with suppress(OSError):
            write(self, chunk)
            self._file.flush()

    files._LocalWriting.write = write_some  # type: ignore[method-assign]


class _Without:
    """A module, but for some of its functions."""

    def __init__(self, module: Any, **changes: Any) -> None:
        self._module, self._changes = module, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._module, name)

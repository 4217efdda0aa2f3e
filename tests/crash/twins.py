"""Broken twins of the desk: each has one mistake that the crash tests must catch."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from formapp.attachments import service as attachments
from formapp.database import engine
from formapp.database.engine import WriteSessions
from formapp.models import OutboxMessage
from formapp.notifications import outbox
from formapp.notifications.outbox import SENT, NewMessage, Send
from formapp.services import Services
from formapp.storage import local
from formapp.storage.local import LocalFileStore


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
    write, after_commit = outbox.enqueue, _after_commit()

    def enqueue(database: Session | Connection, messages: Sequence[NewMessage], now: datetime, **options: Any) -> None:
        if messages[0].kind != "received":
            write(database, messages, now, **options)
            return
        bind = database.engine if isinstance(database, Connection) else database.get_bind()

        def later() -> None:
            with Session(bind) as second, second.begin():
                write(second, messages, now, **options)

        after_commit(later)

    outbox.enqueue = enqueue


def _begin_deferred() -> None:
    """Writing transactions begin as reading ones do, and each process lets its threads write at once."""
    sound = engine.open_database

    def open_database(url: str) -> engine.Database:
        database = sound(url)
        deferred = WriteSessions(database.engine)
        deferred._turn = None
        return replace(database, write=deferred)

    from formapp import services

    services.open_database = open_database
    engine._begin_to_write = lambda connection, _patience: connection.exec_driver_sql("BEGIN")


def _row_before_file() -> None:
    """A file lies in memory until the transaction that attaches it is committed."""
    keep, waiting = local._LocalPendingFile.commit, {}

    def keep_later(self: Any, facts: Mapping[str, Any]) -> str:
        waiting[self._key] = (self, facts)
        return str(self._key)

    facts_of, attach, after_commit = LocalFileStore.metadata, attachments.attach, _after_commit()

    def known(self: LocalFileStore, key: str) -> dict[str, Any] | None:
        return dict(waiting[key][1]) if key in waiting else facts_of(self, key)

    def attach_first(services: Services, database: Session, tokens: Any, **options: Any) -> Any:
        def keep_now() -> None:
            for token in tokens:
                writing, facts = waiting.pop(token, (None, {}))
                if writing is not None:
                    keep(writing, facts)

        after_commit(keep_now)
        return attach(services, database, tokens, **options)

    local._LocalPendingFile.commit = keep_later  # type: ignore[method-assign]
    LocalFileStore.metadata = known  # type: ignore[method-assign]
    attachments.attach = attach_first


def _after_commit() -> Callable[[Callable[[], None]], None]:
    """How to put off what a transaction should do, until a moment after it."""
    begin, of_this_thread = WriteSessions.begin, threading.local()

    @contextmanager
    def begin_and_do_later(self: WriteSessions, patience: float | None = None) -> Iterator[Session]:
        later: list[Callable[[], None]] = []
        with begin(self, patience) as session:
            of_this_thread.later = later
            yield session
        if later:
            time.sleep(0.01)
        for do in later:
            do()

    WriteSessions.begin = begin_and_do_later  # type: ignore[method-assign]
    return lambda do: of_this_thread.later.append(do)


def _not_durable() -> None:
    """Files are written and never made durable."""
    local.os = _Without(local.os, fsync=lambda _number: None)  # type: ignore[assignment]


def _half_kept() -> None:
    """A file counts as kept although writing it failed."""
    write = local._LocalPendingFile.write

    def write_some(self: Any, chunk: bytes) -> None:
        with suppress(OSError):
            write(self, chunk)
            self._file.flush()

    local._LocalPendingFile.write = write_some  # type: ignore[method-assign]


class _Without:
    """A module, but for some of its functions."""

    def __init__(self, module: Any, **changes: Any) -> None:
        self._module, self._changes = module, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._module, name)

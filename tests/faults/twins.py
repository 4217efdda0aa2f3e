"""Broken twins of the desk: each has one mistake that the fault tests must catch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from formapp import attachments, files
from formapp.files import LocalFiles
from formapp.services import Services
from tests.crash import twins as crash_twins


def become(twin: str) -> None:
    """Make this process the twin of that name; "" leaves it sound."""
    own = {"row before file": _row_before_file, "file not durable": _not_durable, "half kept": _half_kept}
    if twin in own:
        own[twin]()
    else:
        crash_twins.become(twin)


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
        try:
            write(self, chunk)
            self._file.flush()
        except OSError:
            pass

    files._LocalWriting.write = write_some  # type: ignore[method-assign]


class _Without:
    """A module, but for some of its functions."""

    def __init__(self, module: Any, **changes: Any) -> None:
        self._module, self._changes = module, changes

    def __getattr__(self, name: str) -> Any:
        return self._changes[name] if name in self._changes else getattr(self._module, name)

"""What follows a commit: it may be left undone, and never changes the answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from formapp.logs import failure_place, log


@contextmanager
def best_effort(what: str) -> Iterator[None]:
    """Do what nothing depends on: where the database or a disk refuses, that is logged and all goes on."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        log.warning("left undone", what=what, error=failure_place(error))

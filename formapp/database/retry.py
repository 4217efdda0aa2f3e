"""What the database asks to be tried again: it ended one of two transactions that stood in each other's way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from formapp.logs import log

CONFLICTS = frozenset({"40001", "40P01"})
"""SQLSTATE of PostgreSQL: a serialisation failure, a deadlock. SQLite has one writer at a time and knows neither."""
MOST_TRIES = 4
Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def tried_again(use_case: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Run a use case anew, from its beginning, where the database undid it for another's sake.

    For functions that change nothing but in their transactions, so that what was undone left no trace.
    """

    @wraps(use_case)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for tries in range(1, MOST_TRIES):
            try:
                return use_case(*args, **kwargs)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) not in CONFLICTS:
                    raise
                log.info("tried again", use_case=use_case.__name__, tries=tries)
        return use_case(*args, **kwargs)

    return run

"""Statements that run at every filing: made once for each kind of database, then run by its driver.

SQLAlchemy makes them, so each is written once for all databases; to run them through it as well
would cost several times what the database itself does. Everything else goes the usual way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Dialect, Engine, Insert, Select
from sqlalchemy.exc import DBAPIError

Found = TypeVar("Found")
_Convert = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """A statement as a driver takes it: its text, what is bound and how that is written, how a row is read.

    ``given`` is bound where a run names nothing; ``by_place`` says that the driver wants values in order.
    """

    text: str
    bound: tuple[tuple[str, _Convert], ...]
    given: Mapping[str, Any]
    by_place: bool
    read: tuple[_Convert, ...]


class Prepared(Generic[Found]):
    """One statement, and what is made of the columns of each row that it finds.

    An INSERT writes every column but the primary key: what a run doesn't name is the model's default, or empty.
    """

    def __init__(self, statement: Select[*tuple[Any, ...]] | Insert, found: Callable[..., Found]) -> None:
        self._statement = statement
        self._found = found
        self._plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Found]:
        """Run it with these values by name, in the transaction if one has begun; what it found.

        Raises what SQLAlchemy would raise, IntegrityError for one.
        """
        return self._run(connection.dialect, connection.connection.dbapi_connection, connection.invalidate, values)

    def ask(self, engine: Engine, values: Mapping[str, Any]) -> list[Found]:
        """Run it by itself, outside of all transactions; what it found. Raises what ``run`` does."""
        try:
            held = engine.raw_connection()
        except engine.dialect.loaded_dbapi.Error as error:
            raise _as_sqlalchemy_says(error, None, engine.dialect) from error
        with closing(held):
            return self._run(engine.dialect, held.dbapi_connection, held.invalidate, values)

    def _run(
        self,
        dialect: Dialect,
        driver: Any,  # noqa: ANN401 - the driver's connection
        give_up: Callable[[BaseException], None],
        values: Mapping[str, Any],
    ) -> list[Found]:
        plan = self._plans.get(dialect.name)
        if plan is None:
            plan = self._plans[dialect.name] = _plan(self._statement, dialect)
        try:
            answer = driver.execute(plan.text, _written(plan, values))
            rows = answer.fetchall() if plan.read else ()
        except dialect.loaded_dbapi.Error as error:
            if dialect.is_disconnect(error, driver, None):
                give_up(error)
            raise _as_sqlalchemy_says(error, plan.text, dialect) from error
        return [self._found(*_read(plan.read, row)) for row in rows]


def _as_sqlalchemy_says(error: Exception, statement: str | None, dialect: Dialect) -> Exception:
    """The error that SQLAlchemy makes of a driver's; without the values, which people have typed."""
    base = dialect.loaded_dbapi.Error
    return DBAPIError.instance(statement, None, error, base, hide_parameters=True, dialect=dialect)


def _written(plan: _Plan, values: Mapping[str, Any]) -> tuple[Any, ...] | dict[str, Any]:
    """The values as the driver takes them."""
    given = {**plan.given, **values}
    if plan.by_place:
        return tuple([given[name] if write is None else write(given[name]) for name, write in plan.bound])
    return {name: given[name] if write is None else write(given[name]) for name, write in plan.bound}


def _read(converts: Sequence[_Convert], row: Sequence[Any]) -> list[Any]:
    return [value if read is None else read(value) for read, value in zip(converts, row, strict=True)]


def _plan(statement: Select[*tuple[Any, ...]] | Insert, dialect: Dialect) -> _Plan:
    given: dict[str, Any] = {}
    keys = None
    if isinstance(statement, Insert):
        columns = [column for column in statement.table.columns if not column.primary_key]
        given = {column.key: getattr(column.default, "arg", None) for column in columns}
        keys = list(given)
    compiled: Any = statement.compile(dialect=dialect, column_keys=keys)
    names = compiled.positiontup if compiled.positional else compiled.binds
    return _Plan(
        compiled.string,
        tuple((name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in names),
        given,
        compiled.positional,
        tuple(
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.exported_columns
        ),
    )

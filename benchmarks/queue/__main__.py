"""``make bench-queue``: the staff queue at a thousand to a million tickets, on both databases.

Sizes are measured by turns in one run, so that a busy machine slows all of them alike; what counts is
the ratio to the smallest. Ends with 1 where the first page at the largest takes over 1.5 times as long.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks.queue.measuring import ROUNDS, SIZES, by_turns, urls
from benchmarks.queue.tickets import NOW, build_desk
from formapp.services import Services
from formapp.tickets import search
from formapp.tickets.view_counts import count_views
from supportpolicy import load

SEARCHES = (
    "",
    "priority:critical",
    "project:project-2",
    "assigned:me",
    "is:overdue",
    "status:closed",
    "status:any",
    "tag:common",
    "tag:rare",
)
# The views that stand above every page of the queue with their counts, and some that a person may have saved.
VIEWS = ("", "assignee:me", "assignee:unassigned", "is:overdue", "status:waiting")
SAVED = ("tag:common", "tag:rare", "project:project-2 priority:critical is:overdue", "priority:low assignee:unassigned")
VIEWER = 3
TARGET = 1.5


def main() -> int:
    """Measure, print a table, and say whether the targets are met."""
    options = _options()
    sizes = [size for size in SIZES if size <= options.largest]
    met = _deadlines()
    for name in options.databases:
        with tempfile.TemporaryDirectory() as folder, urls(name, Path(folder)) as url_of:
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


def _compare(name: str, desks: dict[int, Services]) -> bool:
    smallest, largest = min(desks), max(desks)
    print(f"\n{name}: milliseconds for a page of {search.PAGE_SIZE}, median of {ROUNDS} by turns")
    print(f"{'search':22}{'page':8}" + "".join(f"{size:>12,}" for size in desks) + "   ratio")
    met = True
    for wanted in SEARCHES:
        filters = search.parse_search(wanted)
        for page in ("first", "tenth"):
            keys = {size: _key(desk, filters, 9 if page == "tenth" else 0) for size, desk in desks.items()}
            times = by_turns(
                {
                    size: partial(search.find_page, desk, filters, VIEWER, NOW, keys[size])
                    for size, desk in desks.items()
                }
            )
            ratio = times[largest] / times[smallest]
            counts = page == "first" and wanted == ""
            met &= not counts or ratio <= TARGET
            shown = "".join(f"{times[size] * 1000:12.2f}" for size in desks)
            print(
                f"{wanted or 'the queue':22}{page:8}{shown}{ratio:8.2f}{'  (at most 1.5)' if counts else ''}",
                flush=True,
            )
    for title, wanted_views in (("five counts", VIEWS), ("nine counts", (*VIEWS, *SAVED))):
        views = [search.parse_search(wanted) for wanted in wanted_views]
        times = by_turns({size: partial(count_views, desk, views, VIEWER, NOW) for size, desk in desks.items()})
        shown = "".join(f"{times[size] * 1000:12.2f}" for size in desks)
        print(f"{title:30}{shown}{times[largest] / times[smallest]:8.2f}", flush=True)
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

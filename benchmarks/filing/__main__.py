"""``python -m benchmarks.filing``: both sides in turn on this machine, a table, exit code 1 for a missed target."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.filing.desk import Desk
from benchmarks.filing.helpdesk import SETUPS, Helpdesk, python_of_helpdesk
from benchmarks.filing.report import Level, Round, misses, table
from benchmarks.filing.senders import send_for
from benchmarks.filing.servers import THREADS, WORKERS, Server
from benchmarks.filing.sides import Side

BUILD = Path("build/bench")
SENDERS = (8, 32)
# More than either side can store in a second on the machines we know: how many people must be ready.
MOST_A_SECOND = 2000
WARM_UP_SECONDS = 1.5


def main() -> int:
    """Run the benchmark and return the exit code."""
    wanted = _arguments()
    rounds, seconds = (3, 2.5) if wanted.quick else (wanted.rounds, wanted.seconds)
    tickets = int(len(SENDERS) * (rounds * seconds + WARM_UP_SECONDS) * MOST_A_SECOND)
    BUILD.mkdir(parents=True, exist_ok=True)
    print("Getting both sides ready ...", flush=True)
    python = python_of_helpdesk((BUILD / "helpdesk").absolute())
    run = Path(tempfile.mkdtemp(prefix="filing-", dir=BUILD)).absolute()
    try:
        desk = Desk(run, tickets, _site(), with_sender=wanted.with_sender)
        helpdesk = Helpdesk(run, python, wanted.theirs)
        return _measure(desk, helpdesk, rounds, seconds)
    finally:
        if not wanted.keep:
            shutil.rmtree(run)


def _measure(desk: Side, helpdesk: Side, rounds: int, seconds: float) -> int:
    sides = (desk, helpdesk)
    _tell_setting(sides, rounds, seconds)
    acknowledged: dict[str, dict[str, str]] = {side.name: {} for side in sides}
    levels = []
    with desk.running() as desk_server, helpdesk.running() as helpdesk_server:
        servers = (desk_server, helpdesk_server)
        for senders in SENDERS:
            for side, server in zip(sides, servers, strict=True):
                side.open(senders)
                _turn(side, server, senders, WARM_UP_SECONDS, acknowledged[side.name])
            found: dict[str, list[Round]] = {side.name: [] for side in sides}
            for number in range(rounds):
                # Who begins changes from round to round, so that a slow change of the machine's load favours nobody.
                for side, server in list(zip(sides, servers, strict=True))[:: 1 if number % 2 == 0 else -1]:
                    found[side.name].append(_turn(side, server, senders, seconds, acknowledged[side.name]))
            level = Level(senders, tuple(found[desk.name]), tuple(found[helpdesk.name]))
            levels.append(level)
            print(table(level), end="\n\n", flush=True)
    return _verdict(sides, acknowledged, tuple(levels))


def _turn(side: Side, server: Server, senders: int, seconds: float, acknowledged: dict[str, str]) -> Round:
    """One side's turn; the other has nothing to do meanwhile."""
    time.sleep(0.3)
    loop_milliseconds = _fixed_loop()
    before = server.cpu_seconds()
    sent = send_for(server.address, senders, seconds, side.filing, side.reference)
    cpu_seconds = server.cpu_seconds() - before
    for reference in sent.acknowledged.keys() & acknowledged.keys():
        sent.refused[f"{reference} given twice"] += 1
    acknowledged.update(sent.acknowledged)
    latencies = tuple(sent.latencies)
    return Round(
        len(sent.acknowledged), sent.seconds, cpu_seconds, sent.cpu_seconds, latencies, sent.refused, loop_milliseconds
    )


def _fixed_loop() -> float:
    """CPU milliseconds of the same work at each time: where they differ, so does the machine under us."""
    before = time.process_time()
    total = 0
    for number in range(1_000_000):
        total += number * number
    return (time.process_time() - before) * 1000


def _verdict(sides: tuple[Side, Side], acknowledged: dict[str, dict[str, str]], levels: tuple[Level, ...]) -> int:
    found = misses(levels)
    for side in sides:
        stored = side.stored(acknowledged[side.name])
        print(
            f"{side.name}: {len(acknowledged[side.name])} acknowledged (with the warm-up), {stored.tickets} stored,",
            "each once and whole" if not stored.problems else f"{len(stored.problems)} problems",
        )
        print("".join(f"  {problem}\n" for problem in stored.problems[:10]), end="")
        if side is sides[0]:
            found += stored.problems[:10]
    print("\n".join(f"Missed: {sentence}" for sentence in found) or "Every target is met.")
    return 1 if found else 0


def _tell_setting(sides: tuple[Side, Side], rounds: int, seconds: float) -> None:
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load}"
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {machine}")
    print(f"{WORKERS} processes of {THREADS} threads a side, ours waitress, theirs gunicorn; loopback, kept open")
    print(f"{rounds} rounds of {seconds:g} s on each side in turn, after {WARM_UP_SECONDS:g} s unmeasured")
    print("\n".join(sentence for side in sides for sentence in side.said), end="\n\n", flush=True)


def _site() -> Path | None:
    site = Path(os.environ.get("FORMAPP_SITE_DIR") or "site").absolute()
    return site if site.is_dir() else None


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 short rounds, less than a minute in all")
    parser.add_argument("--rounds", type=int, default=5, help="rounds with each number of senders")
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each side's turn")
    parser.add_argument("--with-sender", action="store_true", help="run our outbox worker beside")
    parser.add_argument(
        "--theirs",
        choices=tuple(SETUPS),
        default="tuned",
        help="django-helpdesk as fast as settings make it, or as its guide installs it",
    )
    parser.add_argument("--keep", action="store_true", help="keep databases and logs below build/bench")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())

"""The figures of a run, as a table and as a verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median, quantiles

# The desk's promises to its operators; all are ratios of one run, because machines differ.
LEAST_RATIO = 4.0
MOST_OF_THEIR_CPU = 0.35
MOST_OF_THE_MEDIAN = 4.0


@dataclass(frozen=True, slots=True)
class Round:
    """One side's turn: acknowledged tickets, the seconds they took, the workers' and the senders' CPU seconds.

    ``loop_milliseconds`` is what a fixed loop cost just before: the speed of the machine at that time.
    """

    tickets: int
    seconds: float
    cpu_seconds: float
    sender_cpu_seconds: float
    latencies: tuple[float, ...]
    refused: Counter[str]
    loop_milliseconds: float

    @property
    def a_second(self) -> float:
        """Tickets a second."""
        return self.tickets / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """CPU milliseconds of all workers for one ticket; without a ticket there is no figure."""
        return 1000 * self.cpu_seconds / self.tickets if self.tickets else float("inf")


@dataclass(frozen=True, slots=True)
class Level:
    """The rounds of both sides with so many senders."""

    senders: int
    ours: tuple[Round, ...]
    theirs: tuple[Round, ...]

    @property
    def ratio(self) -> float:
        """How many tickets we store in the time of one of theirs: the median of the pairs of rounds."""
        return median(ours.a_second / theirs.a_second for ours, theirs in zip(self.ours, self.theirs, strict=True))

    @property
    def cpu_ratio(self) -> float:
        """Our CPU for one ticket, as a part of theirs, over all rounds."""
        return _cpu_of(self.ours) / _cpu_of(self.theirs)

    @property
    def slowest_ratio(self) -> float:
        """How many medians the answer takes that 99 of 100 of our senders don't wait longer for."""
        middle, slow = _waits(self.ours)
        return slow / middle


def table(level: Level) -> str:
    """The rounds with so many senders, line by line."""
    rounds = range(len(level.ours))
    heads = "".join(f"{f'round {number + 1}':>10}" for number in rounds)
    lines = [
        f"{level.senders} senders",
        f"  {'':34}{heads}{'median':>10}",
        _line("ours, tickets/s", [each.a_second for each in level.ours]),
        _line("django-helpdesk, tickets/s", [each.a_second for each in level.theirs]),
        _line(
            "ratio",
            [ours.a_second / theirs.a_second for ours, theirs in zip(level.ours, level.theirs, strict=True)],
        ),
        _line("ours, CPU ms a ticket", [each.cpu_milliseconds for each in level.ours], 2),
        _line("django-helpdesk, CPU ms a ticket", [each.cpu_milliseconds for each in level.theirs], 2),
        _line("a fixed loop just before, CPU ms", [each.loop_milliseconds for each in level.ours]),
        (
            f"  over all rounds: CPU {_cpu_of(level.ours):.2f} ms a ticket and {_cpu_of(level.theirs):.2f} ms,"
            f" ratio {level.cpu_ratio:.2f}"
        ),
        f"  the senders' own: {_sender_cpu_of(level.ours):.2f} ms a ticket and {_sender_cpu_of(level.theirs):.2f} ms",
        f"  wait for the answer, median and 99 of 100: ours {_told(level.ours)}, theirs {_told(level.theirs)}",
    ]
    for name, side in (("ours", level.ours), ("django-helpdesk", level.theirs)):
        refused = sum((each.refused for each in side), Counter())
        if refused:
            lines.append(f"  not acknowledged by {name}: {dict(refused)}")
    return "\n".join(lines)


def misses(levels: tuple[Level, ...]) -> list[str]:
    """The targets that were missed, a sentence each."""
    found = []
    for level in levels:
        if level.cpu_ratio > MOST_OF_THEIR_CPU:
            cpu = f"{level.cpu_ratio:.2f} of their CPU a ticket"
            found.append(f"{level.senders} senders: {cpu}, target {MOST_OF_THEIR_CPU} or less")
        if level.slowest_ratio > MOST_OF_THE_MEDIAN:
            slow = f"99 of 100 answers within {level.slowest_ratio:.1f} times the median"
            found.append(f"{level.senders} senders: {slow}, target {MOST_OF_THE_MEDIAN:g} or less")
        if level.ratio < LEAST_RATIO:
            found.append(f"{level.senders} senders: {level.ratio:.1f} times theirs, target {LEAST_RATIO:g} or more")
        refused = sum((each.refused for each in level.ours), Counter())
        if refused:
            found.append(f"{level.senders} senders: not every form of ours was acknowledged: {dict(refused)}")
    return found


def _line(name: str, values: list[float], digits: int = 1) -> str:
    return f"  {name:<34}" + "".join(f"{value:>10.{digits}f}" for value in [*values, median(values)])


def _cpu_of(rounds: tuple[Round, ...]) -> float:
    tickets = sum(each.tickets for each in rounds)
    return 1000 * sum(each.cpu_seconds for each in rounds) / tickets if tickets else float("inf")


def _sender_cpu_of(rounds: tuple[Round, ...]) -> float:
    tickets = sum(each.tickets for each in rounds)
    return 1000 * sum(each.sender_cpu_seconds for each in rounds) / tickets if tickets else float("inf")


def _waits(rounds: tuple[Round, ...]) -> tuple[float, float]:
    """How long the median sender waited, and how long 99 of 100 at the most, in seconds."""
    latencies = [latency for each in rounds for latency in each.latencies]
    if len(latencies) < 2:
        return float("inf"), float("inf")
    return median(latencies), quantiles(latencies, n=100)[98]


def _told(rounds: tuple[Round, ...]) -> str:
    middle, slow = _waits(rounds)
    return f"{middle * 1000:.0f} and {slow * 1000:.0f} ms"

"""Whichever write fails while a ticket with files is sent: no half ticket, and one more press makes one whole one.

The doctor is the judge. Each story is also told of a broken twin of the desk, which it must catch.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import with_failing_writes

Round = dict[str, Any]


def sweep(library: Path, folder: Path, error: str, way: str, every: int = 1, twin: str = "") -> list[Round]:
    with_failing_writes(library, "tests.faults.sweep", str(folder), error, way, str(every), twin)
    return [json.loads(line) for line in (folder / "told").read_text("utf-8").splitlines()]


def complaints(rounds: list[Round]) -> list[str]:
    return [f"{one['n']}: {complaint}" for one in rounds for complaint in one["complaints"]]


@pytest.mark.parametrize(
    ("error", "way", "every"),
    [
        ("EIO", "once", 5),
        ("ENOSPC", "lasting", 7),
        pytest.param("EIO", "once", 1, marks=pytest.mark.nightly),
        pytest.param("ENOSPC", "lasting", 1, marks=pytest.mark.nightly),
    ],
)
def test_whichever_write_fails_no_half_ticket_is_left(
    failing_writes: Path, tmp_path: Path, error: str, way: str, every: int
) -> None:
    rounds = sweep(failing_writes, tmp_path, error, way, every)
    assert complaints(rounds) == []
    # None of these n was left out: each step failed at some, and the last ones fell into the worker's round.
    assert [one["n"] for one in rounds] == list(range(1, rounds[-1]["n"] + 1, every))
    assert rounds[-1]["n"] > 100
    failed = Counter(step for one in rounds for step in one["failed"])
    assert {"upload error.log", "upload Bildschirm.png", "send", "work"} <= set(failed)
    assert 20 / every < sum(one["acknowledged"] for one in rounds) < len(rounds)


@pytest.mark.parametrize(
    ("twin", "way", "complaint"),
    [
        pytest.param(
            "row before file",
            "lasting",
            r"attachments: SUP-1001, file \d .*: The file isn't in the store",
            marks=pytest.mark.nightly,
        ),
        pytest.param(
            "outbox outside",
            "lasting",
            r"tickets: SUP-1001: The ticket has no confirmation in the outbox",
            marks=pytest.mark.nightly,
        ),
        ("half kept", "once", r"contents: SUP-1001, file \d .*: The file's bytes aren't those that were sent"),
    ],
)
def test_a_broken_desk_is_caught(failing_writes: Path, tmp_path: Path, twin: str, way: str, complaint: str) -> None:
    found = complaints(sweep(failing_writes, tmp_path, "EIO", way, twin=twin))
    assert [one for one in found if re.search(complaint, one)]


def writes_of(library: Path, folder: Path, twin: str = "") -> list[str]:
    """Every write of the story in order: "sync files/ab/...", with the keys' own characters shortened."""
    with_failing_writes(library, "tests.faults.sweep", str(folder), "trace", "once", "1", twin)
    return (folder / "told").read_text("utf-8").splitlines()


def in_vain(writes: list[str]) -> list[str]:
    """What a power cut could take although the person was told that it is kept."""
    first_row = next(number for number, line in enumerate(writes) if line == "write desk.sqlite3-wal")
    told = next(number for number, line in enumerate(writes) if line.startswith("create") and ".sent." in line)
    problems = []
    for made in re.findall(r"^rename (files/../[\w-]{43})$", "\n".join(writes[:told]), re.MULTILINE):
        shelf = made.rpartition("/")[0]
        kept = writes.index(f"rename {made}.json")
        steps = {
            f"{made}: its bytes": f"sync {re.escape(made)}.part",
            f"{made}: its facts": rf"sync {re.escape(made)}\.json\..*part",
        }
        problems += [
            what for what, step in steps.items() if not any(re.fullmatch(step, line) for line in writes[:kept])
        ]
        if f"sync {shelf}" not in writes[kept:first_row]:
            problems.append(f"{made}: its name")
    for folder in re.findall(r"^create (files(?:/..)?)$", "\n".join(writes), re.MULTILINE):
        above = folder.rpartition("/")[0]
        after = writes[writes.index(f"create {folder}") : first_row]
        if above and f"sync {above}" not in after:
            problems.append(f"{folder}: its name")
    of_database = [line for line in writes[:told] if line.endswith("desk.sqlite3-wal")]
    return problems + ([] if of_database[-1].startswith("sync ") else ["the ticket"])


def test_nothing_is_acknowledged_before_it_is_durable(failing_writes: Path, tmp_path: Path) -> None:
    """A process that is killed doesn't show a missing fsync; the order of the writes does."""
    writes = writes_of(failing_writes, tmp_path)
    assert len([line for line in writes if line.startswith("sync ")]) > 15
    assert in_vain(writes) == []


def test_a_desk_that_makes_nothing_durable_is_caught(failing_writes: Path, tmp_path: Path) -> None:
    assert len(in_vain(writes_of(failing_writes, tmp_path, "file not durable"))) >= 6

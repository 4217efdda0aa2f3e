"""The versions of the policy file, as git remembers them: the last one of each day on which it changed.

git is asked in few short questions, with a time limit, about one file and nothing else.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from supportpolicy import Policy, PolicyError, loads

MOST_VERSIONS = 30
"""How many versions are read at the most; proving one takes a twentieth of a second."""
MOST_COMMITS = 500
PATIENCE_SECONDS = 10
# Nothing is asked of a person, of another host or of a program that the repository names.
_SURROUNDINGS = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = ("-c", "log.showSignature=false", "--no-pager")


@dataclass(frozen=True, slots=True)
class Version:
    """The policy as it stood from this day on."""

    since: date
    policy: Policy


@dataclass(frozen=True, slots=True)
class History:
    """The versions, the oldest first. There are older ones, or may be, where it ``is_cut`` or ``is_shallow``."""

    versions: tuple[Version, ...] = ()
    is_cut: bool = False
    is_shallow: bool = False


@dataclass(frozen=True, slots=True)
class _Commit:
    name: str
    day: date


def read_history(file: Path, zone: ZoneInfo) -> History:
    """The versions of this file with their days in this zone; none where git knows none, or can't be asked."""
    file = file.resolve()
    folder = file.parent
    if "\n" in file.name:
        return History()
    try:
        commits = list(_commits(folder, file.name, zone))
        last_of_days = [next(same) for _day, same in groupby(commits, key=lambda one: one.day)]
        wanted = last_of_days[:MOST_VERSIONS]
        texts = _texts(folder, file.name, wanted)
        is_shallow = _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true"
    except (OSError, OverflowError, ValueError, subprocess.SubprocessError):
        return History()
    found = [(commit.day, policy) for commit, text in zip(wanted, texts, strict=True) if (policy := _policy_of(text))]
    versions = tuple(Version(day, policy) for day, policy in reversed(found))
    is_cut = len(wanted) < len(last_of_days) or len(commits) >= MOST_COMMITS
    return History(versions, is_cut=is_cut, is_shallow=is_shallow)


def _commits(folder: Path, name: str, zone: ZoneInfo) -> Iterator[_Commit]:
    """What changed the file, the newest first, each on the day on which it came into this line of history."""
    listed = _git(folder, "log", "--first-parent", f"--max-count={MOST_COMMITS}", "--format=%H %ct", "--", name)
    newest = date.max
    for line in listed.decode("ascii").splitlines():
        commit, _space, seconds = line.partition(" ")
        # A clock that went wrong must not turn the order round.
        newest = min(newest, datetime.fromtimestamp(int(seconds), zone).date())
        yield _Commit(commit, newest)


def _texts(folder: Path, name: str, commits: list[_Commit]) -> list[str]:
    """The file's text at each of these commits; empty where there is none that can be read."""
    asked = "".join(f"{commit.name}:./{name}\n" for commit in commits)
    answer = _git(folder, "cat-file", "--batch", given=asked.encode())
    texts, place = [], 0
    for _commit in commits:
        end = answer.index(b"\n", place)
        words = answer[place:end].split(b" ")
        place = end + 1
        if len(words) != 3 or words[1] != b"blob":
            # "... missing": this commit took the file away.
            texts.append("")
            continue
        size = int(words[2])
        texts.append(answer[place : place + size].decode("utf-8-sig", "replace"))
        place += size + 1
    return texts


@lru_cache(maxsize=4 * MOST_VERSIONS)
def _policy_of(text: str) -> Policy | None:
    """An old version; None where it was no policy, or none that is understood today."""
    try:
        return loads(text)
    except PolicyError:
        return None


def _git(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """What git answers. Raises OSError or SubprocessError where it can't, or takes too long."""
    done = subprocess.run(  # noqa: S603 - no argument but ours, and the file's name after "--"
        ["git", *_SETTINGS, *arguments],  # noqa: S607 - whichever git the writer has
        cwd=folder,
        env={**os.environ, **_SURROUNDINGS},
        input=given,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    return done.stdout

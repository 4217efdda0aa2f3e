"""What a page promises, short enough to stand in it: by that a page that is older than the policy is told apart.

Words may be put better without promising anything else, so the promises themselves are compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from supportpolicy import Policy, Priority, Promise

HOURS = "_hours"
"""The name of the opening hours among the promises."""


# By version, which is another where a promise is another, whatever language its texts are in.
_known: dict[str, Mapping[str, str]] = {}


def promises(policy: Policy) -> Mapping[str, str]:
    """Each priority's promise, and the opening hours, as a mark that is another when the promise is another."""
    if policy.version not in _known:
        _known[policy.version] = _promises(policy)
    return _known[policy.version]


def _promises(policy: Policy) -> Mapping[str, str]:
    calendar = policy.calendar
    # Not the holidays: which days they are changes every year, that they are closed doesn't.
    hours = sha256(f"{calendar.zone.key} {calendar.hours} {bool(calendar.holidays)}".encode()).hexdigest()[:8]
    return {**{priority.id: _mark(priority) for priority in policy.priorities}, HOURS: hours}


def written(policy: Policy) -> str:
    """All of them as a page carries them: "critical=elapsed.1.elapsed.4 high=..."."""
    return " ".join(f"{name}={mark}" for name, mark in promises(policy).items())


def has_changed(policy: Policy, carried: str, priority_id: str) -> bool:
    """Whether a page that carries these promises promised something else for this priority than holds now.

    A page that carries none, or doesn't know the priority, promised nothing.
    """
    before = dict(part.split("=", 1) for part in carried.split() if "=" in part)
    now = promises(policy)
    if priority_id not in before or priority_id not in now:
        return False
    counted_by_hours = "business" in now[priority_id]
    hours_changed = counted_by_hours and before.get(HOURS, now[HOURS]) != now[HOURS]
    return before[priority_id] != now[priority_id] or hours_changed


def _mark(priority: Priority) -> str:
    return f"{_short(priority.response)}.{_short(priority.resolution)}"


def _short(promise: Promise) -> str:
    return f"{promise.kind.replace(' ', '-')}.{promise.amount}"

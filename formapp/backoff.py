"""How long to wait between tries: longer each time, and never all at once."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
_chance = SystemRandom()


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many tries: doubled each time up to six hours, spread by a quarter."""
    full: timedelta = min(FIRST_PAUSE * int(2 ** min(attempts - 1, 20)), LONGEST_PAUSE)
    return full * _chance.uniform(0.75, 1.25)

"""The sandbox's clock: the real one, or one that was put forward or back and goes on from there."""

from __future__ import annotations

from datetime import datetime, timedelta

from formapp.services import utc_now


class PretendedClock:
    """Tells the real time until another one is pretended."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        """The instant that it is in the sandbox."""
        return utc_now() + self._ahead

    @property
    def is_real(self) -> bool:
        """Whether no other time is pretended."""
        return not self._ahead

    def pretend(self, instant: datetime | None) -> None:
        """Let it be this instant now; None: the real one again."""
        self._ahead = timedelta() if instant is None else instant - utc_now()

"""For how long what is over is kept: a table of settings, each a number of days or for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from formapp.setting_names import PREFIX
from formapp.setting_values import BadSetting

FOREVER = "forever"
_MOST_DAYS = 36_500


@dataclass(frozen=True, slots=True)
class KeepPeriod:
    """One setting: its name behind ``KEEP_``, what it says, its days (0: for ever), and the fewest that it may have.

    What is ``always_pruned`` can't be kept for ever.
    """

    name: str
    meaning: str
    days: int
    least: int = 1
    always_pruned: bool = False

    @property
    def default(self) -> str:
        """The value where none is set."""
        return str(self.days) if self.days else FOREVER


KEEP_PERIODS = (
    KeepPeriod(
        "OUTBOX",
        "How many days mails and webhook messages are kept after they were sent or given up. One that is still to be "
        "sent stays.",
        90,
    ),
    KeepPeriod(
        "MAIL",
        "How many days received mail is kept whole after the desk has dealt with it. What is held for staff stays.",
        90,
    ),
    KeepPeriod("ATTEMPTS", "How many days the log of webhook deliveries is kept.", 30),
    KeepPeriod(
        "SESSIONS",
        "How many days sessions and sign-in links are kept after they have ended. They let nobody in by then.",
        1,
        always_pruned=True,
    ),
    KeepPeriod(
        "DRAFTS",
        "How many days a form is kept whose sender hasn't signed in yet.",
        1,
        always_pruned=True,
    ),
    KeepPeriod(
        "STAGED_FILES",
        "How many days a file is kept that nobody has sent with a ticket: more than `FORMAPP_KEEP_DRAFTS`.",
        2,
        least=2,
        always_pruned=True,
    ),
    KeepPeriod(
        "FEEDBACK",
        "How many days it is kept what readers say of the guide's pages: whether one was helpful, and why not.",
        365,
    ),
    KeepPeriod(
        "EVENTS",
        "How many days after a ticket was closed its history keeps what neither the clock nor the conversation needs: "
        "who was assigned, what was merged into it, when a promise was due soon or missed.",
        730,
    ),
    KeepPeriod(
        "TICKETS",
        "How many days closed tickets are kept, with messages and files; or `forever`. An open ticket stays, and so do "
        "the duplicates that were merged into it.",
        0,
    ),
    KeepPeriod("AUDIT", "How many days the audit log is kept: at least 90; or `forever`.", 365, least=90),
)


@dataclass(frozen=True, slots=True)
class KeepFor:
    """For how long what is over is kept; None: for ever."""

    outbox: timedelta | None = timedelta(days=90)
    mail: timedelta | None = timedelta(days=90)
    attempts: timedelta | None = timedelta(days=30)
    sessions: timedelta = timedelta(days=1)
    drafts: timedelta = timedelta(days=1)
    staged_files: timedelta = timedelta(days=2)
    feedback: timedelta | None = timedelta(days=365)
    events: timedelta | None = timedelta(days=730)
    tickets: timedelta | None = None
    audit: timedelta | None = timedelta(days=365)


def keep_for(values: Mapping[str, str]) -> KeepFor:
    """What the settings say, by their names. Raises BadSetting."""
    lengths: dict[str, Any] = {
        period.name.lower(): _length(period, values[f"KEEP_{period.name}"]) for period in KEEP_PERIODS
    }
    kept = KeepFor(**lengths)
    if kept.staged_files <= kept.drafts:
        # A form that is saved at the end of a file's first day still has its files when it is opened again.
        raise BadSetting(f"{PREFIX}KEEP_STAGED_FILES: files must be kept at least a day longer than drafts.")
    return kept


def _length(period: KeepPeriod, value: str) -> timedelta | None:
    if value == FOREVER and not period.always_pruned:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 5 and period.least <= int(value) <= _MOST_DAYS):
        name, words = f"{PREFIX}KEEP_{period.name}", "" if period.always_pruned else f', or "{FOREVER}"'
        bounds = f"from {period.least} to {_MOST_DAYS}{words}"
        raise BadSetting(f'{name}: "{value}" must be a number of days {bounds}.')
    return timedelta(days=int(value))

"""The grammar of a promise: the words that the guide shows are the rule that the clock keeps."""

from __future__ import annotations

import re

from supportpolicy.model import Promise

FORMS = (
    '"4 hours, 24/7", "within 1 hour, 24/7", "4 business hours", "1 business day", "1-2 business days" or "best effort"'
)

_ELAPSED = re.compile(r"(?:within )?(\d{1,4}) hours?, 24/7")
_BUSINESS = re.compile(r"(?:within )?(?:(\d{1,3})\s?[-–]\s?)?(\d{1,3}) business (hour|day)s?")


def read_promise(words: str) -> Promise | None:
    """The promise that these words make; None where they don't make one. Of a range the later end counts."""
    plain = " ".join(words.casefold().split())
    if plain == "best effort":
        return Promise(words, "best effort", 0)
    if (elapsed := _ELAPSED.fullmatch(plain)) and int(elapsed[1]) > 0:
        return Promise(words, "elapsed", int(elapsed[1]))
    business = _BUSINESS.fullmatch(plain)
    if business is None or int(business[2]) == 0 or int(business[1] or 0) > int(business[2]):
        return None
    return Promise(words, "business hours" if business[3] == "hour" else "business days", int(business[2]))


def may_be_slower(severe: Promise, milder: Promise, day_minutes: int) -> bool:
    """Whether the promise of a more severe priority could ever come due later than a milder one's.

    Elapsed hours are never later than as many open hours; open time can be late by any closed time,
    so it is never surely as early as elapsed time. Best effort comes after everything.
    """
    if milder.kind == "best effort":
        return False
    if severe.kind == "best effort":
        return True
    if severe.kind != "elapsed" and milder.kind == "elapsed":
        return True
    return minutes(severe, day_minutes) > minutes(milder, day_minutes)


def minutes(promise: Promise, day_minutes: int) -> int:
    """The minutes of a promise, on its own clock."""
    return promise.amount * (day_minutes if promise.kind == "business days" else 60)

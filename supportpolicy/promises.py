"""The grammar of a promise: the words that the guide shows are the rule that the clock keeps."""

from __future__ import annotations

import re
from dataclasses import replace

from supportpolicy.languages import SOURCE_LANGUAGE, current_language
from supportpolicy.model import Promise
from supportpolicy.translation import gettext as _
from supportpolicy.translation import ngettext

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


def translated(promise: Promise) -> Promise:
    """The promise with its words in the current language; in English they stay as their writer typed them."""
    if promise.kind == "best effort":
        return promise if current_language() == SOURCE_LANGUAGE else replace(promise, words=_("best effort"))
    plain = " ".join(promise.words.casefold().split())
    begins_within = plain.startswith("within ")
    if current_language() == SOURCE_LANGUAGE:
        return replace(promise, within=promise.words if begins_within else f"within {promise.words}")
    business = _BUSINESS.fullmatch(plain)
    words, within = _words(promise, business[1] if business else None)
    return replace(promise, words=within if begins_within else words, within=within)


def _words(promise: Promise, least: str | None) -> tuple[str, str]:
    """A promise by itself, and as it completes "Answer ..."; of a range its earlier end."""
    most = promise.amount
    if promise.kind == "elapsed":
        return (
            ngettext("%(count)s hour, 24/7", "%(count)s hours, 24/7", most),
            ngettext("within %(count)s hour, 24/7", "within %(count)s hours, 24/7", most),
        )
    if promise.kind == "business hours":
        if least:
            return (
                _("%(least)s-%(most)s business hours", least=least, most=most),
                _("within %(least)s-%(most)s business hours", least=least, most=most),
            )
        return (
            ngettext("%(count)s business hour", "%(count)s business hours", most),
            ngettext("within %(count)s business hour", "within %(count)s business hours", most),
        )
    if least:
        return (
            _("%(least)s-%(most)s business days", least=least, most=most),
            _("within %(least)s-%(most)s business days", least=least, most=most),
        )
    return (
        ngettext("%(count)s business day", "%(count)s business days", most),
        ngettext("within %(count)s business day", "within %(count)s business days", most),
    )


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

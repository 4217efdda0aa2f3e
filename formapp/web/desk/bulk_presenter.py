"""What an action on several tickets did, in words: how many were changed, and which were not and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from formapp.models import reference_of
from formapp.tickets import tags
from formapp.tickets.bulk import BulkResult, Outcome
from formapp.translation import gettext as _
from formapp.translation import ngettext

# In this order; what is done is said above.
_NOT_DONE: tuple[Outcome, ...] = ("already", "changed", "full", "gone", "untried")


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Why some tickets were left as they were, and their references."""

    why: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BulkView:
    """What is said of an action; ``undo`` is its number while it can be undone, ``undoing`` what that brings."""

    said: str
    left: tuple[LeftAlone, ...]
    undo: int | None
    undoing: str


def present_bulk(result: BulkResult) -> BulkView:
    """The action in words, or its undoing where it was undone."""
    if result.undone is not None:
        count = _count(result.undone)
        said = ngettext("Undone: %(count)s ticket is as it was.", "Undone: %(count)s tickets are as they were.", count)
        left = _left(result.undone, {"changed": _("Changed since, so left as it is"), **_everywhere()})
        return BulkView(said if count else _("Nothing was undone."), left, None, "")
    count = _count(result.outcomes)
    undoing = _("Undo reopens them, and their customers are told so by mail.") if result.kind == "close" else ""
    words = {
        "already": _already(result),
        "changed": _("Changed by somebody else meanwhile, so left as it is"),
        "full": _("Has %(most)s tags already, which is the most", most=tags.MOST_TAGS),
        "untried": _("Not reached, because the work was interrupted"),
        **_everywhere(),
    }
    said = _done(result, count) if count else _("Nothing was changed.")
    return BulkView(said, _left(result.outcomes, words), result.number if result.can_undo else None, undoing)


def _done(result: BulkResult, count: int) -> str:
    if result.kind == "tag":
        return ngettext("%(count)s ticket tagged %(tag)s.", "%(count)s tickets tagged %(tag)s.", count, tag=result.word)
    if result.kind == "close":
        return ngettext(
            "%(count)s ticket closed. The customer is told by mail.",
            "%(count)s tickets closed. Their customers are told by mail.",
            count,
        )
    if result.word:
        return ngettext(
            "%(count)s ticket assigned to %(name)s.", "%(count)s tickets assigned to %(name)s.", count, name=result.word
        )
    return ngettext("%(count)s ticket made unassigned.", "%(count)s tickets made unassigned.", count)


def _already(result: BulkResult) -> str:
    if result.kind == "tag":
        return _("Already tagged %(tag)s", tag=result.word)
    if result.kind == "close":
        return _("Already closed")
    return _("Already assigned to %(name)s", name=result.word) if result.word else _("Already unassigned")


def _everywhere() -> dict[str, str]:
    return {"gone": _("No longer there")}


def _left(outcomes: Mapping[int, Outcome], words: Mapping[str, str]) -> tuple[LeftAlone, ...]:
    found = (LeftAlone(words.get(one, one), tuple(_references(outcomes, one))) for one in _NOT_DONE)
    return tuple(one for one in found if one.references)


def _references(outcomes: Mapping[int, Outcome], wanted: Outcome) -> Iterable[str]:
    return (reference_of(number) for number, outcome in sorted(outcomes.items()) if outcome == wanted)


def _count(outcomes: Mapping[int, Outcome]) -> int:
    return sum(outcome == "done" for outcome in outcomes.values())

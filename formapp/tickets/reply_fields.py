"""The fields of a saved reply: ``{name}`` and its kind in a text, checked when it is saved, filled when it is used.

``{{`` and ``}}`` stand for a brace. A text is read once from its start, so what a field was filled with is never
read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from formapp.errors import TextRefused
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

FIELDS: Mapping[str, str] = {
    "name": gettext_noop("the customer’s name"),
    "reference": gettext_noop("the ticket’s reference, such as SUP-1042"),
    "subject": gettext_noop("the ticket’s subject"),
    "due": gettext_noop("the date of the next promise, in the customer’s language; without one “as soon as we can”"),
}
"""Each field, and what it is filled with, in English."""
# A brace that is meant, a field, or a brace that stands alone.
_PART = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_LONGEST_SHOWN = 40


def check_fields(text: str) -> None:
    """Raises TextRefused for a field that isn't there, with the nearest one, and for a brace that stands alone."""
    for part in _PART.finditer(text):
        typed = part[1]
        if typed is None and part[0] in {"{", "}"}:
            line = text.count("\n", 0, part.start()) + 1
            sentence = _("A brace stands alone in line %(line)s. For a brace itself write {{ or }}", line=line)
            raise TextRefused(sentence, "body")
        if typed is not None and typed not in FIELDS:
            raise TextRefused(_unknown(typed), "body")


def fill_fields(text: str, values: Mapping[str, str]) -> str:
    """A checked text with its fields filled; each value stands there as it is."""
    return _PART.sub(lambda part: part[0][0] if part[1] is None else values[part[1]], text)


def _unknown(typed: str) -> str:
    words = " ".join(typed.split())
    shown = f"{{{words if len(words) <= _LONGEST_SHOWN else words[:_LONGEST_SHOWN] + '…'}}}"
    nearest = get_close_matches(words.casefold(), FIELDS, 1)
    if nearest:
        return _("There is no field %(typed)s. Did you mean %(nearest)s?", typed=shown, nearest=f"{{{nearest[0]}}}")
    known = ", ".join(f"{{{name}}}" for name in FIELDS)
    return _(
        "There is no field %(typed)s. The fields are %(known)s. For a brace itself write {{ or }}",
        typed=shown,
        known=known,
    )

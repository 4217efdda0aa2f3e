"""Reading the pseudo-language: a word whose vowels have no accents was said by no catalogue."""

from __future__ import annotations

import re

from babel.dates import get_day_names, get_month_names

# Babel's own words of the pseudo-language's locale: days, months, and what joins a list.
_OF_BABEL = frozenset(
    word.lower()
    for width in ("wide", "abbreviated")
    for names in (get_day_names(width, locale="en_GB"), get_month_names(width, locale="en_GB"))
    for word in names.values()
) | {"and", "or"}
_PLAIN_VOWEL = re.compile(r"[A-Za-z]*[aeiou][A-Za-z]*")


def not_translated(text: str, *data: str) -> list[str]:
    """The words of a text that aren't of the pseudo-language, without those of the test's own data."""
    for one in data:
        text = text.replace(one, " ")
    # Of a message for script: the names of its plural forms and of its values.
    text = re.sub(r'"(?:one|other)":|\{\w+\}', " ", text)
    return [word for word in _PLAIN_VOWEL.findall(text) if word.lower() not in _OF_BABEL]

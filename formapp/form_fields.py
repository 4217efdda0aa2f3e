"""What a field of a policy's form takes: an answer in the shape in which it is stored, or a sentence why not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.dates import format_date

from formapp.errors import TextRefused
from formapp.text import is_blank, normalise, normalise_line
from formapp.translation import gettext as _
from formapp.translation import spoken_locale
from supportpolicy import FormDefinition, FormField, shown_fields

PREFIX = "field-"
"""Before a field's id in the HTML, so that no policy can give a name that a form or a browser has a use for."""
TODAY = "today"
LONGEST_NUMBER = 30
_DATE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer as evidence: the field, its label as it was asked, the value, and the value's words as they were read.

    A date is stored as "2026-12-24", a number as "12.5", a choice by its id.
    """

    field: str
    kind: str
    label: str
    value: str
    words: str

    def stored(self) -> dict[str, str]:
        """The answer as JSON."""
        return {name: getattr(self, name) for name in ("field", "kind", "label", "value", "words")}


def given_answers(
    form: FormDefinition, values: Mapping[str, str], answers: Mapping[str, str], today: date | None
) -> tuple[GivenAnswer, ...]:
    """The answers to the fields that are asked; what stands in others doesn't count. Raises TextRefused for one."""
    found = []
    for field in shown_fields(form, values, answers):
        try:
            value = clean_value(field, values.get(field.id, ""), today)
        except TextRefused as refused:
            raise TextRefused(refused.message, f"{PREFIX}{field.id}") from None
        if value:
            found.append(GivenAnswer(field.id, field.kind, field.label, value, words_of(field, value)))
    return tuple(found)


def clean_value(field: FormField, typed: str, today: date | None = None) -> str:
    """What was typed into a field as it is stored; empty for nothing. Raises TextRefused with a sentence.

    ``today`` is the day in the calendar's zone; None where a bound by it isn't judged yet.
    """
    if is_blank(typed):
        if field.required:
            sentence = _("Choose an answer to “%(label)s”") if field.choices else _("Enter an answer to “%(label)s”")
            raise TextRefused(sentence % {"label": field.label})
        return ""
    if field.kind == "choice":
        if typed not in {choice.id for choice in field.choices}:
            raise TextRefused(_("Choose an answer to “%(label)s” from the list", label=field.label))
        return typed
    if field.kind == "date":
        return _clean_date(field, typed.strip(), today)
    if field.kind == "number":
        return _clean_number(field, typed.strip())
    as_stored = normalise if field.kind == "long-text" else normalise_line
    return as_stored(typed, int(field.most), field.label)


def _clean_date(field: FormField, typed: str, today: date | None) -> str:
    try:
        # Only the form that browsers send: others mean different days in different countries.
        day = date.fromisoformat(typed) if _DATE.fullmatch(typed) else None
    except ValueError:
        day = None
    if day is None:
        raise TextRefused(_("“%(label)s” must be a real date, such as 2026-12-24", label=field.label))
    least, most = (today if bound == TODAY else _day(bound) for bound in (field.least, field.most))
    if least and day < least:
        raise TextRefused(_("“%(label)s” must be %(date)s or later", label=field.label, date=date_words(least)))
    if most and day > most:
        raise TextRefused(_("“%(label)s” must be %(date)s or earlier", label=field.label, date=date_words(most)))
    return day.isoformat()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _clean_number(field: FormField, typed: str) -> str:
    plain = typed.replace(",", ".") if typed.count(",") == 1 and "." not in typed else typed
    try:
        number = Decimal(plain) if len(plain) <= LONGEST_NUMBER and plain.isascii() and "_" not in plain else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number.adjusted() >= MOST_DIGITS or number.adjusted() < -MOST_DIGITS:
        raise TextRefused(_("“%(label)s” must be a number, such as 12 or 3.5", label=field.label))
    if field.least and number < Decimal(field.least):
        raise TextRefused(_("“%(label)s” must be %(number)s or more", label=field.label, number=field.least))
    if field.most and number > Decimal(field.most):
        raise TextRefused(_("“%(label)s” must be %(number)s or less", label=field.label, number=field.most))
    return f"{number:f}"


def words_of(field: FormField, value: str) -> str:
    """A stored value as it is read in the language that is spoken now."""
    if field.kind == "choice":
        return next((choice.label for choice in field.choices if choice.id == value), value)
    return date_words(date.fromisoformat(value)) if field.kind == "date" and value else value


def date_words(day: date) -> str:
    """ "24 December 2026"."""
    locale = spoken_locale()
    # By the customs of the English texts around it.
    return str(format_date(day, "long", locale="en_GB" if locale.language == "en" else locale))


def as_text(given: Sequence[Mapping[str, Any]]) -> str:
    """Stored answers as lines of a text, each with its label."""
    return "\n".join(
        f"{one['label']}:\n{one['words']}" if "\n" in one["words"] else f"{one['label']}: {one['words']}"
        for one in given
    )


def own_values(fields: Mapping[str, str]) -> dict[str, str]:
    """What posted or saved fields hold for a policy's own, by the id of each."""
    return {name.removeprefix(PREFIX): value for name, value in fields.items() if name.startswith(PREFIX)}

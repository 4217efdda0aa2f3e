"""What a form asks for: which of its fields are shown for given answers, and what a registered date is good for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from supportpolicy.model import FormDefinition, FormField, Registration


def shown_fields(form: FormDefinition, values: Mapping[str, str], answers: Mapping[str, str]) -> tuple[FormField, ...]:
    """The fields of a form that are asked, given what its fields hold and what the chooser was answered.

    A field that isn't asked has no answer, whatever it holds, so what depends on it isn't asked either.
    """
    given = dict(answers)
    found = []
    for field in form.fields:
        if all(given.get(name, "") in options for name, options in field.shown_when):
            found.append(field)
            given[field.id] = values.get(field.id, "")
    return tuple(found)


def counts_on(registration: Registration, planned: date, today: date) -> bool:
    """Whether a planned date is near enough to be counted on: the last of the days before it included.

    A date that has passed counts too: whether what was planned has happened nobody has registered.
    """
    return (planned - today).days <= registration.days

"""Planned dates that a form has registered for a project, and what the desk knew when a ticket counted on one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from formapp.models import Ticket
from supportpolicy import FormDefinition, Policy, Registration, counts_on

MOST_LOOKED_AT = 50
MOST_SHOWN = 5


def registering_form(policy: Policy, answers: Mapping[str, str]) -> FormDefinition | None:
    """The form whose registered dates one of these answers counts on; None where none does."""
    for form in policy.forms:
        if form.registers and answers.get(form.registers.question) == form.registers.option:
            return form
    return None


def known_registrations(
    connection: Connection, policy: Policy, project_id: int, answers: Mapping[str, str], at: datetime
) -> list[dict[str, Any]] | None:
    """What the desk knew at an instant of a date that these answers count on; None where they count on none.

    The newest registration of the project is always among them, others where they are near enough to count; an empty
    list says that nothing was registered.
    """
    form = registering_form(policy, answers)
    if form is None or form.registers is None:
        return None
    rows = connection.execute(
        select(Ticket.id, Ticket.opened_at, Ticket.form_answers)
        .where(Ticket.project_id == project_id, Ticket.form == form.id, Ticket.opened_at <= at)
        .order_by(Ticket.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    today = at.astimezone(policy.calendar.zone).date()
    found = [
        {
            "ticket": row.id,
            "date": planned.isoformat(),
            "registered_at": row.opened_at.isoformat(),
            "counts": counts_on(form.registers, planned, today),
        }
        for row in rows
        for planned in _planned(form.registers, row.form_answers)
    ]
    return [one for place, one in enumerate(found) if place == 0 or one["counts"]][:MOST_SHOWN]


def _planned(registers: Registration, given: list[dict[str, str]]) -> Iterator[date]:
    """The planned date among a ticket's answers."""
    for one in given:
        if one["field"] == registers.date and one["kind"] == "date":
            yield date.fromisoformat(one["value"])

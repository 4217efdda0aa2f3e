"""Plain values for what a form of the policy's own asked and what was answered there."""

from __future__ import annotations

from dataclasses import dataclass

from formapp.form_fields import as_text
from formapp.models import Ticket
from supportpolicy import Policy


@dataclass(frozen=True, slots=True)
class FormView:
    """What was filled in beside the ticket's own fields: the form's name, and label and words of each answer."""

    title: str
    answers: tuple[tuple[str, str], ...]


def present_form(ticket: Ticket, policy: Policy) -> FormView | None:
    """What a form of the policy's own asked, in the words in which it was asked; None of another ticket."""
    if not ticket.form:
        return None
    form = policy.form_named(ticket.form)
    answers = tuple((one["label"], one["words"]) for one in ticket.form_answers)
    return FormView(form.title if form else ticket.form, answers)


def description_of(ticket: Ticket) -> str:
    """The description; empty where it only says in one text what the form's answers say."""
    return "" if ticket.form and ticket.description == as_text(ticket.form_answers) else ticket.description

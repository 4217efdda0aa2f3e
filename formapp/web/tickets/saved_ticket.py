"""A filled form that waits behind a sign-in link: what is missing of it, and sending it with the sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import redirect, url_for
from werkzeug.wrappers import Response

from formapp.errors import UseCaseError
from formapp.forms import TicketForm, element_of, ticket_form
from formapp.models import Ticket
from formapp.policies import in_words
from formapp.tickets import drafts, follow_up
from formapp.web.body.file_field import staged_for_form
from formapp.web.context import web
from formapp.web.session_cookie import Person
from formapp.web.tickets import submit
from formapp.web.tickets.form_page import Choice, choices_of, project_key, today, with_homeless_answers
from formapp.web.tickets.reply_form import ReplyDraft


@dataclass(frozen=True, slots=True)
class Missing:
    """A field that must be filled before the ticket can be sent: its element on the page, and what to do."""

    element: str
    sentence: str


def saved_form(values: Mapping[str, str], choices: tuple[Choice, ...]) -> TicketForm:
    """The form with what was saved. Its project is the one that was meant, or the only one that there is."""
    policy = web().services.policy
    kept = with_homeless_answers(dict(values), policy)
    filled = {**kept, "project": project_key(values.get("project", ""), choices)}
    return ticket_form(in_words(policy), projects=choices, values=filled, today=today())


def missing_in(form: TicketForm) -> tuple[Missing, ...]:
    """What is missing of a saved form, in the form's order; the form itself shows no mistakes by that."""
    form.validate()
    found = []
    for field in form.visible:
        if field.errors:
            found.append(Missing(f"ticket-{element_of(field)}", str(field.errors[0])))
            field.errors = []
    if len(staged_for_form(form.files.data)) < len(form.files.data):
        found.append(Missing("ticket-files", str(form.files.label.text)))
    return tuple(found)


def continued(person: Person, closed: Ticket, reply: ReplyDraft) -> Response:
    """Lead to the form of a ticket that follows a closed one, with what was written as a reply to that."""
    desk = web()
    fields = {
        **follow_up.form_values(desk.services, closed),
        "description": reply.body,
        "files": " ".join(reply.files),
        "submission": reply.submission,
    }
    draft = drafts.save_draft(desk.services, person.account_id, fields, desk.clock())
    return redirect(url_for("tickets.new", draft=draft), 303)


def can_be_sent(account_id: int, draft_token: str) -> bool:
    """Whether nothing is missing of what a person saved."""
    desk = web()
    values = drafts.draft_fields(desk.services, account_id, draft_token, desk.clock())
    choices = choices_of(account_id)
    return values is not None and bool(choices) and not missing_in(saved_form(values, choices))


def send(person: Person, draft_token: str) -> Response:
    """Send what a person saved, and go to its confirmation; where that can't be, to the form with it."""
    desk = web()
    values = drafts.draft_fields(desk.services, person.account_id, draft_token, desk.clock())
    choices = choices_of(person.account_id)
    if values is not None and choices:
        form = saved_form({**values, "draft": draft_token}, choices)
        if not missing_in(form):
            try:
                return submit.filed(form, person, desk.clock())
            except UseCaseError:
                # The form's page says what is in the way.
                pass
    return redirect(url_for("tickets.new", draft=draft_token), 303)

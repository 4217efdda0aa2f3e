"""The customer's tickets: the list, one ticket, its confirmation, and the form."""

from __future__ import annotations

from flask import Blueprint, g, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp import drafts, tickets
from formapp.forms import ticket_form
from formapp.models import Ticket
from formapp.web import submit
from formapp.web.context import web
from formapp.web.identity import signed_in, the_person
from formapp.web.pages import page
from formapp.web.ticketform import (
    Notice,
    answers_of,
    form_page,
    no_project_page,
    project_choices,
    project_key,
    unknown_project,
)
from formapp.web.ticketwords import as_cards, as_confirmation, as_page

blueprint = Blueprint("tickets", __name__)

DRAFT_GONE = Notice(
    "Your kept ticket is no longer here",
    ("A ticket is kept for 24 hours while you sign in, and until it is sent. Please fill in the form again.",),
)


@blueprint.get("/")
def home() -> Response:
    """The desk's front door is the list."""
    return redirect(url_for("tickets.mine"), 303)


@blueprint.get("/tickets")
def mine() -> Response:
    """All tickets of the signed-in person's projects, the newest first."""
    desk = web()
    found = tickets.tickets_of(desk.services, the_person().account_id)
    return page("tickets.html", tickets=as_cards(desk.services, found, desk.clock()))


@blueprint.get("/tickets/new")
def new() -> Response:
    """The form, filled with what the address or a kept draft says; open to everybody."""
    desk = web()
    person = signed_in()
    choices = project_choices(person)
    values, notice = _first_values()
    if choices is not None and not choices:
        return no_project_page(values)
    typed = values["project"]
    if choices:
        values["project"] = project_key(typed, choices)
    form = ticket_form(desk.services.policy, projects=choices, signed_in=person is not None, values=values)
    if choices and typed.strip() and values["project"] not in dict(choices):
        form.project.errors = [unknown_project(typed)]
    return form_page(form, person, notice=notice)


def _first_values() -> tuple[dict[str, str], Notice | None]:
    """What the form begins with: a kept draft's fields, else what the address names."""
    desk = web()
    arguments = request.args
    values = {name: arguments.get(name, "") for name in ("project", "priority", "page")}
    values["answers"] = answers_of(desk.services.policy, arguments)
    draft = arguments.get("draft", "")
    if not draft:
        return values, None
    kept = drafts.draft_fields(desk.services, draft, desk.clock())
    return (values, DRAFT_GONE) if kept is None else ({**values, **kept, "draft": draft}, None)


@blueprint.post("/tickets")
def create() -> Response:
    """File a ticket; open to everybody, because a signed-out form is kept while its sender signs in."""
    return submit.submit()


@blueprint.get("/tickets/<reference>")
def show(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """One ticket, for the members of its project."""
    desk = web()
    return page("ticket.html", ticket=as_page(desk.services, _ticket(), desk.clock()))


@blueprint.get("/tickets/<reference>/sent")
def sent(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """The confirmation of a filed ticket, for the members of its project; it can be reloaded for ever."""
    desk = web()
    return page("sent.html", ticket=as_confirmation(desk.services, _ticket(), desk.clock()))


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket

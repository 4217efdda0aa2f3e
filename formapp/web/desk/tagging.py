"""The tags of one ticket, on its page at the desk: what it has, adding one, taking one off."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, g, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import UseCaseError
from formapp.models import Ticket
from formapp.tickets import tags
from formapp.translation import gettext as _
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("tagging", __name__)

_KEPT = "tagging"
LONGEST_KEPT = 200
"""So much of what was refused fits the cookie that brings it back."""


@dataclass(frozen=True, slots=True)
class TaggingView:
    """A ticket's tags and those that are known; what was last done, or ``typed`` and refused with an ``error``."""

    tags: tuple[str, ...]
    known: tuple[str, ...]
    said: str
    typed: str
    error: str


@blueprint.post("/desk/<reference>/tag")
def add(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """Put a tag on the ticket."""
    return _changed(adds=True)


@blueprint.post("/desk/<reference>/untag")
def remove(reference: str) -> Response:  # noqa: ARG001
    """Take a tag off the ticket."""
    return _changed(adds=False)


def present_tagging(ticket_id: int) -> TaggingView:
    """What the ticket's page shows of its tags, with the outcome of the form that led to it."""
    services = web().services
    kept = session.pop(_KEPT, {})
    outcome = kept if kept.get("ticket") == ticket_id else {}
    there = tags.tags_of(services, [ticket_id])[ticket_id]
    others = tuple(tag for tag in tags.known_tags(services) if tag not in there)
    return TaggingView(there, others, outcome.get("said", ""), outcome.get("typed", ""), outcome.get("error", ""))


def _changed(*, adds: bool) -> Response:
    services, ticket, typed = web().services, _ticket(), form_data().get("tag")
    person, now = own_account_id(), web().clock()
    change = tags.add_tag if adds else tags.remove_tag
    try:
        tag = change(services, person, ticket.id, typed, now)
    except UseCaseError as refused:
        outcome = {"typed": typed.replace("\0", "\N{REPLACEMENT CHARACTER}")[:LONGEST_KEPT], "error": refused.message}
    else:
        outcome = {"said": _("Tag %(tag)s added.", tag=tag) if adds else _("Tag %(tag)s removed.", tag=tag)}
    session[_KEPT] = {"ticket": ticket.id, **outcome}
    return redirect(url_for("desk.show", reference=ticket.reference, _anchor="tags-heading"), 303)


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket

"""Colleagues in copy: put there and taken out, by members on the ticket's page and by staff at the desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound
from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets import watching
from formapp.tickets.watching import Colleague, NoColleague
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.session_cookie import require_person

blueprint = Blueprint("watchers", __name__)

SAID = {
    "in-copy": gettext_noop("Your colleague is in copy, and is told by mail."),
    "out-of-copy": gettext_noop("From now on this person gets no mails of this ticket."),
    "left": gettext_noop("You are no longer in copy."),
    "no-colleague": gettext_noop("Nobody was put in copy: choose a colleague from the list."),
}
"""What a ticket's page says after it."""
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class CopyView:
    """Who is in copy, who can be added, who reads it, and what to say after adding or removing somebody."""

    watchers: Sequence[Colleague]
    colleagues: Sequence[Colleague]
    reader_id: int
    add_url: str
    remove_url: str
    said: str


def present_copy(services: Services, ticket: Ticket, *, at_the_desk: bool) -> CopyView:
    """The people in copy for a ticket's page, and where its forms go."""
    add, remove = ("desk_add", "desk_remove") if at_the_desk else ("add", "remove")
    return CopyView(
        watching.watchers_of(services, ticket.id),
        watching.colleagues_to_add(services, ticket),
        require_person().account_id,
        url_for(f"watchers.{add}", reference=ticket.reference),
        url_for(f"watchers.{remove}", reference=ticket.reference),
        _(SAID[said]) if (said := request.args.get("said", "")) in SAID else "",
    )


@blueprint.post("/tickets/<reference>/copy")
def add(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """Put a colleague in copy, for the members of the ticket's project."""
    return _added("tickets.show")


@blueprint.post("/tickets/<reference>/copy/remove")
def remove(reference: str) -> Response:  # noqa: ARG001
    """Take a colleague out of copy, or leave, for the members of the ticket's project."""
    return _removed("tickets.show")


@blueprint.post("/desk/<reference>/copy")
def desk_add(reference: str) -> Response:  # noqa: ARG001
    """Put a member of the ticket's project in copy, for staff."""
    return _added("desk.show")


@blueprint.post("/desk/<reference>/copy/remove")
def desk_remove(reference: str) -> Response:  # noqa: ARG001
    """Take somebody out of copy, for staff."""
    return _removed("desk.show")


def _added(page: str) -> Response:
    desk, said = web(), "in-copy"
    try:
        watching.add_watcher(desk.services, require_person().account_id, _ticket().id, _colleague(), desk.clock())
    except NoColleague:
        said = "no-colleague"
    except NotFound:
        abort(404)
    return _back(page, said)


def _removed(page: str) -> Response:
    desk, person, colleague = web(), require_person().account_id, _colleague()
    try:
        watching.remove_watcher(desk.services, person, _ticket().id, colleague, desk.clock())
    except NotFound:
        abort(404)
    return _back(page, "left" if colleague == person else "out-of-copy")


def _back(page: str, said: str) -> Response:
    return redirect(url_for(page, reference=_ticket().reference, said=said, _anchor="copy-heading"), 303)


def _colleague() -> int:
    number = form_data().get("colleague")
    return int(number) if _NUMBER.fullmatch(number) else 0


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket

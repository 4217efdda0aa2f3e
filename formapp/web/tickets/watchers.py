"""People in copy: put there, asked and taken out, by members on the ticket's page and by staff at the desk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.mail_address import LONGEST_ADDRESS, normalise_address
from formapp.models import Ticket
from formapp.services import Services
from formapp.tickets import copy_invitations, watching
from formapp.tickets.copy_invitations import AskedAddress
from formapp.tickets.watching import Colleague, NoColleague
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("watchers", __name__)

SAID = {
    "in-copy": gettext_noop("Your colleague is in copy, and is told by mail."),
    "out-of-copy": gettext_noop("From now on this person gets no mails of this ticket."),
    "left": gettext_noop("You are no longer in copy."),
    "asked": gettext_noop("We ask this address by mail. It gets nothing else until it agrees."),
    "withdrawn": gettext_noop("This address isn't asked any more."),
    "no-colleague": gettext_noop("Nobody was put in copy: choose a colleague from the list."),
}
"""What a ticket's page says after it."""
_REFUSED = "not-asked"
"""Where the cookie holds an address that wasn't asked until the page shows it: an address belongs into no URL."""
_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class CopyView:
    """Who is in copy, was asked or has left, who can be added, who reads it, and what to say after a change.

    ``typed`` is an address that wasn't asked, and ``error`` why not.
    """

    watchers: Sequence[Colleague]
    asked: Sequence[AskedAddress]
    left: Sequence[Colleague]
    colleagues: Sequence[Colleague]
    reader_id: int
    add_url: str
    remove_url: str
    ask_url: str
    withdraw_url: str
    said: str
    typed: str
    error: str


def present_copy(services: Services, ticket: Ticket, *, at_the_desk: bool) -> CopyView:
    """The people in copy for a ticket's page, and where its forms go."""
    place = "desk_" if at_the_desk else ""
    refused = session.pop(_REFUSED, {}) if request.args.get("said") == _REFUSED else {}
    refused = refused if refused.get("reference") == ticket.reference else {}
    add, remove, ask, withdraw = (
        url_for(f"watchers.{place}{action}", reference=ticket.reference)
        for action in ("add", "remove", "ask", "withdraw")
    )
    return CopyView(
        watchers=watching.watchers_of(services, ticket),
        asked=copy_invitations.addresses_asked(services, ticket.id, web().clock()),
        left=watching.left_of(services, ticket),
        colleagues=watching.colleagues_to_add(services, ticket),
        reader_id=own_account_id(),
        add_url=add,
        remove_url=remove,
        ask_url=ask,
        withdraw_url=withdraw,
        said=_(SAID[said]) if (said := request.args.get("said", "")) in SAID else "",
        typed=refused.get("typed", ""),
        error=refused.get("error", ""),
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


@blueprint.post("/tickets/<reference>/copy/ask")
def ask(reference: str) -> Response:  # noqa: ARG001
    """Ask an address whether it wants to be in copy, for the members of the ticket's project."""
    return _asked("tickets.show")


@blueprint.post("/tickets/<reference>/copy/withdraw")
def withdraw(reference: str) -> Response:  # noqa: ARG001
    """Ask an address no longer, for the members of the ticket's project."""
    return _withdrawn("tickets.show")


@blueprint.post("/desk/<reference>/copy/ask")
def desk_ask(reference: str) -> Response:  # noqa: ARG001
    """Ask an address whether it wants to be in copy, for staff."""
    return _asked("desk.show")


@blueprint.post("/desk/<reference>/copy/withdraw")
def desk_withdraw(reference: str) -> Response:  # noqa: ARG001
    """Ask an address no longer, for staff."""
    return _withdrawn("desk.show")


def _asked(page: str) -> Response:
    desk, person, typed = web(), own_account_id(), form_data().get("address")
    try:
        if not desk.limits.may_ask_into_copy(person, normalise_address(typed)):
            raise copy_invitations.NotAsked(_("Too many addresses were asked lately. Try again later"))
        had_to_be_asked = copy_invitations.ask(desk.services, person, _ticket().id, typed, desk.clock())
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        shown = {"reference": _ticket().reference, "typed": typed[:LONGEST_ADDRESS], "error": refused.message}
        session[_REFUSED] = shown
        return redirect(url_for(page, reference=_ticket().reference, said=_REFUSED, _anchor="copy-address"), 303)
    return _back(page, "asked" if had_to_be_asked else "in-copy")


def _withdrawn(page: str) -> Response:
    desk, person = web(), own_account_id()
    try:
        copy_invitations.withdraw(desk.services, person, _ticket().id, form_data().get("address"), desk.clock())
    except NotFound:
        abort(404)
    return _back(page, "withdrawn")


def _added(page: str) -> Response:
    desk, said = web(), "in-copy"
    try:
        watching.add_watcher(desk.services, own_account_id(), _ticket().id, _colleague(), desk.clock())
    except NoColleague:
        said = "no-colleague"
    except NotFound:
        abort(404)
    return _back(page, said)


def _removed(page: str) -> Response:
    desk, person, colleague = web(), own_account_id(), _colleague()
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

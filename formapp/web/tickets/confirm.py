"""Confirming the address behind a ticket of somebody whom nobody knows; the ticket then waits for staff."""

from __future__ import annotations

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import LinkGone
from formapp.incoming_mail import guests
from formapp.tickets import drafts
from formapp.web.context import web
from formapp.web.layout.page import page

blueprint = Blueprint("confirm", __name__)


@blueprint.get("/confirm/<token>")
def look(token: str) -> Response:
    """Show the ticket's subject and the button that sends it; looking changes nothing, as mail scanners do it."""
    desk = web()
    fields = drafts.guest_draft_fields(desk.services, token, desk.clock())
    if fields is None:
        return _gone()
    return page("confirm.html", token=token, subject=fields.get("subject", ""), email=fields.get("email", ""))


@blueprint.post("/confirm/<token>")
def send(token: str) -> Response:
    """Hand the ticket to staff."""
    desk = web()
    fields = drafts.guest_draft_fields(desk.services, token, desk.clock())
    try:
        guests.confirm(desk.services, token, desk.clock())
    except LinkGone:
        return _gone()
    session["confirmed"] = (fields or {}).get("email", "")
    return redirect(url_for("confirm.done"), 303)


@blueprint.get("/confirmed")
def done() -> Response:
    """Say what happens next."""
    return page("confirmed.html", email=session.get("confirmed", ""))


def _gone() -> Response:
    return page("confirm-gone.html", 410)

"""Confirming a new address: the page behind the link that was sent there."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from formapp.accounts import address_changes
from formapp.errors import AlreadyExists, LinkGone
from formapp.translation import gettext as _
from formapp.web.audit_origin import place
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person

blueprint = Blueprint("address", __name__)


@blueprint.get("/change-address/<token>")
def look(token: str) -> Response:
    """Show what a link changes and its button; looking changes nothing, because mail scanners open links."""
    desk = web()
    try:
        change = address_changes.waiting_change(desk.services, token, desk.clock())
    except LinkGone:
        return _gone()
    current_person()
    return page("change-address.html", token=token, change=change)


@blueprint.post("/change-address/<token>")
def use(token: str) -> Response:
    """Change the address; whoever is signed in stays so, in every browser."""
    desk = web()
    try:
        email = address_changes.confirm_address(desk.services, token, desk.clock(), place=place())
    except LinkGone:
        return _gone()
    except AlreadyExists as refused:
        current_person()
        return page("change-address-gone.html", 422, why=f"{refused.message}.")
    current_person()
    return page("address-changed.html", email=email)


def _gone() -> Response:
    current_person()
    days = address_changes.LIFETIME.days
    why = _("It has been used or cancelled, is older than %(days)s days, or was cut off on its way.", days=days)
    return page("change-address-gone.html", 410, why=why)

"""Turning off mails by the link in one: works without signing in, and does nothing until its button is pressed."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from formapp.accounts import mail_preferences
from formapp.accounts.mail_preferences import Unsubscribing
from formapp.errors import LinkGone
from formapp.tickets import watching
from formapp.tickets.watching import Leaving
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person

blueprint = Blueprint("unsubscribe", __name__)


@blueprint.get("/unsubscribe/<token>")
def look(token: str) -> Response:
    """Show which mails a link turns off and its button; looking changes nothing, because mail scanners open links."""
    services = web().services
    try:
        leaving = watching.leaving_by(services, token)
        offered = None if leaving else mail_preferences.offered_by(services, token)
    except LinkGone:
        return _gone()
    current_person()
    return _page(token, leaving, offered)


@blueprint.post("/unsubscribe/<token>")
def use(token: str) -> Response:
    """Turn these mails off. The answer is a page at once: a mail program follows no redirect (RFC 8058, 3.1)."""
    desk = web()
    try:
        leaving = watching.leave_by_link(desk.services, token, desk.clock())
        done = None if leaving else mail_preferences.unsubscribe(desk.services, token)
    except LinkGone:
        return _gone()
    current_person()
    return _page(token, leaving, done)


def _page(token: str, leaving: Leaving | None, mails: Unsubscribing | None) -> Response:
    if leaving is not None:
        return page("leave-copy.html", token=token, leaving=leaving)
    return page("unsubscribe.html", token=token, mails=mails)


def _gone() -> Response:
    current_person()
    return page("unsubscribe-gone.html", 410)

"""Turning off mails by the link in one: works without signing in, and does nothing until its button is pressed."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from formapp.accounts import mail_preferences
from formapp.errors import LinkGone
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person

blueprint = Blueprint("unsubscribe", __name__)


@blueprint.get("/unsubscribe/<token>")
def look(token: str) -> Response:
    """Show which mails a link turns off and its button; looking changes nothing, because mail scanners open links."""
    try:
        offered = mail_preferences.offered_by(web().services, token)
    except LinkGone:
        return _gone()
    current_person()
    return page("unsubscribe.html", token=token, mails=offered)


@blueprint.post("/unsubscribe/<token>")
def use(token: str) -> Response:
    """Turn these mails off. The answer is a page at once: a mail program follows no redirect (RFC 8058, 3.1)."""
    try:
        done = mail_preferences.unsubscribe(web().services, token)
    except LinkGone:
        return _gone()
    current_person()
    return page("unsubscribe.html", token=token, mails=done)


def _gone() -> Response:
    current_person()
    return page("unsubscribe-gone.html", 410)

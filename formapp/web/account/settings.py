"""The other two tabs: projects, and account settings with the browsers in which one is signed in."""

from __future__ import annotations

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts import sessions
from formapp.accounts.projects import active_projects_of
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import require_person

blueprint = Blueprint("account", __name__)


@blueprint.get("/projects")
def projects() -> Response:
    """The active projects that the signed-in person is in, with their plans."""
    return page("projects.html", projects=active_projects_of(web().services, require_person().account_id))


@blueprint.get("/account")
def settings() -> Response:
    """Who is signed in, and the ways to sign out."""
    require_person()
    return page("account.html")


@blueprint.get("/account/sessions", endpoint="sessions")
def every_session() -> Response:
    """The browsers in which the person is signed in, this one first, each with a way to sign it out."""
    desk, person = web(), require_person()
    found = sessions.sessions_of(desk.services, person.account_id, person.token, desk.clock())
    return page("sessions.html", sessions=found, said=str(session.pop("said", "")))


@blueprint.post("/account/sessions/end")
def end_session() -> Response:
    """Sign out one browser of the person; somebody else's is answered as one that isn't there."""
    ended = sessions.end_session_of(web().services, require_person().account_id, form_data().get("session"))
    session["said"] = "That browser is signed out." if ended else "That browser was signed out before."
    return redirect(url_for("account.sessions"), 303)


@blueprint.post("/account/sessions/end-others")
def end_others() -> Response:
    """Sign out every browser of the person but this one; links that were sent sign nobody in any more."""
    desk, person = web(), require_person()
    sessions.end_other_sessions(desk.services, person.account_id, person.token, desk.clock())
    session["said"] = "All your other browsers are signed out. Sign-in links that we sent before no longer work."
    return redirect(url_for("account.sessions"), 303)

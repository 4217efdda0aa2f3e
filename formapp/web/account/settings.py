"""The other two tabs: projects, and account settings."""

from __future__ import annotations

from flask import Blueprint
from werkzeug.wrappers import Response

from formapp.accounts.projects import active_projects_of
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

"""What pages and machines fetch beside pages: script and style, who is signed in."""

from __future__ import annotations

from flask import Blueprint, abort, jsonify, make_response, request, url_for
from werkzeug.wrappers import Response

from formapp.accounts.projects import active_projects_of
from formapp.web.context import web
from formapp.web.session_cookie import current_person
from formapp.web.tickets.presenters import present_similar

blueprint = Blueprint("service", __name__)
_YEAR = 365 * 24 * 3600


@blueprint.get("/assets/<name>")
def asset(name: str) -> Response:
    """One script or style by its hashed name; what a name holds never changes."""
    found = web().assets.by_hashed_name.get(name)
    if found is None:
        abort(404)
    answer = make_response(found.content)
    answer.headers["Content-Type"] = f"{found.media_type}; charset=utf-8"
    answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return answer


@blueprint.get("/form-context.json")
def form_context() -> Response:
    """Who is signed in and their projects, for the guide's form; only this origin's script can read it."""
    person = current_person()
    projects = active_projects_of(web().services, person.account_id) if person else ()
    answer = jsonify(
        signed_in_as=person.email if person else "",
        projects=[{"key": project.key, "name": project.name} for project in projects],
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Cookie"
    return answer


@blueprint.get("/similar.json")
def similar() -> Response:
    """What colleagues have just reported about the same thing, for the form's script; nothing for others."""
    person, asked = current_person(), request.args
    found = present_similar(person, asked.get("project", ""), asked.get("subject", ""))
    told = [
        {
            "reference": one.reference,
            "subject": one.subject,
            "sentence": one.sentence,
            "url": url_for("tickets.show", reference=one.reference),
        }
        for one in found
    ]
    answer = jsonify(similar=told)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Cookie"
    return answer

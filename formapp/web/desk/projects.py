"""Projects at the desk, for whoever manages people: their names, plans and members, open or closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Unpack

from flask import Blueprint, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts import people as people_list
from formapp.accounts import projects
from formapp.accounts.people import ProjectFacts
from formapp.errors import NotFound, UseCaseError
from formapp.translation import gettext as _
from formapp.web.audit_origin import ActorAndPlace, actor_and_place
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.desk.people import LONGEST_SEARCH, PAGE_SIZE, page_number
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("projects", __name__)


@blueprint.get("/desk/projects")
def every() -> Response:
    """Projects by name, a page of them, or those that a search finds; for people who manage people."""
    search, number = request.args.get("search", "")[:LONGEST_SEARCH], page_number()
    start = (number - 1) * PAGE_SIZE
    found = people_list.list_projects(web().services, own_account_id(), search=search, start=start, most=PAGE_SIZE + 1)
    chosen = search or None
    return page(
        "desk-projects.html",
        assets=("support-desk.css",),
        projects=found[:PAGE_SIZE],
        search=search,
        first_page=url_for("projects.every", search=chosen) if number > 1 else "",
        next_page=url_for("projects.every", page=number + 1, search=chosen) if len(found) > PAGE_SIZE else "",
    )


@blueprint.get("/desk/projects/add")
def add_form() -> Response:
    """A form to add a project; for people who manage people."""
    return _add_page({"name": "", "key": "", "plan": "Standard"}, {})


@blueprint.post("/desk/projects/add")
def add() -> Response:
    """Add a project; for people who manage people."""
    sent, desk = form_data(), web()
    typed = {name: sent.get(name) for name in ("name", "key", "plan")}
    try:
        made = projects.add_project(
            desk.services, typed["key"].strip(), typed["name"], typed["plan"], desk.clock(), **actor_and_place()
        )
    except UseCaseError as refused:
        return _add_page(typed, {refused.field or "name": refused.message})
    session["said"] = _("%(name)s is added.", name=made.name)
    return redirect(url_for("projects.project", key=made.key), 303)


def _add_page(typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    status = 422 if errors else 200
    return page("desk-project-add.html", status, assets=("support-desk.css",), typed=typed, errors=errors)


@blueprint.get("/desk/projects/<key>")
def project(key: str) -> Response:
    """One project with its members, a page of them; for people who manage people."""
    return _project_page(_facts(key), said=str(session.pop("said", "")))


@blueprint.post("/desk/projects/<key>")
def change(key: str) -> Response:
    """Give a project another name or plan; for people who manage people."""
    typed = {name: form_data().get(name) for name in ("name", "plan")}

    def action(facts: ProjectFacts, **who: Unpack[ActorAndPlace]) -> str:
        projects.change_project(web().services, facts.key, web().clock(), name=typed["name"], plan=typed["plan"], **who)
        return _("The changes are saved.")

    return _perform(key, action, typed)


@blueprint.post("/desk/projects/<key>/close")
def close(key: str) -> Response:
    """End a project; for people who manage people."""

    def action(facts: ProjectFacts, **who: Unpack[ActorAndPlace]) -> str:
        projects.close_project(web().services, facts.key, web().clock(), **who)
        return _("%(name)s is closed. Its tickets stay, and no new ones can be opened.", name=facts.name)

    return _perform(key, action)


@blueprint.post("/desk/projects/<key>/reopen")
def reopen(key: str) -> Response:
    """Let tickets be opened for a project again; for people who manage people."""

    def action(facts: ProjectFacts, **who: Unpack[ActorAndPlace]) -> str:
        projects.reopen_project(web().services, facts.key, web().clock(), **who)
        return _("Tickets can be opened for %(name)s again.", name=facts.name)

    return _perform(key, action)


@blueprint.post("/desk/projects/<key>/members")
def let_in(key: str) -> Response:
    """Let a person in to a project, by address; for people who manage people."""
    email = form_data().get("email")

    def action(facts: ProjectFacts, **who: Unpack[ActorAndPlace]) -> str:
        try:
            person = people_list.person_facts(web().services, email, who["actor"])
        except NotFound:
            raise UseCaseError(_("No account has this address. Add the person first"), "email") from None
        projects.add_member(web().services, person.email, facts.key, web().clock(), **who)
        return _("%(name)s is in %(project)s.", name=person.name, project=facts.name)

    return _perform(key, action, {"email": email})


@blueprint.post("/desk/projects/<key>/members/take-out")
def take_out(key: str) -> Response:
    """Take a person out of a project; for people who manage people."""
    email = form_data().get("what")

    def action(facts: ProjectFacts, **who: Unpack[ActorAndPlace]) -> str:
        projects.remove_member(web().services, email, facts.key, web().clock(), **who)
        return _("%(name)s is no longer in %(project)s.", name=email, project=facts.name)

    return _perform(key, action)


def _perform(key: str, action: Callable[..., str], typed: Mapping[str, str] | None = None) -> Response:
    """Do one action and go back to the project's page; what it refuses stands there, at its field if it has one."""
    facts = _facts(key)
    try:
        session["said"] = action(facts, **actor_and_place())
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        if typed:
            return _project_page(facts, errors={refused.field or next(iter(typed)): refused.message}, typed=typed)
        return _project_page(facts, error=f"{refused.message}.")
    return redirect(url_for("projects.project", key=facts.key), 303)


def _project_page(
    facts: ProjectFacts,
    *,
    said: str = "",
    error: str = "",
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    number = page_number()
    start = (number - 1) * PAGE_SIZE
    members = people_list.list_members(
        web().services, own_account_id(), project=facts.key, start=start, most=PAGE_SIZE + 1
    )
    here = "projects.project"
    return page(
        "desk-project.html",
        422 if error or errors else 200,
        assets=("support-desk.css",),
        facts=facts,
        members=members[:PAGE_SIZE],
        said=said,
        error=error,
        errors=errors or {},
        typed={"name": facts.name, "plan": facts.plan, "email": "", **(typed or {})},
        first_page=url_for(here, key=facts.key) if number > 1 else "",
        next_page=url_for(here, key=facts.key, page=number + 1) if len(members) > PAGE_SIZE else "",
    )


def _facts(key: str) -> ProjectFacts:
    try:
        return people_list.project_facts(web().services, key, own_account_id())
    except NotFound:
        abort(404)

"""People at the desk, for whoever manages them: who can sign in, who is staff, who is in which project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack, cast

from flask import Blueprint, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts import accounts, address_changes, csv_import, magic_links, projects
from formapp.accounts import people as people_list
from formapp.accounts.people import PersonFacts, Show
from formapp.errors import NotFound, UseCaseError
from formapp.translation import gettext as _
from formapp.translation import gettext_noop, ngettext
from formapp.web.audit_origin import ActorAndPlace, actor_and_place
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("people", __name__)

PAGE_SIZE = 50
LONGEST_SEARCH = 200
SHOWN: Mapping[str, str] = {
    "all": gettext_noop("Everybody"),
    "staff": gettext_noop("Staff"),
    "disabled": gettext_noop("Disabled accounts"),
}
INVITE_KEY = "invite"


@blueprint.get("/desk/people")
def everybody() -> Response:
    """People by name, a page of them, or those that a search finds; for people who manage people."""
    search, show = request.args.get("search", "")[:LONGEST_SEARCH], request.args.get("show", "all")
    if show not in SHOWN:
        abort(404)
    number = page_number()
    start = (number - 1) * PAGE_SIZE
    found = people_list.list_people(
        web().services, own_account_id(), search=search, show=cast("Show", show), start=start, most=PAGE_SIZE + 1
    )
    chosen: dict[str, Any] = {"search": search or None, "show": show if show != "all" else None}
    return page(
        "desk-people.html",
        assets=("support-desk.css",),
        people=found[:PAGE_SIZE],
        search=search,
        show=show,
        shown=SHOWN,
        said=str(session.pop("said", "")),
        first_page=url_for("people.everybody", **chosen) if number > 1 else "",
        next_page=url_for("people.everybody", page=number + 1, **chosen) if len(found) > PAGE_SIZE else "",
    )


def page_number() -> int:
    """Which page of a list was asked for; answers 404 for what is none."""
    return row_number(request.args.get("page", "1"))


@blueprint.get("/desk/people/add")
def add_form() -> Response:
    """A form to add a person; for people who manage people."""
    return _add_page({"name": "", "email": "", "project": request.args.get("project", ""), INVITE_KEY: "yes"}, {})


@blueprint.post("/desk/people/add")
def add() -> Response:
    """Add a person, in a project and with an invitation where that is wanted; for people who manage people."""
    sent, desk = form_data(), web()
    typed = {name: sent.get(name) for name in ("name", "email", "project", "staff", INVITE_KEY)}
    if not typed["email"].strip():
        return _add_page(typed, {"email": _("Enter an email address")})
    try:
        made = projects.add_person(
            desk.services,
            typed["email"],
            typed["name"],
            desk.clock(),
            key=typed["project"],
            is_staff=bool(typed["staff"]),
            invite=bool(typed[INVITE_KEY]),
            **actor_and_place(),
        )
    except UseCaseError as refused:
        field = "project" if isinstance(refused, NotFound) else refused.field or "name"
        return _add_page(typed, {field: refused.message})
    session["said"] = _("%(name)s is added.", name=made.name)
    if typed[INVITE_KEY]:
        session["said"] += " " + _("An invitation goes to %(email)s.", email=made.email)
    return redirect(url_for("people.person", person=made.id), 303)


def _add_page(typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    return page(
        "desk-person-add.html",
        422 if errors else 200,
        assets=("support-desk.css",),
        typed={"staff": "", **typed},
        errors=errors,
        projects=[one for one in projects.every_project(web().services) if one.is_active],
        days=_invited_for(),
    )


@blueprint.get("/desk/people/import")
def import_form() -> Response:
    """A form for a table of many people; for people who manage people."""
    return _import_page("", invite=False)


@blueprint.post("/desk/people/import")
def import_table() -> Response:
    """Import a table, or only check it; for people who manage people."""
    sent, desk = form_data(), web()
    table, invite, check = sent.get("table"), bool(sent.get(INVITE_KEY)), bool(sent.get("check"))
    if "table" in sent.undecodable:
        return _import_page(table, invite=invite, error=_("The table isn't UTF-8. Save it as “CSV UTF-8”"))
    try:
        done = csv_import.import_people(
            desk.services, table, desk.clock(), invite=invite, dry_run=check, **actor_and_place()
        )
    except csv_import.BadTable as refused:
        return _import_page(table, invite=invite, error=refused.message, bad=refused.lines)
    except UseCaseError as refused:
        return _import_page(table, invite=invite, error=refused.message)
    accounts_words = ngettext("%(count)s account", "%(count)s accounts", done.accounts)
    members_words = ngettext("%(count)s member", "%(count)s members", done.members)
    if check:
        said = _(
            "The table is fine. It would add %(accounts)s and %(members)s. Nothing was changed yet.",
            accounts=accounts_words,
            members=members_words,
        )
        return _import_page(table, invite=invite, said=said)
    session["said"] = _("Added %(accounts)s and %(members)s.", accounts=accounts_words, members=members_words)
    return redirect(url_for("people.everybody"), 303)


def _import_page(
    table: str,
    *,
    invite: bool,
    error: str = "",
    bad: tuple[csv_import.BadLine, ...] = (),
    said: str = "",
) -> Response:
    return page(
        "desk-people-import.html",
        422 if error else 200,
        assets=("support-desk.css",),
        table=table,
        invite=invite,
        error=error,
        bad=bad,
        said=said,
        days=_invited_for(),
    )


@blueprint.get("/desk/people/<person>")
def person(person: str) -> Response:
    """One person, with all that can be changed; for people who manage people."""
    return _person_page(_facts(person), said=str(session.pop("said", "")))


@blueprint.post("/desk/people/<person>/name")
def rename(person: str) -> Response:
    """Give a person another name; for people who manage people."""
    name = form_data().get("name")

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.rename(web().services, facts.email, name, web().clock(), **who)
        return _("The name is changed.")

    return _perform(person, action, field="name", typed=name)


@blueprint.post("/desk/people/<person>/address")
def change_address(person: str) -> Response:
    """Send a link to a person's new address; for people who manage people."""
    new = form_data().get("email")

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        if not new.strip():
            raise UseCaseError(_("Enter the new email address"))
        address = address_changes.ask_to_change_address(web().services, facts.email, new, web().clock(), **who)
        return _("A link goes to %(email)s. The address changes when it is confirmed there.", email=address)

    return _perform(person, action, field="email", typed=new)


@blueprint.post("/desk/people/<person>/address/cancel")
def cancel_address(person: str) -> Response:
    """Let the link at a new address do nothing any more; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        address_changes.cancel_address_change(web().services, facts.email, web().clock(), **who)
        return _("The change is cancelled. %(name)s keeps %(email)s.", name=facts.name, email=facts.email)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/invite")
def invite(person: str) -> Response:
    """Send a person an invitation; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.invite(web().services, facts.email, web().clock(), **who)
        return _("An invitation goes to %(email)s.", email=facts.email)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/sign-out")
def sign_out(person: str) -> Response:
    """Sign a person out on all devices; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.sign_out_everywhere(web().services, facts.email, web().clock(), **who)
        return _("%(name)s is signed out on all devices.", name=facts.name)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/disable")
def disable(person: str) -> Response:
    """Shut a person out at once; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.disable_account(web().services, facts.email, web().clock(), **who)
        return _("%(name)s can no longer sign in.", name=facts.name)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/enable")
def enable(person: str) -> Response:
    """Let a person sign in again; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.enable_account(web().services, facts.email, web().clock(), **who)
        return _("%(name)s can sign in again.", name=facts.name)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/staff")
def make_staff(person: str) -> Response:
    """Let a person work at the desk; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.set_staff(web().services, facts.email, True, web().clock(), **who)
        return _("%(name)s is now staff.", name=facts.name)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/staff/end")
def end_staff(person: str) -> Response:
    """Let a person no longer work at the desk; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        accounts.set_staff(web().services, facts.email, False, web().clock(), **who)
        return _("%(name)s is no longer staff.", name=facts.name)

    return _perform(person, action)


@blueprint.post("/desk/people/<person>/projects")
def let_in(person: str) -> Response:
    """Let a person in to a project; for people who manage people."""
    key = form_data().get("project")

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        if key not in {one.key for one in projects.every_project(web().services)}:
            raise UseCaseError(_("Choose a project from the list"))
        projects.add_member(web().services, facts.email, key, web().clock(), **who)
        return _("%(name)s is in %(project)s.", name=facts.name, project=_project_name(key))

    return _perform(person, action, field="project", typed=key)


@blueprint.post("/desk/people/<person>/projects/<key>/take-out")
def take_out(person: str, key: str) -> Response:
    """Take a person out of a project; for people who manage people."""

    def action(facts: PersonFacts, **who: Unpack[ActorAndPlace]) -> str:
        projects.remove_member(web().services, facts.email, key, web().clock(), **who)
        return _("%(name)s is no longer in %(project)s.", name=facts.name, project=_project_name(key))

    return _perform(person, action)


def _perform(number: str, action: Callable[..., str], *, field: str = "", typed: str = "") -> Response:
    """Do one action and go back to the person's page; what it refuses stands there, at its field if it has one."""
    facts = _facts(number)
    try:
        session["said"] = action(facts, **actor_and_place())
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        if field:
            return _person_page(facts, errors={field: refused.message}, typed={field: typed})
        return _person_page(facts, error=f"{refused.message}.")
    return redirect(url_for("people.person", person=facts.number), 303)


def _person_page(
    facts: PersonFacts,
    *,
    said: str = "",
    error: str = "",
    errors: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    there = {one.key for one in facts.projects}
    return page(
        "desk-person.html",
        422 if error or errors else 200,
        assets=("support-desk.css",),
        facts=facts,
        is_me=facts.number == own_account_id(),
        projects=[one for one in projects.every_project(web().services) if one.is_active and one.key not in there],
        said=said,
        error=error,
        errors=errors or {},
        typed={"name": facts.name, "email": "", "project": "", **(typed or {})},
        days=_invited_for(),
    )


def _facts(number: str) -> PersonFacts:
    try:
        return people_list.person_numbered(web().services, row_number(number), own_account_id())
    except NotFound:
        abort(404)


def _project_name(key: str) -> str:
    return people_list.project_facts(web().services, key, own_account_id()).name


def _invited_for() -> int:
    return magic_links.INVITED_FOR.days

"""The other two tabs: projects, and account settings with the browsers in which one is signed in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts import accounts, sessions
from formapp.accounts.mail_preferences import MailChoices, mail_choices
from formapp.accounts.projects import active_projects_of
from formapp.errors import UseCaseError
from formapp.translation import gettext as _
from formapp.web.account.browser_name import shown_browser
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.language import known_language, speak
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id, require_person
from supportpolicy.languages import LANGUAGES, current_language

blueprint = Blueprint("account", __name__)


@blueprint.get("/projects")
def projects() -> Response:
    """The active projects that the signed-in person is in, with their plans."""
    return page("projects.html", projects=active_projects_of(web().services, own_account_id()))


@blueprint.get("/account")
def settings() -> Response:
    """Who is signed in, the language of pages and mails, and the ways to sign out."""
    require_person()
    return _settings_page(said=str(session.pop("said", "")))


def _settings_page(status: int = 200, *, said: str = "", error: str = "") -> Response:
    return settings_page(status, said=said, errors={"language": error} if error else {})


def settings_page(
    status: int = 200, *, said: str = "", errors: Mapping[str, str] | None = None, typed: MailChoices | None = None
) -> Response:
    """The account page; ``errors`` by field, ``typed`` the choice of mails that was sent and refused."""
    person = require_person()
    return page(
        "account.html",
        status,
        said=said,
        errors=errors or {},
        languages=LANGUAGES,
        chosen=known_language(person.language) or current_language(),
        mails=typed or mail_choices(web().services, person.account_id),
    )


@blueprint.post("/account/language")
def choose_language() -> Response:
    """Let pages and mails speak the chosen language to the signed-in person."""
    language = form_data().get("language")
    try:
        accounts.choose_language(web().services, own_account_id(), language)
    except UseCaseError as refused:
        return _settings_page(422, error=refused.message)
    speak(language)
    session["said"] = _("The language is saved.")
    return redirect(url_for("account.settings"), 303)


@blueprint.get("/account/sessions", endpoint="sessions")
def every_session() -> Response:
    """The browsers in which the person is signed in, this one first, each with a way to sign it out."""
    desk, person = web(), require_person()
    found = sessions.sessions_of(desk.services, person.account_id, person.token, desk.clock())
    return page(
        "sessions.html",
        sessions=[replace(one, browser=shown_browser(one.browser)) for one in found],
        said=str(session.pop("said", "")),
    )


@blueprint.post("/account/sessions/end")
def end_session() -> Response:
    """Sign out one browser of the person; somebody else's is answered as one that isn't there."""
    ended = sessions.end_session_of(web().services, own_account_id(), form_data().get("session"))
    session["said"] = _("That browser is signed out.") if ended else _("That browser was signed out before.")
    return redirect(url_for("account.sessions"), 303)


@blueprint.post("/account/sessions/end-others")
def end_others() -> Response:
    """Sign out every browser of the person but this one; links that were sent sign nobody in any more."""
    desk, person = web(), require_person()
    sessions.end_other_sessions(desk.services, person.account_id, person.token, desk.clock())
    session["said"] = _("All your other browsers are signed out. Sign-in links that we sent before no longer work.")
    return redirect(url_for("account.sessions"), 303)

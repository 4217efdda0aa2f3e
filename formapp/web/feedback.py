"""Was this page helpful? The answer of a reader of the guide, and the page that thanks for it; open to everybody."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import UseCaseError
from formapp.tickets import page_feedback
from formapp.tickets.guide_pages import known_pages
from formapp.tickets.page_feedback import GivenFeedback
from formapp.translation import gettext as _
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import client_network, web
from formapp.web.language import known_language, speak
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person
from formapp.widgets.feedback import BECAUSE_LENGTH

blueprint = Blueprint("feedback", __name__)
# A form may say whatever it likes of where it stands: only a path of our own becomes a link.
_PATH = re.compile(r"/(?!/)[A-Za-z0-9/_.~%-]*")


@blueprint.get("/feedback")
def ask() -> Response:
    """The question about the page that the address names, on a page of the desk's own."""
    current_person()
    return _shown(request.args.get("page", ""), "")


@blueprint.post("/feedback")
def send() -> Response:
    """Store the answer, and thank for it; an answer that can't be stored comes back filled."""
    sent, desk = form_data(), web()
    language = known_language(sent.get("language"))
    if language:
        speak(language)
    about, because = sent.get("page"), sent.get("because")
    if sent.get("helpful") not in {"yes", "no"}:
        return _again(sent, 422, _("Press Yes, or Send answer"))
    if not desk.limits.may_give_feedback(client_network()):
        return _again(sent, 429, _("Not sent yet: too many answers in a short time. Wait 15 minutes, then send again"))
    try:
        helpful = sent.get("helpful") == "yes"
        token = page_feedback.give_feedback(desk.services, about, because, desk.clock(), helpful=helpful)
    except UseCaseError as refused:
        return _again(sent, 422, refused.message, refused.field)
    return redirect(url_for("feedback.thanks", token=token, language=language or None), 303)


@blueprint.get("/feedback/<token>")
def thanks(token: str) -> Response:
    """Thank for an answer, with the way back to its page, and from a no to the ticket form."""
    given = page_feedback.given_feedback(web().services, token)
    current_person()
    if language := known_language(request.args.get("language")):
        speak(language)
    if given is None:
        return redirect(url_for("feedback.ask"), 303)
    return page(
        "feedback-thanks.html",
        token=token,
        given=given,
        back=link_to(given.page),
        name=_name_of(given.page),
    )


def reason_for_ticket(token: str) -> GivenFeedback | None:
    """The answer that a ticket begins with; None where there is none."""
    return page_feedback.given_feedback(web().services, token) if token else None


def link_to(path: str) -> str:
    """A path of the guide as an address to follow; empty where the guide isn't here, or the path is none of ours."""
    return path if web().guide is not None and _PATH.fullmatch(path) else ""


def _again(sent: FormData, status: int, sentence: str, about: str = "") -> Response:
    current_person()
    return _shown(sent.get("page"), sent.get("because"), status, error=sentence, field=about)


def _shown(about: str, because: str, status: int = 200, /, *, error: str = "", field: str = "") -> Response:
    return page(
        "feedback.html",
        status,
        about=about,
        name=_name_of(about),
        because=because.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        most=BECAUSE_LENGTH,
        error=error,
        wrong=field,
    )


def _name_of(path: str) -> str:
    """The title of a page of the guide; empty where it isn't known."""
    return next((one.title for one in known_pages(web().services) if one.path == path), "")

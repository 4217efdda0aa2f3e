"""Answering by the link in a mail whether one wants to be in copy: looking changes nothing, a button does."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import LinkGone, UseCaseError
from formapp.tickets import copy_invitations
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person

blueprint = Blueprint("in_copy", __name__)

DONE = ("agreed", "declined", "allowed")
"""What a link's page says after its answer."""


@blueprint.get("/in-copy/<token>")
def look(token: str) -> Response:
    """Show who asks and the buttons; looking changes nothing, because mail scanners open links."""
    return _page(token)


@blueprint.post("/in-copy/<token>")
def answer(token: str) -> Response:
    """Take the answer: agree, decline, never ask again, or ask again after all."""
    desk, sent = web(), form_data()
    said = sent.get("answer")
    try:
        if said == "agree":
            copy_invitations.agree(desk.services, token, sent.get("name"), desk.clock())
        elif said in {"decline", "never"}:
            copy_invitations.decline(desk.services, token, desk.clock(), never=said == "never")
        elif said == "again":
            copy_invitations.allow_again(desk.services, token)
    except LinkGone:
        return _gone()
    except UseCaseError as refused:
        return _page(token, name=sent.get("name"), error=refused.message)
    done = {"agree": "agreed", "decline": "declined", "again": "allowed"}.get(said)
    return redirect(url_for("in_copy.look", token=token, done=done), 303)


def _page(token: str, *, name: str = "", error: str = "") -> Response:
    desk = web()
    try:
        question = copy_invitations.question_of(desk.services, token, desk.clock())
    except LinkGone:
        return _gone()
    current_person()
    done = request.args.get("done", "")
    if not (question.waits or question.is_refused or done in DONE):
        return _gone()
    status = 422 if error else 200
    return page(
        "copy-question.html",
        status,
        assets=("support-ticket.css",),
        token=token,
        question=question,
        done=done,
        name=name,
        error=error,
    )


def _gone() -> Response:
    current_person()
    return page("copy-question-gone.html", 410)

"""Saved replies: their page, and the choice among them where staff write."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.models import SavedReply
from formapp.tickets import own_or_shared, saved_replies
from formapp.tickets.reply_fields import FIELDS
from formapp.translation import gettext as _
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("saved_replies", __name__)


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in a form: of the saved reply with this number, or of a new one (0)."""

    number: int = 0
    name: str = ""
    body: str = ""
    shared: bool = False
    error: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class SavedReplyLine:
    """A saved reply as its page lists it, with what stands in its form."""

    number: int
    name: str
    body: str
    shared: bool
    owner: str
    changeable: bool
    typed: Typed


@dataclass(frozen=True, slots=True)
class Choice:
    """One saved reply in the composer's list."""

    number: int
    name: str


def present_choices() -> tuple[tuple[str, tuple[Choice, ...]], ...]:
    """The saved replies that one can insert: one's own, and those that colleagues share; each group with its words."""
    found = saved_replies.replies_for(web().services, own_account_id())
    own = tuple(Choice(reply.id, reply.name) for reply in found if reply.account_id == own_account_id())
    shared = tuple(Choice(reply.id, reply.name) for reply in found if reply.account_id != own_account_id())
    groups = ((_("Your own"), own), (_("Shared by colleagues"), shared))
    return tuple((label, choices) for label, choices in groups if choices)


@blueprint.get("/desk/saved-replies")
def saved() -> Response:
    """One's own saved replies and the shared ones."""
    return _replies_page(said=str(session.pop("said", "")))


@blueprint.post("/desk/saved-replies")
def add() -> Response:
    """Save a reply."""
    sent = form_data()
    name, body, shared = sent.get("name"), sent.get("body"), "shared" in sent.fields
    try:
        name = saved_replies.add_reply(web().services, own_account_id(), name, body, web().clock(), shared=shared)
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return _replies_page(_typed(0, sent, refused))
    session["said"] = _("The reply %(name)s is saved.", name=name)
    return redirect(url_for("saved_replies.saved"), 303)


@blueprint.post("/desk/saved-replies/<number>")
def change(number: str) -> Response:
    """Change a saved reply, share it or keep it for oneself."""
    sent, wanted = form_data(), row_number(number)
    name, body, shared = sent.get("name"), sent.get("body"), "shared" in sent.fields
    try:
        name = saved_replies.change_reply(web().services, own_account_id(), wanted, name, body, shared=shared)
    except NotFound:
        # Deleted meanwhile, or no longer shared; what was typed stands in the form for a new one.
        gone = UseCaseError(_("This saved reply is no longer there. You can save it as a new one"))
        return _replies_page(_typed(0, sent, gone))
    except UseCaseError as refused:
        return _replies_page(_typed(wanted, sent, refused))
    session["said"] = _("The reply %(name)s is saved.", name=name)
    return redirect(url_for("saved_replies.saved"), 303)


@blueprint.post("/desk/saved-replies/<number>/delete")
def delete(number: str) -> Response:
    """Delete a saved reply; what was written with it stays."""
    try:
        name = saved_replies.delete_reply(web().services, own_account_id(), row_number(number))
    except NotFound:
        # The button was pressed twice.
        session["said"] = _("This saved reply was already deleted.")
    else:
        session["said"] = _("The reply %(name)s is deleted.", name=name)
    return redirect(url_for("saved_replies.saved"), 303)


def _replies_page(typed: Typed | None = None, *, said: str = "") -> Response:
    found = saved_replies.replies_for(web().services, own_account_id())
    return page(
        "saved-replies.html",
        422 if typed else 200,
        assets=("support-desk.css", "support-queue.css"),
        replies=[_line(reply, typed) for reply in found],
        adding=typed if typed and typed.number == 0 else Typed(),
        fields=[(f"{{{name}}}", _(meaning)) for name, meaning in FIELDS.items()],
        error=typed.error if typed else "",
        said=said,
    )


def _line(reply: SavedReply, typed: Typed | None) -> SavedReplyLine:
    stored = Typed(reply.id, reply.name, reply.body, reply.is_shared)
    return SavedReplyLine(
        reply.id,
        reply.name,
        reply.body,
        reply.is_shared,
        reply.owner.name if reply.account_id != own_account_id() else "",
        own_or_shared.may_change(reply, own_account_id()),
        typed if typed and typed.number == reply.id else stored,
    )


def _typed(number: int, sent: FormData, refused: UseCaseError) -> Typed:
    """A form that was refused; a page can't hold a NUL, so it is made visible."""
    name, body = (sent.get(field).replace("\0", "\N{REPLACEMENT CHARACTER}") for field in ("name", "body"))
    return Typed(number, name, body, "shared" in sent.fields, refused.message, refused.field)

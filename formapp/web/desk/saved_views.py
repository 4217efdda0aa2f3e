"""Saved views of the queue: saving a search, renaming, sharing and deleting one."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, abort, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.tickets import own_or_shared, saved_views
from formapp.translation import gettext as _
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("views", __name__)


@dataclass(frozen=True, slots=True)
class SavedViewLine:
    """A view as its page lists it, with what was typed into its form."""

    number: int
    name: str
    typed: str
    search: str
    shared: bool
    owner: str
    changeable: bool
    error: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was refused: of the view with this number, or of a new one (0)."""

    number: int
    name: str
    search: str
    shared: bool
    error: str


@blueprint.get("/desk/views")
def saved() -> Response:
    """One's own views and the shared ones."""
    return _views_page(said=str(session.pop("said", "")))


@blueprint.post("/desk/views")
def add() -> Response:
    """Save a search under a name, and show it."""
    sent = form_data()
    name, search, shared = sent.get("name"), sent.get("search"), "shared" in sent.fields
    try:
        view = saved_views.add_view(web().services, own_account_id(), name, search, web().clock(), shared=shared)
    except UseCaseError as refused:
        return _views_page(Typed(0, _visible(name), _visible(search), shared, refused.message))
    return redirect(url_for("queue.tickets", search=view.search or None), 303)


@blueprint.post("/desk/views/<number>")
def change(number: str) -> Response:
    """Rename a view, share it or keep it for oneself."""
    sent, wanted = form_data(), row_number(number)
    name, shared = sent.get("name"), "shared" in sent.fields
    try:
        name = saved_views.change_view(web().services, own_account_id(), wanted, name, shared=shared)
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return _views_page(Typed(wanted, _visible(name), "", shared, refused.message))
    session["said"] = _("The view %(name)s is saved.", name=name)
    return redirect(url_for("views.saved"), 303)


@blueprint.post("/desk/views/<number>/delete")
def delete(number: str) -> Response:
    """Delete a view; its tickets stay as they are."""
    try:
        name = saved_views.delete_view(web().services, own_account_id(), row_number(number))
    except NotFound:
        # The button was pressed twice.
        session["said"] = _("This view was already deleted.")
    else:
        session["said"] = _("The view %(name)s is deleted.", name=name)
    return redirect(url_for("views.saved"), 303)


def _views_page(typed: Typed | None = None, *, said: str = "") -> Response:
    found = saved_views.views_for(web().services, own_account_id())
    lines = []
    for view in found:
        mine = typed if typed and typed.number == view.id else None
        lines.append(
            SavedViewLine(
                view.id,
                view.name,
                mine.name if mine else view.name,
                view.search,
                mine.shared if mine else view.is_shared,
                view.owner.name if view.account_id != own_account_id() else "",
                own_or_shared.may_change(view, own_account_id()),
                mine.error if mine else "",
            )
        )
    return page(
        "saved-views.html",
        422 if typed else 200,
        assets=("support-desk.css", "support-queue.css"),
        views=lines,
        adding=typed if typed and typed.number == 0 else None,
        error=typed.error if typed else "",
        said=said,
    )


def _visible(typed: str) -> str:
    """A page can't hold a NUL, so it is made visible."""
    return typed.replace("\0", "\N{REPLACEMENT CHARACTER}")

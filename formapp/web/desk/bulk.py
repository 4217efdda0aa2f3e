"""Acting on several tickets of the queue at once, and undoing it: forms that work without script."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from flask import Blueprint, abort, redirect, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.tickets import bulk
from formapp.tickets.bulk import Kind
from formapp.tickets.queries import number_of
from formapp.translation import gettext as _
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import web
from formapp.web.desk.queue import Selection, show_selection
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("bulk", __name__)

LONGEST_UNUSED = 500
"""In characters: what an address has room for."""
_FIELDS: dict[Kind, str] = {"assign": "assignee", "tag": "tag", "close": ""}


class ChooseAction(UseCaseError):
    """The form was sent by no button of its own."""

    field = "change"


@blueprint.post("/desk/bulk")
def change() -> Response:
    """Assign, tag or close the selected tickets; what can't be done comes back with all that was selected."""
    desk, sent = web(), form_data()
    selection = Selection(
        frozenset(sent.fields.getlist("ticket")), sent.get("assignee"), sent.get("tag").replace("\0", "")
    )
    try:
        kind = _kind(sent)
        number = bulk.change_all(
            desk.services,
            own_account_id(),
            _numbers(sent),
            kind,
            sent.get(_FIELDS[kind]) if _FIELDS[kind] else "",
            desk.clock(),
            shown_at=_shown_at(sent),
        )
    except UseCaseError as refused:
        return show_selection(sent.get("search"), sent.get("after"), selection.after(refused))
    # What was typed for another button is still wanted.
    unused = selection.tag[:LONGEST_UNUSED] if kind != "tag" else ""
    return redirect(_queue(sent, number, unused), 303)


@blueprint.post("/desk/bulk/<number>/undo")
def undo(number: str) -> Response:
    """Undo what was done to several tickets."""
    desk, wanted, sent = web(), row_number(number), form_data()
    try:
        bulk.undo(desk.services, own_account_id(), wanted, desk.clock())
    except NotFound:
        abort(404)
    return redirect(_queue(sent, wanted), 303)


def _queue(sent: FormData, number: int, tag: str = "") -> str:
    search, after = sent.get("search") or None, sent.get("after") or None
    return url_for("queue.tickets", search=search, after=after, done=number, tag=tag or None)


def _kind(sent: FormData) -> Kind:
    """The action of the button. Enter in the field of the tag presses none of them and means that one."""
    wanted = sent.get("change") or ("tag" if sent.get("tag").strip() else "")
    kind: Kind | None = next((known for known in get_args(Kind) if known == wanted), None)
    if kind is None:
        raise ChooseAction(_("Choose what to do with the selected tickets"))
    return kind


def _numbers(sent: FormData) -> list[int]:
    """The numbers of the selected tickets; what is no reference was never on the page."""
    numbers = []
    for reference in sent.fields.getlist("ticket"):
        try:
            numbers.append(number_of(reference))
        except NotFound:
            continue
    return numbers


def _shown_at(sent: FormData) -> datetime | None:
    try:
        shown = datetime.fromisoformat(sent.get("shown"))
    except ValueError:
        return None
    return shown if shown.tzinfo is not None else None

"""Closures at the desk: those that come, announcing and cancelling one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response
from wtforms import Field, Form, StringField
from wtforms.validators import StopValidation

from formapp.best_effort import best_effort
from formapp.errors import AlreadyExists, NotFound, UseCaseError
from formapp.forms import Line, Required
from formapp.hours import banner, closures
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id
from formapp.when import zone_words

blueprint = Blueprint("closures", __name__)

# Of a date and a time, however it was written.
MOST_TYPED = 100

# What a browser's own field for a date and a time can show; anything else it would throw away.
_PICKED = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")


class Instant:
    """A date and a time by the clock of the policy's zone; what was typed stays as it is."""

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what is none."""
        try:
            instant_of(field)
        except UseCaseError as refused:
            raise StopValidation(refused.message) from None


class ClosureForm(Form):
    """A closure to announce."""

    start = StringField(
        "Start",
        [
            Line(gettext_noop("The start"), MOST_TYPED),
            Required(gettext_noop("Enter when the closure starts")),
            Instant(),
        ],
    )
    end = StringField(
        "End",
        [
            Line(gettext_noop("The end"), MOST_TYPED),
            Required(gettext_noop("Enter when support opens again")),
            Instant(),
        ],
    )
    note = StringField(
        "Note",
        [
            Line(gettext_noop("The text"), closures.NOTE_LENGTH),
            Required(gettext_noop("Enter what people will read, for example “Moving to a new office”")),
        ],
    )


@dataclass(frozen=True, slots=True)
class Announced:
    """A closure as the page lists it."""

    number: int
    note: str
    words: str


def instant_of(field: Field) -> datetime:
    """The instant that a field names. Raises UseCaseError."""
    return closures.local_instant(field.data or "", field.name, web().services.policy.calendar.zone)


@blueprint.get("/desk/closures")
def coming() -> Response:
    """The closures that aren't over, and a form to announce one; for people at the desk."""
    return _closures_page(ClosureForm(), said=str(session.pop("said", "")))


@blueprint.post("/desk/closures")
def announce() -> Response:
    """Announce a closure, in the guide at once; for people at the desk."""
    desk = web()
    form, now = ClosureForm(form_data().fields), desk.clock()
    if not form.validate():
        return _closures_page(form)
    try:
        made = closures.add_closure(
            desk.services, own_account_id(), instant_of(form.start), instant_of(form.end), form.note.data or "", now
        )
    except AlreadyExists as refused:
        # The button was pressed twice, or two people were told to announce it.
        session["said"] = f"{refused.message}."
    except UseCaseError as refused:
        form[refused.field].errors = [refused.message]
        return _closures_page(form)
    else:
        _tell_guide(now)
        sentence = banner.sentence(made, desk.services.policy.calendar.zone, now)
        session["said"] = " ".join((_("Announced."), sentence))
    return redirect(url_for("closures.coming"), 303)


@blueprint.post("/desk/closures/<number>/cancel")
def cancel(number: str) -> Response:
    """Cancel a closure, in the guide at once; for people at the desk."""
    desk, wanted = web(), row_number(number)
    now = desk.clock()
    try:
        closures.cancel_closure(desk.services, own_account_id(), wanted, now)
    except NotFound:
        session["said"] = _("This closure was already cancelled.")
    else:
        _tell_guide(now)
        session["said"] = _("The closure is cancelled. Tickets that were sent before now keep their dates.")
    return redirect(url_for("closures.coming"), 303)


def _tell_guide(now: datetime) -> None:
    """Bring the guide's file up to date; where that fails now, the worker does it in its next round."""
    with best_effort("the file of closures"):
        banner.write(web().services, now)


def _closures_page(form: ClosureForm, *, said: str = "") -> Response:
    desk = web()
    now, zone = desk.clock(), desk.services.policy.calendar.zone
    return page(
        "closures.html",
        422 if form.errors else 200,
        assets=("support-desk.css",),
        form=form,
        errors={field.name: field.errors[0] for field in form if field.errors},
        picked={name for name in ("start", "end") if _PICKED.fullmatch(form[name].data or "")},
        closures=[
            Announced(one.id, one.note, banner.sentence(one, zone, now))
            for one in closures.upcoming_closures(desk.services, now)
        ],
        zone=zone_words(zone),
        most=closures.NOTE_LENGTH,
        said=said,
    )

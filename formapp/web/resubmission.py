"""What to say of a form that is not acted on at once: what would happen, and whether one more press does it.

One that another person's page was left open for is done by one more press. So is one with typed text that may have
come from another site; one without any is refused then, because nothing is lost by doing it on our own page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from flask import Flask, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from formapp.translation import gettext as _
from formapp.web import form_owner
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import PREFIX
from formapp.web.csrf import SAFE, TOKEN, Responder
from formapp.web.form_actions import ACTIONS, Action, action_of, fill
from formapp.web.layout.page import page
from formapp.web.permissions import authorize
from formapp.web.session_cookie import current_person, require_person
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.reply_form import unsent_page

# Whoever is signed in, these do the same: the address that was typed, the link or the doctor's pass decides. A file
# belongs to a form. What is said of a page of the guide says nothing of who says it.
# The ticket form is compared where it is filed, so that a database that is away costs no word of it.
NOT_COMPARED = frozenset(
    {
        *("signin.send", "signin.use", "address.use", "confirm.send", "in_copy.answer", "files.upload", "files.remove"),
        *("monitoring.through", "tickets.create", "unsubscribe.use", "feedback.send"),
    }
)


def init_resubmission(app: Flask, texts: Mapping[str, Responder]) -> None:
    """Compare whom each form was made for with who is signed in, before anything is done.

    ``texts`` names the endpoints whose own page comes back with what was typed; all others ask on a page of
    their own.
    """

    @app.before_request
    def compare() -> Response | None:
        if request.method in SAFE or request.endpoint is None or request.endpoint in NOT_COMPARED:
            return None
        person = current_person()
        if person is None or form_owner.is_made_for(form_data().get(form_owner.FIELD), person):
            return None
        if request.endpoint in texts:
            return texts[request.endpoint]()
        whose = form_owner.whose(form_data().get(form_owner.FIELD), person)
        return authorize() or _ask_once_more(whose, form_owner.words_for(person))


def text_from_elsewhere(show: Callable[[Notice], Response]) -> Responder:
    """How to answer a text from an untrusted page: ``show`` gives its page filled to whom the table lets see it.

    Everybody else gets the text alone, with a button that sends it; browsers send no cookies along from
    another site, so the writer is known only then.
    """

    def answer() -> Response:
        action = action_of(request.endpoint or "", form_data())
        notice = Notice(
            _("Not sent yet: press %(button)s once more to %(would)s", button=action.button, would=action.would),
            (_("We couldn't tell whether this came from our own page, so it is not sent yet. Your text is below."),),
        )
        if current_person() is None:
            return unsent_page(notice, 422, button=action.button)
        return authorize() or show(notice)

    return answer


def text_of_another_person(show: Callable[[Notice], Response]) -> Responder:
    """How to answer a text from a page that was made for somebody else: ``show`` gives the page filled.

    Who may not write there gets the text alone, to copy.
    """

    def answer() -> Response:
        person, action = require_person(), action_of(request.endpoint or "", form_data())
        mark = form_data().get(form_owner.FIELD)
        whose, name = form_owner.whose(mark, person), form_owner.words_for(person)
        if form_owner.account_of(mark) is not None and not _may_write():
            return unsent_page(_not_yours(action, whose, name), 422, button="")
        if (refused := authorize()) is not None:
            return refused
        heading = _(
            "Not sent yet: press %(button)s once more to %(would)s as %(name)s",
            button=action.button,
            would=action.would,
            name=name,
        )
        return show(Notice(heading, (" ".join((whose, _("Your text is below."))),)))

    return answer


def _may_write() -> bool:
    try:
        return authorize() is None
    except NotFound:
        return False


def _not_yours(action: Action, whose: str, name: str) -> Notice:
    sentence = _(
        "%(name)s can't write on %(page)s from here. Copy the text below, or sign in again as its writer.",
        name=name,
        page=fill(action.page_name, request.view_args or {}),
    )
    return Notice(_("Not sent: somebody else is signed in"), (whose, sentence))


def from_elsewhere() -> Response:
    """The answer to a form that may not come from a page of ours: refused, or asked once more if text is in it."""
    found = ACTIONS.get(request.endpoint or "")
    if found is None or not found.has_text:
        return _refused()
    return _ask_once_more(_("We couldn't tell whether this came from our own page, so nothing has been done yet."))


def _ask_once_more(why: str, as_whom: str = "") -> Response:
    sent = form_data()
    fields = [(name, value) for name, value in sent.fields.items(multi=True) if name not in {TOKEN, form_owner.FIELD}]
    action = action_of(request.endpoint or "", sent)
    return page("resubmission.html", 422, address=request.path, fields=fields, action=action, why=why, as_whom=as_whom)


def _refused() -> Response:
    """Say what was not done, in words of the address alone: who asks, and what they may see, isn't known here."""
    endpoint = request.endpoint or ""
    arguments = request.view_args or {}
    if endpoint not in ACTIONS:
        return page("refused.html", 403, would="", address=f"{PREFIX}/", name=_("My tickets"))
    action = action_of(endpoint, FormData(MultiDict()))
    would = fill(_(action.unnamed), arguments) if action.unnamed else action.would
    needed = {name: value for name, value in arguments.items() if name in {"reference", "token"}}
    name = fill(action.page_name, arguments)
    return page("refused.html", 403, would=would, address=url_for(action.page, **needed), name=name)

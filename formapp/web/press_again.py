"""What to say of a form that is not acted on at once: what would happen, and whether one more press does it.

One that another person's page was left open for is done by one more press. So is one with typed text that may have
come from another site; one without any is refused then, because nothing is lost by doing it on our own page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import Flask, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from formapp.web import made_for
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import PREFIX
from formapp.web.csrf import SAFE, TOKEN, Responder
from formapp.web.layout.page import page
from formapp.web.permissions import authorize
from formapp.web.session_cookie import current_person, require_person
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.reply_form import unsent_page

TICKET, DESK_TICKET = "tickets.show", "desk.show"
LONGEST_SHOWN = 100


class Action(NamedTuple):
    """What a form does: its button, the act in words, and where it stands, by endpoint and by name.

    ``would`` names the ticket and what else the form says; ``has_text`` says that something is typed into it.
    ``unnamed`` says the act without the form's words, where ``would`` needs them.
    """

    button: str
    would: str
    page: str
    page_name: str
    has_text: bool = False
    unnamed: str = ""


_PEOPLE, _PROJECTS = ("people.everybody", "People"), ("projects.every", "Projects")
ACTIONS: Mapping[str, Action] = {
    "tickets.reply": Action("Send reply", "send it to {reference}", TICKET, "{reference}", has_text=True),
    "tickets.close": Action("Close ticket", "close {reference}", TICKET, "{reference}"),
    "desk.reply": Action("Send reply", "send it to {reference}", DESK_TICKET, "{reference}", has_text=True),
    "desk.note": Action("Add note", "add it to {reference}", DESK_TICKET, "{reference}", has_text=True),
    "desk.assign": Action(
        "Assign", "assign {reference} to {assignee}", DESK_TICKET, "{reference}", unnamed="assign {reference}"
    ),
    "desk.correct": Action("Save answers", "save these answers of {reference}", DESK_TICKET, "{reference}"),
    "desk.close": Action("Close without a reply", "close {reference}", DESK_TICKET, "{reference}"),
    "desk.reopen": Action("Reopen", "reopen {reference}", DESK_TICKET, "{reference}"),
    "desk.merge": Action("Merge", "merge {reference} into {into}", DESK_TICKET, "{reference}", has_text=True),
    "closures.announce": Action(
        "Announce closure", "announce the closure “{note}”", "closures.coming", "Closures", has_text=True
    ),
    "closures.cancel": Action(
        "Cancel closure", "cancel the closure “{what}”", "closures.coming", "Closures", unnamed="cancel a closure"
    ),
    "outgoing.replay": Action(
        "Send again", "send “{what}” again", "outgoing.messages", "Outgoing", unnamed="send a message again"
    ),
    "outgoing.try_again": Action(
        "Try again", "try “{what}” again", "outgoing.messages", "Outgoing", unnamed="try work again"
    ),
    "mail.accept": Action("Accept", "accept this mail", "mail.mails", "Mail"),
    "mail.spam": Action("Mark as spam", "mark this mail as spam", "mail.mails", "Mail"),
    "mail.hold_again": Action("Not spam", "take this mail out of spam", "mail.mails", "Mail"),
    "people.add": Action("Add person", "add {email}", *_PEOPLE, has_text=True),
    "people.import_table": Action("Import", "import these people", *_PEOPLE, has_text=True),
    "people.rename": Action("Save name", "give the person the name {name}", *_PEOPLE, has_text=True),
    "people.change_address": Action(
        "Send link", "send a link to {email}, which changes the person’s address", *_PEOPLE, has_text=True
    ),
    "people.cancel_address": Action("Cancel change", "cancel the change of address", *_PEOPLE),
    "people.invite": Action("Send invitation", "send an invitation to this person", *_PEOPLE),
    "people.sign_out": Action("Sign out everywhere", "sign this person out on all devices", *_PEOPLE),
    "people.disable": Action("Disable account", "disable this account", *_PEOPLE),
    "people.enable": Action("Enable account", "enable this account", *_PEOPLE),
    "people.make_staff": Action("Make staff", "make this person staff", *_PEOPLE),
    "people.end_staff": Action("Take out of staff", "take this person out of staff", *_PEOPLE),
    "people.let_in": Action("Let in", "let this person in to a project", *_PEOPLE),
    "people.take_out": Action("Take out", "take this person out of {what}", *_PEOPLE, unnamed="take somebody out"),
    "projects.add": Action("Add project", "add the project {name}", *_PROJECTS, has_text=True),
    "projects.change": Action("Save changes", "save these changes of {key}", *_PROJECTS, has_text=True),
    "projects.close": Action("Close project", "close the project {key}", *_PROJECTS),
    "projects.reopen": Action("Reopen project", "reopen the project {key}", *_PROJECTS),
    "projects.let_in": Action("Let in", "let {email} in to {key}", *_PROJECTS, has_text=True),
    "projects.take_out": Action(
        "Take out", "take {what} out of {key}", *_PROJECTS, unnamed="take somebody out of {key}"
    ),
    "address.use": Action("Confirm address", "confirm your new address", "address.look", "Your new address"),
    "signin.send": Action(
        "Send me a link", "get a sign-in link sent to {email}", "signin.ask", "Sign in", has_text=True
    ),
    "signin.use": Action("Sign in", "sign you in", "signin.look", "Your sign-in link"),
    "signin.leave": Action("Sign out", "sign you out", "account.settings", "Account settings"),
    "account.end_session": Action("Sign out", "sign out a browser", "account.sessions", "Where you are signed in"),
    "account.end_others": Action(
        "Sign out everywhere else", "sign out all your other browsers", "account.sessions", "Where you are signed in"
    ),
}
# Whoever is signed in, these do the same: the address that was typed or the link decides. A file belongs to a form.
# The ticket form is compared where it is filed, so that a database that is away costs no word of it.
NOT_COMPARED = frozenset({"signin.send", "signin.use", "address.use", "files.upload", "files.remove", "tickets.create"})


def action_of(endpoint: str, sent: FormData) -> Action:
    """What this form would do, in words for its person; what people typed is cut where it is long."""
    found = ACTIONS[endpoint]
    named = {name: _shown(value) for name, value in sent.fields.items()} | (request.view_args or {})
    would = found.would.format_map(_Named(named))
    if endpoint == "desk.assign" and not sent.get("assignee"):
        would = "make {reference} unassigned".format_map(named)
    if endpoint == "signin.leave" and sent.get("everywhere"):
        return found._replace(button="Sign out everywhere", would="sign you out on all your devices")
    if sent.get("reopen"):
        return found._replace(button="Reopen and reply", would="reopen {reference} and send it".format_map(named))
    return found._replace(would=would)


class _Named(dict[str, str]):
    """What a form says, by field; nothing for a field that it lacks."""

    def __missing__(self, _name: str) -> str:
        return ""


def _shown(value: str) -> str:
    words = " ".join(value.replace("\0", "").split())
    return words if len(words) <= LONGEST_SHOWN else f"{words[:LONGEST_SHOWN]}…"


def init_press_again(app: Flask, texts: Mapping[str, Responder]) -> None:
    """Compare whom each form was made for with who is signed in, before anything is done.

    ``texts`` names the endpoints whose own page comes back with what was typed; all others ask on a page of
    their own.
    """

    @app.before_request
    def compare() -> Response | None:
        if request.method in SAFE or request.endpoint is None or request.endpoint in NOT_COMPARED:
            return None
        person = current_person()
        if person is None or made_for.is_made_for(form_data().get(made_for.FIELD), person):
            return None
        if request.endpoint in texts:
            return texts[request.endpoint]()
        whose = made_for.whose(form_data().get(made_for.FIELD), person)
        return authorize() or _asked(whose, f" as {made_for.words_for(person)}")


def text_from_elsewhere(show: Callable[[Notice], Response]) -> Responder:
    """How to answer a text from an untrusted page: ``show`` gives its page filled to whom the table lets see it.

    Everybody else gets the text alone, with a button that sends it; browsers send no cookies along from
    another site, so the writer is known only then.
    """

    def answer() -> Response:
        action = action_of(request.endpoint or "", form_data())
        notice = Notice(
            f"Not sent yet: press {action.button} once more to {action.would}",
            ("We couldn't tell whether this came from our own page, so it is not sent yet. Your text is below.",),
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
        mark = form_data().get(made_for.FIELD)
        whose, name = made_for.whose(mark, person), made_for.words_for(person)
        if made_for.account_of(mark) is not None and not _may_write():
            return unsent_page(_not_yours(action, whose, name), 422, button="")
        if (refused := authorize()) is not None:
            return refused
        heading = f"Not sent yet: press {action.button} once more to {action.would} as {name}"
        return show(Notice(heading, (f"{whose} Your text is below.",)))

    return answer


def _may_write() -> bool:
    try:
        return authorize() is None
    except NotFound:
        return False


def _not_yours(action: Action, whose: str, name: str) -> Notice:
    page_name = action.page_name.format_map(request.view_args or {})
    sentences = (
        whose,
        f"{name} can't write on {page_name} from here. Copy the text below, or sign in again as its writer.",
    )
    return Notice("Not sent: somebody else is signed in", sentences)


def from_elsewhere() -> Response:
    """The answer to a form that may not come from a page of ours: refused, or asked once more if text is in it."""
    found = ACTIONS.get(request.endpoint or "")
    if found is None or not found.has_text:
        return _refused()
    return _asked("We couldn't tell whether this came from our own page, so nothing has been done yet.")


def _asked(why: str, as_whom: str = "") -> Response:
    sent = form_data()
    fields = [(name, value) for name, value in sent.fields.items(multi=True) if name not in {TOKEN, made_for.FIELD}]
    action = action_of(request.endpoint or "", sent)
    return page("press-again.html", 422, address=request.path, fields=fields, action=action, why=why, as_whom=as_whom)


def _refused() -> Response:
    """Say what was not done, in words of the address alone: who asks, and what they may see, isn't known here."""
    endpoint = request.endpoint or ""
    arguments = request.view_args or {}
    if endpoint not in ACTIONS:
        return page("refused.html", 403, would="", address=f"{PREFIX}/", name="My tickets")
    action = action_of(endpoint, FormData(MultiDict()))
    would = action.unnamed.format_map(_Named(arguments)) or action.would
    needed = {name: value for name, value in arguments.items() if name in {"reference", "token"}}
    name = action.page_name.format_map(_Named(arguments))
    return page("refused.html", 403, would=would, address=url_for(action.page, **needed), name=name)

"""One ticket at the desk: its page, and what staff do with it. Every action is a form that works without script."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args

from flask import Blueprint, abort, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.policies import policy_of
from formapp.tickets import guide_pages, moving, replies, saved_replies, triage
from formapp.tickets.guide_pages import FIELD
from formapp.tickets.replies import NextState
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import web
from formapp.web.desk.ticket_page import IN_COMPOSER, Filled, Kind, current_ticket, ticket_page
from formapp.web.request_log import log_failure
from formapp.web.row_number import is_row_number, row_number
from formapp.web.session_cookie import own_account_id
from formapp.web.tickets import reply_form
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.new_messages import new_messages
from formapp.web.tickets.reply_form import reply_draft, seen_event

blueprint = Blueprint("desk", __name__)

NEXT_STATES: tuple[NextState, ...] = get_args(NextState)
NAMING = {FIELD: "guide-page"}
SAID = {
    "reply": gettext_noop("Your reply is sent."),
    "note": gettext_noop("Your internal note is added."),
    "assigned": gettext_noop("The assignee is saved."),
    "corrected": gettext_noop("The answers are saved."),
    "closed": gettext_noop("The ticket is closed."),
    "reopened": gettext_noop("The ticket is open again."),
    "merged": gettext_noop("The ticket is merged."),
    "named": gettext_noop("The page is saved. Customers never see it."),
    "moved": gettext_noop("The ticket is moved. The customer gets a mail."),
    "filed": gettext_noop("The ticket is sent. The customer gets a mail with its reference and the promise."),
}


class NotSeen(UseCaseError):
    """A form that doesn't say what its page showed, such as one of another ticket."""

    message = gettext_noop("Check the ticket as it is now, then press the button again")


@blueprint.get("/desk/<reference>")
def show(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """One ticket with all that the desk knows of it, for staff."""
    said = request.args.get("said")
    return ticket_page(current_ticket(), _saved(), said=_(SAID[said]) if said in SAID else "")


def _saved() -> Filled:
    """What was saved while its writer signed in, as the kind of message that it was; else an empty composer."""
    note = reply_form.saved_draft("note")
    return Filled(note, "note") if note.draft else Filled(reply_form.saved_draft("reply"))


@blueprint.get("/desk/<reference>/new-messages")
def newer(reference: str) -> Response:  # noqa: ARG001
    """Whether there are messages that an open page doesn't show yet, notes among them."""
    return new_messages(current_ticket().id, with_notes=True)


@blueprint.post("/desk/<reference>/reply")
def reply(reference: str) -> Response:  # noqa: ARG001
    """Answer the customer, and say how the ticket goes on; a closed one only where it is to be reopened."""
    sent = form_data()
    if (again := reply_form.unsent(sent)) is not None:
        return ticket_page(
            current_ticket(), replace(_composed(sent), message=again.form, notice=again.notice), again.status
        )
    filled, then = _composed(sent), _next_state(sent)

    def action() -> None:
        if filled.kind == "note":
            sentence = _(
                "You chose Internal note, so nothing was sent to the customer. Press Add internal note, or choose Reply"
            )
            raise UseCaseError(sentence, "kind")
        if then is None:
            raise UseCaseError(_("Choose what happens to the ticket"), "then")
        message, reopen = reply_form.message_input(sent, filled.message), bool(sent.get("reopen"))
        services, now, most = web().services, web().clock(), web().limits.messages_an_hour
        replies.reply_as_staff(
            services,
            *(own_account_id(), current_ticket().id, message, then, now),
            reopen=reopen,
            most_an_hour=most,
            guide_page=filled.guide_page or "",
        )

    return _done(action, filled, sent, "reply", "newest")


@blueprint.post("/desk/<reference>/note")
def note(reference: str) -> Response:  # noqa: ARG001
    """Add an internal note."""
    sent = form_data()
    filled = replace(_composed(sent), kind="note")
    if (again := reply_form.unsent(sent)) is not None:
        return ticket_page(current_ticket(), replace(filled, message=again.form, notice=again.notice), again.status)

    def action() -> None:
        message = reply_form.message_input(sent, filled.message)
        most = web().limits.messages_an_hour
        replies.add_note(
            web().services, own_account_id(), current_ticket().id, message, web().clock(), most_an_hour=most
        )

    return _done(action, filled, sent, "note", "newest")


@blueprint.post("/desk/<reference>/insert")
def insert(reference: str) -> Response:  # noqa: ARG001
    """Show the ticket again with a saved reply at the end of what is written; nothing is sent."""
    sent = form_data()
    filled = _composed(sent)
    if (again := reply_form.unsent(sent)) is not None:
        return ticket_page(current_ticket(), replace(filled, message=again.form, notice=again.notice), again.status)
    try:
        if not filled.saved_reply:
            raise UseCaseError(_("Choose a saved reply"), "saved_reply")
        if not is_row_number(filled.saved_reply):
            raise saved_replies.ReplyGone
        text = _filled_reply(int(filled.saved_reply))
        # What was sent with bytes that aren't text, or a file that isn't taken, is told before it is forgotten.
        reply_form.message_input(sent, filled.message)
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return ticket_page(current_ticket(), filled.after(refused), reply_form.status_of(refused))
    written = filled.message.body.rstrip()
    message = replace(filled.message, body=f"{written}\n\n{text}" if written else text)
    return ticket_page(current_ticket(), replace(filled, message=message, saved_reply=""))


@blueprint.get("/desk/<reference>/saved-replies/<number>")
def filled_reply(reference: str, number: str) -> Response:  # noqa: ARG001
    """A saved reply's text for this ticket, for the page's script; what can't be had is told by ``insert``."""
    try:
        answer = jsonify(text=_filled_reply(row_number(number)))
    except UseCaseError:
        abort(404)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _filled_reply(number: int) -> str:
    return saved_replies.filled_reply(web().services, own_account_id(), current_ticket().id, number, web().clock())


def insert_without_database() -> Response:
    """The answer to inserting while the database can't be reached: the text, with the same button."""
    return reply_form.without_database(_("Insert"))


def unsent_text(notice: Notice) -> Response:
    """A reply or note that is not sent yet: the ticket's page with it, and why, for staff."""
    filled = _composed(form_data())
    return ticket_page(
        current_ticket(),
        replace(filled, kind="note" if request.endpoint == "desk.note" else filled.kind, notice=notice),
        422,
    )


def _composed(sent: FormData) -> Filled:
    """What stands in the posted composer."""
    kind: Kind = "note" if sent.get("kind") == "note" else "reply"
    return Filled(
        reply_draft(sent),
        kind,
        _next_state(sent) or "",
        saved_reply=sent.get("saved_reply").replace("\0", ""),
        guide_page=sent.fields.get(FIELD),
        fields=IN_COMPOSER,
    )


def _next_state(sent: FormData) -> NextState | None:
    """How the ticket goes on by the button that was pressed; None where it is none of ours.

    The buttons of a closed ticket say with the same words that it is reopened.
    """
    pressed = sent.get("reopen") or sent.get("then")
    return next((known for known in NEXT_STATES if known == pressed), None)


@blueprint.post("/desk/<reference>/assign")
def assign(reference: str) -> Response:  # noqa: ARG001
    """Assign the ticket to a member of staff, or make it unassigned."""
    sent = form_data()
    email = sent.get("assignee")

    def action() -> None:
        triage.assign(
            web().services, own_account_id(), current_ticket().id, email, web().clock(), seen=seen_event(sent)
        )

    return _done(action, Filled(assignee=email, fields={"assignee": "assignee"}), sent, "assigned")


@blueprint.post("/desk/<reference>/answers")
def correct(reference: str) -> Response:  # noqa: ARG001
    """Correct the chooser's answers; the priority follows from them. Where another question opens, it is asked."""
    sent = form_data()
    policy = policy_of(web().services, current_ticket().policy_version)
    given = {question.id: sent.get(f"answer-{question.id}") for question in policy.questions}
    answers = {name: option for name, option in given.items() if option}

    reason = sent.get("reason")

    def action() -> None:
        services, now = web().services, web().clock()
        triage.correct_answers(
            services, own_account_id(), current_ticket().id, answers, now, seen=seen_event(sent), reason=reason
        )

    filled = Filled(answers=answers, reason=reason, fields={"reason": "reason"})
    return _done(action, filled, sent, "corrected", "priority-heading")


@blueprint.post("/desk/<reference>/close")
def close(reference: str) -> Response:  # noqa: ARG001
    """Close the ticket without a reply, and name the page that should have answered it, where one is typed."""
    sent = form_data()
    page_named = sent.get(FIELD)

    def action() -> None:
        services, now = web().services, web().clock()
        triage.close(services, own_account_id(), current_ticket().id, now, seen=seen_event(sent), guide_page=page_named)

    return _done(action, Filled(guide_page=page_named, fields=NAMING), sent, "closed")


@blueprint.post("/desk/<reference>/guide-page")
def name_page(reference: str) -> Response:  # noqa: ARG001
    """Name the page of the guide that should have answered the ticket, or take it back."""
    sent = form_data()
    page_named = sent.get(FIELD)

    def action() -> None:
        services, now = web().services, web().clock()
        guide_pages.name_page(services, own_account_id(), current_ticket().id, page_named, now, seen=seen_event(sent))

    return _done(action, Filled(guide_page=page_named, fields=NAMING), sent, "named", "end-heading")


@blueprint.post("/desk/<reference>/reopen")
def reopen(reference: str) -> Response:  # noqa: ARG001
    """Open the ticket again without a reply."""
    sent = form_data()

    def action() -> None:
        triage.reopen(web().services, own_account_id(), current_ticket().id, web().clock(), seen=seen_event(sent))

    return _done(action, Filled(), sent, "reopened")


@blueprint.post("/desk/<reference>/merge")
def merge(reference: str) -> Response:  # noqa: ARG001
    """Close the ticket as a duplicate of another of its project."""
    sent = form_data()
    into = sent.get("into")

    def action() -> None:
        triage.merge(web().services, own_account_id(), current_ticket().id, into, web().clock(), seen=seen_event(sent))

    return _done(action, Filled(into=into, fields={"into": "into"}), sent, "merged")


@blueprint.post("/desk/<reference>/move")
def move(reference: str) -> Response:  # noqa: ARG001
    """Move the ticket to another project, with a sentence why that the customer reads."""
    sent = form_data()
    key, reason = sent.get("project"), sent.get("reason")

    def action() -> None:
        services, now = web().services, web().clock()
        moving.move(services, own_account_id(), current_ticket().id, key, now, seen=seen_event(sent), reason=reason)

    filled = Filled(project=key, why_moved=reason, fields={"project": "project", "reason": "why-moved"})
    return _done(action, filled, sent, "moved", "facts-heading")


def _done(action: Callable[[], None], filled: Filled, sent: FormData, said: str, anchor: str | None = None) -> Response:
    """Do it and go back to the ticket's page; where it is refused, the page with everything typed and why."""
    try:
        if "seen" not in sent.fields:
            raise NotSeen
        action()
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return ticket_page(
            triage.staff_ticket(web().services, own_account_id(), current_ticket().reference),
            filled.after(refused),
            reply_form.status_of(refused),
        )
    except OSError as error:
        log_failure(error)
        return ticket_page(current_ticket(), replace(filled, notice=reply_form.NO_STORE.translated()), 503)
    reply_form.drop_sent(filled.message)
    return redirect(url_for("desk.show", reference=current_ticket().reference, said=said, _anchor=anchor), 303)

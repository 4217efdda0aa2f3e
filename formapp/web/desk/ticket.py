"""One ticket at the desk: its page, and what staff do with it. Every act is a form that works without script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from flask import Blueprint, abort, g, request, url_for
from werkzeug.wrappers import Response

from formapp.attachments.service import attachments_of
from formapp.errors import AnswerMissing, ChangedMeanwhile, NotFound, Refused
from formapp.models import Ticket
from formapp.tickets import replies as conversation
from formapp.tickets import triage as desk
from formapp.tickets.queries import policy_of
from formapp.tickets.replies import Then
from formapp.web.body.file_field import file_field
from formapp.web.body.form_data import Posted, posted
from formapp.web.context import web
from formapp.web.desk.ticket_presenter import as_desk_page
from formapp.web.layout.page import page, see_other
from formapp.web.request_log import log_failure
from formapp.web.session_cookie import the_person
from formapp.web.tickets import reply_form as writing
from formapp.web.tickets.attachment_presenter import as_attached
from formapp.web.tickets.conversation_presenter import as_said
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.reply_form import Typed, seen_by, typed

blueprint = Blueprint("desk", __name__)

THENS: tuple[Then, ...] = get_args(Then)
CHANGED = "Not done yet: this ticket has changed"
CHANGES = (("newest", "Newest message"), ("history-heading", "History"))
IN_REPLY = {"body": "reply-body", "files": "reply-files"}
IN_NOTE = {"body": "note-body", "files": "note-files"}
SAID = {
    "reply": "Your reply is sent.",
    "note": "Your note is added.",
    "assigned": "It is saved who has the ticket.",
    "corrected": "The answers are corrected.",
    "closed": "The ticket is closed.",
    "reopened": "The ticket is open again.",
    "merged": "The ticket is merged.",
}


class NotSeen(Refused):
    """A form that doesn't say what its page showed, such as one of another ticket."""

    sentence = "Look at the ticket as it is now, then press the button once more"


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the page's forms: nothing yet, or what was typed.

    ``fields`` says which element of the page shows a use case's field; ``errors`` are sentences by element,
    ``leads`` the elements to look at, with words for each.
    """

    reply: Typed = field(default_factory=Typed)
    note: Typed = field(default_factory=Typed)
    then: str = "open"
    assignee: str | None = None
    into: str = ""
    answers: Mapping[str, str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: Notice | None = None
    leads: tuple[tuple[str, str], ...] = ()

    def after(self, refused: Refused) -> Filled:
        """The same forms with what was refused: at its field, or above them all where it is about the ticket."""
        again = replace(self, reply=self.reply.after(refused), note=self.note.after(refused))
        if isinstance(refused, AnswerMissing):
            lead = (f"answer-{refused.question}", refused.sentence)
            return replace(again, notice=Notice("One more question"), leads=(lead,))
        if refused.field in self.fields:
            return replace(again, errors={self.fields[refused.field]: refused.sentence})
        if isinstance(refused, ChangedMeanwhile):
            text = [(self.fields["body"], "Your text")] if "body" in self.fields else []
            return replace(again, notice=Notice(CHANGED, (refused.sentence,)), leads=(*CHANGES, *text))
        return replace(again, notice=Notice("Not done yet", (refused.sentence,)))


@blueprint.get("/desk/<reference>")
def show(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """One ticket with all that the desk knows of it, for staff."""
    filled = Filled(reply=writing.kept_text("reply"), note=writing.kept_text("note"))
    return _shown(_ticket(), filled, said=SAID.get(request.args.get("said", ""), ""))


@blueprint.post("/desk/<reference>/reply")
def reply(reference: str) -> Response:  # noqa: ARG001
    """Answer the customer, and say how the ticket goes on; a closed one only where it is to be reopened."""
    sent = posted()
    if (again := writing.unsent(sent)) is not None:
        return _shown(_ticket(), Filled(reply=again.form, then=sent.get("then"), notice=again.notice), again.status)
    form = typed(sent)
    then = next((known for known in THENS if known == sent.get("then")), None)

    def act() -> None:
        if then is None:
            raise Refused("Choose how the ticket goes on", "then")
        message, reopen = writing.written(sent, form), bool(sent.get("reopen"))
        services, now = web().services, web().clock()
        conversation.reply_as_staff(services, _me(), _ticket().id, message, then, now, reopen=reopen)

    filled = Filled(reply=form, then=then or "", fields={**IN_REPLY, "then": "then-open"})
    return _done(act, filled, sent, "reply", "newest")


@blueprint.post("/desk/<reference>/note")
def note(reference: str) -> Response:  # noqa: ARG001
    """Add a note that only staff see."""
    sent = posted()
    if (again := writing.unsent(sent)) is not None:
        return _shown(_ticket(), Filled(note=again.form, notice=again.notice), again.status)
    form = typed(sent)

    def act() -> None:
        message = writing.written(sent, form)
        conversation.add_note(web().services, _me(), _ticket().id, message, web().clock())

    return _done(act, Filled(note=form, fields=IN_NOTE), sent, "note", "newest")


def ask_once_more() -> Response:
    """The answer to a text that may not come from a page of ours: the ticket's page with it, for staff."""
    form = typed(posted())
    written = Filled(note=form) if request.endpoint == "desk.note" else Filled(reply=form, then=posted().get("then"))
    return _shown(_ticket(), replace(written, notice=writing.PRESS_AGAIN), 422)


@blueprint.post("/desk/<reference>/assign")
def assign(reference: str) -> Response:  # noqa: ARG001
    """Give the ticket to somebody at the desk, or to nobody."""
    sent = posted()
    email = sent.get("assignee")

    def act() -> None:
        desk.assign(web().services, _me(), _ticket().id, email, web().clock(), seen=seen_by(sent))

    return _done(act, Filled(assignee=email, fields={"assignee": "assignee"}), sent, "assigned")


@blueprint.post("/desk/<reference>/answers")
def correct(reference: str) -> Response:  # noqa: ARG001
    """Correct the chooser's answers; the priority follows from them. Where another question opens, it is asked."""
    sent = posted()
    policy = policy_of(web().services, _ticket().policy_version)
    given = {question.id: sent.get(f"answer-{question.id}") for question in policy.questions}
    answers = {name: option for name, option in given.items() if option}

    def act() -> None:
        desk.correct_answers(web().services, _me(), _ticket().id, answers, web().clock(), seen=seen_by(sent))

    return _done(act, Filled(answers=answers), sent, "corrected", "priority-heading")


@blueprint.post("/desk/<reference>/close")
def close(reference: str) -> Response:  # noqa: ARG001
    """Close the ticket without a reply."""
    sent = posted()

    def act() -> None:
        desk.close(web().services, _me(), _ticket().id, web().clock(), seen=seen_by(sent))

    return _done(act, Filled(), sent, "closed")


@blueprint.post("/desk/<reference>/reopen")
def reopen(reference: str) -> Response:  # noqa: ARG001
    """Open the ticket again without a reply."""
    sent = posted()

    def act() -> None:
        desk.reopen(web().services, _me(), _ticket().id, web().clock(), seen=seen_by(sent))

    return _done(act, Filled(), sent, "reopened")


@blueprint.post("/desk/<reference>/merge")
def merge(reference: str) -> Response:  # noqa: ARG001
    """Close the ticket as a duplicate of another of its project."""
    sent = posted()
    into = sent.get("into")

    def act() -> None:
        desk.merge(web().services, _me(), _ticket().id, into, web().clock(), seen=seen_by(sent))

    return _done(act, Filled(into=into, fields={"into": "into"}), sent, "merged")


def _done(act: Callable[[], None], filled: Filled, sent: Posted, said: str, anchor: str | None = None) -> Response:
    """Do it and go back to the ticket's page; where it is refused, the page with everything typed and why."""
    try:
        if "seen" not in sent.fields:
            raise NotSeen
        act()
    except NotFound:
        abort(404)
    except Refused as refused:
        return _shown(desk.staff_ticket(web().services, _ticket().reference), filled.after(refused), 422)
    except OSError as error:
        log_failure(error)
        return _shown(_ticket(), replace(filled, notice=writing.NO_STORE), 503)
    writing.drop_sent(typed(sent))
    return see_other(url_for("desk.show", reference=_ticket().reference, said=said, _anchor=anchor))


def _shown(ticket: Ticket, filled: Filled, status: int = 200, /, *, said: str = "") -> Response:
    services, now = web().services, web().clock()
    messages = conversation.messages_of(services, ticket.id, with_notes=True)
    files = as_attached(attachments_of(services, ticket.id, with_notes=True), ticket.reference, at_the_desk=True)
    errors = filled.errors
    return page(
        "desk-ticket.html",
        status,
        assets=("support-ticket.css", "support-form.js"),
        arrived=conversation.sent_by(messages, _me()),
        ticket=as_desk_page(services, ticket, now, filled.answers),
        files=files.get(None, ()),
        messages=as_said(messages, files, policy_of(services, ticket.policy_version), now),
        people=desk.people_at_the_desk(services),
        filled=filled,
        reply_files=file_field(filled.reply.files, errors.get("reply-files", ""), "reply"),
        note_files=file_field(filled.note.files, errors.get("note-files", ""), "note"),
        said=said,
    )


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket


def _me() -> int:
    return the_person().account_id

"""The customer's tickets: the list, one ticket, its confirmation, and the form."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, abort, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.attachments.service import attachments_of
from formapp.best_effort import best_effort
from formapp.errors import NotFound, UseCaseError
from formapp.forms import ticket_form
from formapp.incoming_mail import held
from formapp.models import Ticket
from formapp.policies import in_words, policy_of
from formapp.tickets import drafts, follow_up, queries, read_marks, replies, solved
from formapp.tickets.triage import close as close_ticket
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.file_field import file_field
from formapp.web.body.form_data import cleans_photos, form_data
from formapp.web.context import web
from formapp.web.feedback import reason_for_ticket
from formapp.web.layout.page import page
from formapp.web.request_log import log_failure
from formapp.web.session_cookie import Person, current_person, own_account_id, require_person
from formapp.web.tickets import own_search, reply_form, saved_ticket, submit
from formapp.web.tickets.conversation import present_answers_given, present_conversation
from formapp.web.tickets.form_page import (
    Notice,
    form_page,
    no_project_page,
    project_choices,
    project_key,
    unknown_project,
)
from formapp.web.tickets.new_messages import new_messages
from formapp.web.tickets.origin import filed_by, present_reopening
from formapp.web.tickets.page_help import written_from_arguments
from formapp.web.tickets.prefill import prefilled
from formapp.web.tickets.presenters import (
    present_attachments,
    present_confirmation,
    present_list,
    present_messages,
    present_newest,
    present_ticket,
)
from formapp.web.tickets.reply_form import ReplyDraft, reply_draft
from formapp.web.tickets.watchers import present_copy

blueprint = Blueprint("tickets", __name__)

PAGE_SIZE = 50
FIELDS = {"body": "body", "files": "reply-files"}
SAID = {
    "reply": gettext_noop("Your message is sent."),
    "closed": gettext_noop("The ticket is closed."),
    "solved": gettext_noop("Thank you. Support sees your answer."),
    "not-solved": gettext_noop("Thank you. Support sees your answer. The ticket stays closed."),
}
DRAFT_GONE = Notice(
    gettext_noop("Your saved ticket is no longer here"),
    (
        gettext_noop(
            "It is deleted after its time, or when it is sent. It opens only for the address that it was saved with."
        ),
        gettext_noop("If it is not in My tickets, fill in the form again."),
    ),
)


@blueprint.get("/")
def home() -> Response:
    """The desk's front door: the queue for those who work there, for all others the list of their tickets."""
    person = current_person()
    return redirect(url_for("queue.tickets" if person is not None and person.is_staff else "tickets.mine"), 303)


@blueprint.get("/tickets")
def mine() -> Response:
    """The tickets of the signed-in person's projects, a page at a time; or those of a search.

    What waits for the person comes first, then all others, the newest first.
    """
    desk, person = web(), own_account_id()
    if typed := request.args.get("search", "").strip():
        return own_search.searched(typed)
    before = None
    if reference := request.args.get("before", ""):
        try:
            before = queries.ticket_for(desk.services, person, reference)
        except NotFound:
            abort(404)
    waiting = () if before else queries.tickets_of(desk.services, person, waiting=True, most=PAGE_SIZE + 1)
    found = queries.tickets_of(desk.services, person, waiting=False, before=before, most=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return page(
        "tickets.html",
        assets=("support-desk.css",),
        waiting=present_list(desk.services, person, waiting[:PAGE_SIZE], desk.clock()),
        more_waiting=url_for("tickets.mine", search="status:waiting") if len(waiting) > PAGE_SIZE else "",
        tickets=present_list(desk.services, person, shown, desk.clock()),
        first_page=url_for("tickets.mine") if before else "",
        typed="",
        error="",
        state="any",
        next_page=url_for("tickets.mine", before=shown[-1].reference) if len(found) > PAGE_SIZE else "",
    )


@blueprint.get("/tickets/new")
def new() -> Response:
    """The form, filled with what the address or a saved draft says; open to everybody."""
    desk = web()
    person = current_person()
    if person is None and request.args.get("draft"):
        session["said"] = _("Sign in to open what you saved.")
        return redirect(url_for("signin.ask", next=request.full_path), 303)
    values, notice = _first_values(person)
    choices = project_choices(person, values)
    if choices is not None and not choices:
        return no_project_page(values, values.get("files", "").split())
    if choices and "draft" in values:
        saved = saved_ticket.saved_form(values, choices)
        missing = [(one.element, one.sentence) for one in saved_ticket.missing_in(saved)]
        if values["project"].strip() and saved.project.data not in dict(choices):
            saved.project.errors = [unknown_project(values["project"])]
        return form_page(saved, person, notice=notice, missing=missing)
    reply_draft = values["project"]
    if choices:
        values["project"] = project_key(reply_draft, choices)
    form = ticket_form(in_words(desk.services.policy), projects=choices, values=values)
    if choices and reply_draft.strip() and values["project"] not in dict(choices):
        form.project.errors = [unknown_project(reply_draft)]
    return form_page(form, person, notice=notice)


def _first_values(person: Person | None) -> tuple[dict[str, str], Notice | None]:
    """What the form begins with: a saved draft's fields, else what the address names."""
    desk = web()
    arguments = request.args
    values, ignored = prefilled(arguments)
    values["written_from"] = written_from_arguments(arguments)
    if (feedback := reason_for_ticket(arguments.get("feedback", ""))) is not None:
        values |= {"page": feedback.page, "description": feedback.because}
    draft = arguments.get("draft", "")
    if not draft or person is None:
        return values, ignored
    saved = drafts.draft_fields(desk.services, person.account_id, draft, desk.clock())
    return (values, DRAFT_GONE.translated()) if saved is None else ({**values, **saved, "draft": draft}, None)


@blueprint.post("/tickets")
def create() -> Response:
    """File a ticket; open to everybody, because a signed-out form is saved while its sender signs in."""
    return submit.submit()


@blueprint.get("/tickets/<reference>")
def show(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """One ticket with its conversation, for the members of its project."""
    return _shown(
        _ticket(),
        reply_form.saved_draft("reply"),
        said=_(SAID[said]) if (said := request.args.get("said")) in SAID else "",
        objects="objection" in request.args,
    )


@blueprint.get("/tickets/<reference>/new-messages")
def newer(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """Whether there are messages that an open page doesn't show yet, for the members of its project."""
    return new_messages(_ticket().id, with_notes=False)


@blueprint.post("/tickets/<reference>/reply")
def reply(reference: str) -> Response:
    """Add a member's reply, to a closed ticket only where it is to be reopened; the same form twice adds one."""
    sent, ticket = form_data(), _ticket()
    form, desk, objects = reply_draft(sent), web(), bool(sent.get("objects"))
    if (again := reply_form.unsent(sent)) is not None:
        return _shown(ticket, again.form, again.status, notice=again.notice, objects=objects)
    if sent.get("follow"):
        return saved_ticket.continued(require_person(), ticket, form)
    try:
        message = reply_form.message_input(sent, form)
        account, reopen = own_account_id(), bool(sent.get("reopen"))
        most = desk.limits.messages_an_hour
        replies.reply_as_customer(
            desk.services,
            account,
            ticket.id,
            message,
            desk.clock(),
            reopen=reopen,
            objects=objects,
            most_an_hour=most,
        )
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        status = reply_form.status_of(refused)
        errors = {FIELDS.get(refused.field, "body"): refused.message}
        return _shown(ticket, form.after(refused), status, errors=errors, objects=objects)
    except OSError as error:
        log_failure(error)
        return _shown(ticket, form, 503, notice=reply_form.NO_STORE.translated(), objects=objects)
    reply_form.drop_sent(form)
    return redirect(url_for("tickets.show", reference=reference, said="reply", _anchor="newest"), 303)


def unsent_reply(notice: Notice) -> Response:
    """A reply that is not sent yet: the ticket's page with it, and why, for a member."""
    sent = form_data()
    return _shown(_ticket(), reply_draft(sent), 422, notice=notice, objects=bool(sent.get("objects")))


@blueprint.post("/tickets/<reference>/close")
def close(reference: str) -> Response:
    """Close a ticket, for the members of its project; a closed one stays as it is."""
    desk = web()
    try:
        close_ticket(desk.services, own_account_id(), _ticket().id, desk.clock())
    except NotFound:
        abort(404)
    return redirect(url_for("tickets.show", reference=reference, said="closed", _anchor="conversation-heading"), 303)


@blueprint.get("/tickets/<reference>/sent")
def sent(reference: str) -> Response:  # noqa: ARG001 - the table's check has loaded it
    """The confirmation of a filed ticket, for the members of its project; it can be reloaded for ever."""
    desk, ticket = web(), _ticket()
    # Tells the browser that sent it, and no colleague's, which draft has arrived.
    arrived = ticket.submission if ticket.account_id == own_account_id() else ""
    return page("sent.html", ticket=present_confirmation(desk.services, ticket), arrived=arrived)


def _shown(
    ticket: Ticket,
    form: ReplyDraft,
    status: int = 200,
    /,
    *,
    errors: Mapping[str, str] | None = None,
    notice: Notice | None = None,
    said: str = "",
    objects: bool = False,
) -> Response:
    """A ticket's page with this text in its reply box; one that ``objects`` is about a change that isn't right."""
    desk = web()
    services, now, reader = desk.services, desk.clock(), own_account_id()
    if errors:
        # It may have been closed or merged since this request began.
        ticket = queries.ticket_for(services, reader, ticket.reference)
    policy, events = in_words(policy_of(services, ticket.policy_version)), queries.events_of(services, ticket.id)
    messages = replies.messages_of(services, ticket.id, with_notes=False)
    files = present_attachments(attachments_of(services, ticket.id, with_notes=False), ticket.reference, to_staff=False)
    newest_number = messages[-1].id if messages else 0
    with best_effort("mark what was read"):
        read_marks.mark_read(services, reader, ticket.id, newest_number)
    return page(
        "ticket.html",
        status,
        assets=("support-ticket.css", "support-form.js", "support-news.js"),
        arrived=replies.sent_by(messages, reader),
        ticket=present_ticket(services, ticket, now),
        reopening=present_reopening(services, ticket, now),
        linked=follow_up.follow_ups(services, own_account_id(), ticket),
        filed_by=filed_by(services, ticket, events),
        files=files.get(None, ()),
        newest=present_newest(messages, policy),
        newest_number=newest_number,
        messages=present_conversation(
            services, events, present_messages(messages, files, held.mails_of(services, ticket.id), policy), policy
        ),
        answers=present_answers_given(policy, ticket.answers, events),
        objects=objects,
        copy=present_copy(services, ticket, at_the_desk=False),
        answered=next((one for one in solved.answers_of(services, ticket.id) if one.account_id == reader), None),
        reply=form,
        reply_files=file_field(form.files, (errors or {}).get("reply-files", ""), "reply", clean=cleans_photos()),
        errors=errors or {},
        notice=notice,
        said=said,
    )


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket

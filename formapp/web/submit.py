"""POST /tickets: from a posted form to a stored ticket, or back to the form with every character kept."""

from __future__ import annotations

from datetime import datetime

from flask import redirect, request, url_for
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.wrappers import Response

from formapp import drafts, signin, tickets
from formapp.errors import DraftTooLarge, Refused, SubmissionReused
from formapp.forms import TicketForm
from formapp.tickets import TicketInput
from formapp.web.context import web
from formapp.web.identity import Person, signed_in
from formapp.web.posted import Posted, posted
from formapp.web.requestlog import log_failure
from formapp.web.signin import mailed_to
from formapp.web.ticketform import (
    Notice,
    add_error,
    answers_in,
    filled_form,
    form_page,
    is_whole,
    new_submission,
    no_project_page,
    project_choices,
    recommended,
)

PRESS_AGAIN = Notice(
    "Press Send once more",
    (
        "We couldn't see that this form came from our own page, so nothing was sent yet.",
        "All you typed is below. If it is what you want to send, press Send ticket once more.",
    ),
)
TOO_MANY_TICKETS = Notice(
    "Not sent yet: too many tickets within an hour",
    ("All you typed is below. Wait a while, then press Send ticket again.",),
)
TOO_MANY_LINKS = Notice(
    "Not sent yet: too many sign-in links in a short time",
    ("All you typed is below. Use the newest link that we sent you, or wait 15 minutes and press Send ticket again.",),
)
NO_DATABASE = Notice(
    "Not sent yet: we can't reach our records just now",
    ("All you typed is below. Wait a minute, then press Send ticket again.",),
)
TOO_LARGE = Notice(
    "Not sent yet: this is too much text", ("All you typed is below. Shorten it, then press Send ticket again.",)
)
ANSWERS_GONE = Notice(
    "No priority chosen yet",
    ("These answers no longer lead to a priority. All you typed is below. Choose a priority from the list.",),
)
KEPT_FIELDS = ("project", "subject", "url", "description", "priority", "answers", "submission", "page")


def submit() -> Response:
    """File the posted ticket; signed out, keep it and send a sign-in link."""
    sent = posted()
    try:
        if sent.get("use_answers"):
            return _with_recommendation(sent)
        person = signed_in()
        return _file(sent, person) if person else _keep_and_send_link(sent)
    except (DBAPIError, PoolTimeout) as error:
        log_failure(error)
        return _without_database(sent)


def ask_once_more() -> Response:
    """The answer to a form that may not come from a page of ours: the form, filled, with a token."""
    sent = posted()
    try:
        if sent.get("use_answers"):
            return _with_recommendation(sent)
        return _shown(sent, 422, PRESS_AGAIN)
    except (DBAPIError, PoolTimeout) as error:
        log_failure(error)
        return _without_database(sent)


def _shown(sent: Posted, status: int = 200, notice: Notice | None = None) -> Response:
    person = signed_in()
    choices = project_choices(person)
    if choices is not None and not choices:
        return no_project_page(sent.fields)
    return form_page(filled_form(sent, choices), person, status, notice=notice)


def _file(sent: Posted, person: Person) -> Response:
    """File the ticket; only where that fails are the person's projects looked up, to show the form again."""
    now = web().clock()
    key = sent.get("project")
    form = filled_form(sent, [(key, key)])
    if key and is_whole(form, sent) and web().limits.may_file(person.account_id, now):
        try:
            return _filed(form, person, now)
        except Refused:
            pass
    return _file_with_care(sent, person, now)


def _file_with_care(sent: Posted, person: Person, now: datetime) -> Response:
    """File what was posted with a project's name, or show the form with what can't be filed."""
    choices = project_choices(person)
    if not choices:
        return no_project_page(sent.fields)
    form = filled_form(sent, choices)
    if not is_whole(form, sent):
        return form_page(form, person, 422)
    if not web().limits.may_file(person.account_id, now):
        return form_page(form, person, 429, notice=TOO_MANY_TICKETS)
    try:
        return _filed(form, person, now)
    except SubmissionReused as used:
        return _already_sent(form, person, used)
    except Refused as refused:
        notice = add_error(form, refused.field, refused.sentence)
        return form_page(form, person, 422, notice=notice)


def _filed(form: TicketForm, person: Person, now: datetime) -> Response:
    services = web().services
    filed = tickets.create_ticket(services, person.account_id, _input(form), now)
    if form.draft.data:
        drafts.drop_draft(services, form.draft.data)
    return redirect(url_for("tickets.sent", reference=filed.ticket.reference), 303)


def _keep_and_send_link(sent: Posted) -> Response:
    desk = web()
    form = filled_form(sent, None)
    if not is_whole(form, sent):
        return form_page(form, None, 422)
    email = form.email.data
    if not desk.limits.may_ask_for_link(email, request.remote_addr or ""):
        return form_page(form, None, 429, notice=TOO_MANY_LINKS)
    fields = {name: form[name].data or "" for name in KEPT_FIELDS}
    try:
        token = drafts.keep_draft(desk.services, fields, desk.clock())
    except DraftTooLarge:
        return form_page(form, None, 422, notice=TOO_LARGE)
    signin.request_link(desk.services, email, desk.clock(), draft_token=token)
    return mailed_to(email, kept=True)


def _with_recommendation(sent: Posted) -> Response:
    """The form with the priority that the chooser's answers lead to; nothing else changes, nothing is sent."""
    answers = sent.get("use_answers")
    priority = recommended(web().services.policy, answers)
    fields = sent.fields.copy()
    if not priority:
        return _shown(sent, 422, ANSWERS_GONE)
    fields["priority"], fields["answers"] = priority, answers
    label = web().services.policy.priority(priority).label
    return _shown(Posted(fields, sent.broken), notice=Notice(f"{label} is chosen", ("It follows from your answers.",)))


def _already_sent(form: TicketForm, person: Person, used: SubmissionReused) -> Response:
    """The form with its other text and an id of its own: one more press files it as a new ticket."""
    form.submission.data = new_submission()
    notice = Notice(
        used.sentence,
        (
            "Since then the text has changed; it is below and was not sent.",
            "If it is about something else, press Send ticket: it becomes a ticket of its own.",
        ),
        used.reference,
    )
    return form_page(form, person, 422, notice=notice)


def _without_database(sent: Posted) -> Response:
    """The form as it was sent, made without asking the database for anything."""
    key = sent.get("project")
    # The names of the person's projects are out of reach; the chosen one is kept by its key.
    choices = None if "email" in sent.fields else [(key, key)]
    answer = form_page(filled_form(sent, choices), None, 503, notice=NO_DATABASE)
    answer.headers["Retry-After"] = "60"
    return answer


def _input(form: TicketForm) -> TicketInput:
    return TicketInput(
        project=form.project.data,
        subject=form.subject.data,
        url=form.url.data or "",
        description=form.description.data,
        priority=form.priority.data,
        answers=answers_in(form.answers.data or ""),
        submission=form.submission.data or "",
        page=form.page.data or "",
    )

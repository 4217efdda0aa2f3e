"""A form that has sent a ticket before and says something else now: that joins the ticket, or is a new one."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, SubmissionReused, TooManyMessages, UseCaseError
from formapp.form_fields import as_text, given_answers
from formapp.forms import TicketForm, answers_in
from formapp.models import Ticket
from formapp.tickets import drafts, queries, replies
from formapp.tickets.replies import MessageInput
from formapp.translation import gettext as _
from formapp.web.body.form_data import FormData
from formapp.web.context import web
from formapp.web.session_cookie import Person
from formapp.web.tickets.for_customer import customer_of
from formapp.web.tickets.form_page import (
    Notice,
    add_error,
    filled_form,
    form_page,
    is_whole,
    new_submission,
    project_choices,
)


def drop_draft(form: TicketForm, person: Person) -> None:
    """Forget the saved form that this one was opened from, which is sent now."""
    if form.carried.draft:
        drafts.drop_draft(web().services, person.account_id, form.carried.draft)


def add_to(sent: FormData, person: Person) -> Response:
    """Add what was typed, with its files, to a ticket that this form has sent before."""
    services, reference = web().services, sent.get("add_to")
    form = filled_form(sent, project_choices(person, sent.fields) or ())
    try:
        ticket = queries.ticket_for(services, person.account_id, reference)
    except NotFound as missing:
        return form_page(form, person, 422, notice=Notice(missing.message))
    notice = _sent_before(reference)
    if is_whole(form, sent):
        message = MessageInput(_as_reply(form, ticket), form.carried.submission, files=form.files.data)
        try:
            most = web().limits.messages_an_hour
            replies.reply_as_customer(
                services, person.account_id, ticket.id, message, web().clock(), reopen=True, most_an_hour=most
            )
        except TooManyMessages as refused:
            return form_page(
                form, person, 429, notice=Notice(" ".join((_("Not sent yet."), refused.message)), reference=reference)
            )
        except UseCaseError as refused:
            field = "description" if refused.field == "body" else refused.field
            notice = add_error(form, field, refused.message) or notice
        else:
            drop_draft(form, person)
            return redirect(url_for("tickets.show", reference=reference, _anchor="newest"), 303)
    return form_page(form, person, sent.status, notice=notice)


def _as_reply(form: TicketForm, ticket: Ticket) -> str:
    """What was typed as one message: the subject and the URL only where they are new."""
    subject, url = form.subject.data or "", form.url.data or ""
    given = (
        given_answers(form.definition, form.own_values, answers_in(form.carried.answers), None)
        if form.definition
        else ()
    )
    own = as_text([one.stored() for one in given])
    parts = [subject if subject != ticket.subject else "", url if url != ticket.url else "", own, form.description.data]
    return "\n\n".join(part for part in parts if part)


def already_sent(form: TicketForm, person: Person, used: SubmissionReused) -> Response:
    """The form with its other text and an id of its own: one more press adds it, or files it as a new ticket."""
    form.carried.submission = new_submission()
    if customer_of(form.carried.customer, person) is not None:
        sentence = _("Since then the text has changed. Press Send ticket to send it as a new ticket.")
        return form_page(form, person, 422, notice=Notice(used.message, (sentence,)))
    return form_page(form, person, 422, notice=_sent_before(used.reference))


def _sent_before(reference: str) -> Notice:
    sentences = (
        _("Since then the text has changed; it is below and was not sent."),
        _(
            "If it belongs to %(reference)s, add it there. "
            "If it is about something else, press Send ticket to send it as a new ticket.",
            reference=reference,
        ),
    )
    return Notice(SubmissionReused(reference).message, sentences, reference)

"""POST /tickets: from a posted form to a stored ticket, or back to the form with every character in it."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime

from flask import redirect, url_for
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.wrappers import Response

from formapp.accounts import magic_links
from formapp.accounts.accounts import find_account_by_email
from formapp.errors import (
    DraftTooLarge,
    SubmissionReused,
    TooManyTickets,
    UnknownProject,
    UseCaseError,
)
from formapp.forms import TicketForm, answers_in
from formapp.policies import in_words
from formapp.tickets import create, drafts
from formapp.tickets.ticket_input import TicketInput
from formapp.tickets.written_from import written_from_in
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web import form_owner
from formapp.web.audit_origin import place
from formapp.web.body.file_field import discard_file, staged_for_form
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import client_network, web
from formapp.web.language import known_language
from formapp.web.mailed_link import mailed_to
from formapp.web.request_log import log_failure
from formapp.web.session_cookie import Person, current_person
from formapp.web.tickets.for_customer import customer_of, is_for_nobody
from formapp.web.tickets.form_page import (
    Notice,
    add_error,
    filled_form,
    form_page,
    is_whole,
    no_project_page,
    project_choices,
    recommended,
)
from formapp.web.tickets.page_help import pages_shown_in, with_referring_page
from formapp.web.tickets.reused_submission import add_to, already_sent, drop_draft
from formapp.widgets import promised
from supportpolicy.languages import current_language

PRESS_AGAIN = Notice(
    gettext_noop("Press Send ticket once more"),
    (
        gettext_noop("We couldn't tell whether this form came from our own page, so it is not sent yet."),
        gettext_noop("Everything you typed is below. To send it, press the button again."),
    ),
)
TOO_MANY_TICKETS = Notice(
    gettext_noop("Not sent yet: too many tickets within an hour"),
    (gettext_noop("Everything you typed is below. Wait a while, then press Send ticket again."),),
)
TOO_MANY_LINKS = Notice(
    gettext_noop("Not sent yet: too many sign-in links in a short time"),
    (
        gettext_noop(
            "Everything you typed is below. Use our newest link, or wait 15 minutes and press Send ticket again."
        ),
    ),
)
NO_DATABASE = Notice(
    gettext_noop("Not sent yet: we can't reach our records right now"),
    (gettext_noop("Everything you typed is below. Wait a minute, then press Send ticket again."),),
)
TOO_LARGE = Notice(
    gettext_noop("Not sent yet: this is too much text"),
    (gettext_noop("Everything you typed is below. Shorten it, then press Send ticket again."),),
)
NOT_ALL_CAME = Notice(
    gettext_noop("Not sent yet: this is more than the form accepts"),
    (
        gettext_noop(
            "What reached us is below. The end is missing. To get back everything you typed, press Back in your "
            "browser."
        ),
        gettext_noop("Shorten the text, or choose smaller files, then press Send ticket again."),
    ),
)
NO_STORE = Notice(
    gettext_noop("Not sent yet: we can't reach our file store right now"),
    (
        gettext_noop(
            "Everything you typed is below. Remove the files and press Send ticket, or wait a minute and send them "
            "with it."
        ),
    ),
)
FORM_GONE = Notice(
    gettext_noop("Not sent yet: this form no longer exists"),
    (
        gettext_noop(
            "What you typed is below, in the form for a ticket. Check it, choose a priority, then press Send ticket."
        ),
    ),
)
ANSWERS_GONE = Notice(
    gettext_noop("No priority chosen yet"),
    (
        gettext_noop(
            "These answers no longer lead to a priority. Everything you typed is below. Choose a priority from the "
            "list."
        ),
    ),
)
DRAFT_FIELDS = ("project", "subject", "url", "description", "priority")


def submit() -> Response:
    """File the posted ticket; signed out, save it and send a sign-in link."""
    sent = with_referring_page(form_data())
    try:
        if (unsent := _not_to_be_sent(sent)) is not None:
            return unsent
        person = current_person()
        if person is not None and not _is_theirs(sent, person):
            return _shown(sent, 422, _made_for_somebody_else(sent, person))
        if person is not None and sent.get("add_to"):
            return add_to(sent, person)
        return _file(sent, person) if person else _save_and_send_link(sent)
    except (DBAPIError, PoolTimeout) as error:
        log_failure(error)
        return _without_database(sent, NO_DATABASE.translated())
    except OSError as error:
        log_failure(error)
        return _without_database(sent, NO_STORE.translated())


def ask_once_more() -> Response:
    """The answer to a form that may not come from a page of ours: the form, filled, with a token."""
    sent = with_referring_page(form_data())
    try:
        return _not_to_be_sent(sent) or _shown(sent, 422, PRESS_AGAIN.translated())
    except (DBAPIError, PoolTimeout) as error:
        log_failure(error)
        return _without_database(sent, NO_DATABASE.translated())


def _is_theirs(sent: FormData, person: Person) -> bool:
    mark = sent.get(form_owner.FIELD)
    return form_owner.is_made_for(mark, person) if mark else form_owner.guest_form_is_of(sent.get("email"), person)


def _made_for_somebody_else(sent: FormData, person: Person) -> Notice:
    whose = form_owner.whose(sent.get(form_owner.FIELD), person, sent.get("email"))
    return Notice(
        _("Press Send ticket once more to send it as %(name)s", name=form_owner.words_for(person)),
        (" ".join((whose, _("So it is not sent yet. Everything you typed is below."))),),
    )


def _not_to_be_sent(sent: FormData) -> Response | None:
    """The form again where another of its buttons was pressed, or where not all of it came; else None."""
    if sent.truncated:
        return _shown(sent, 413, NOT_ALL_CAME.translated())
    if sent.get("remove_file"):
        return _without_file(sent)
    if sent.get("use_answers"):
        return _with_recommendation(sent)
    policy = web().services.policy
    form = policy.form_named(sent.get("form"))
    if sent.get("form") and form is None:
        return _shown(sent, 422, FORM_GONE.translated())
    priority = form.priority if form is not None and form.priority else sent.get("priority")
    if promised.has_changed(policy, sent.get("promised"), priority):
        return _shown(sent, 422, _promise_changed(in_words(policy).priority(priority).label))
    return None


def _promise_changed(label: str) -> Notice:
    """The page that the form was on is older than the policy; its reader hasn't seen what holds now."""
    return Notice(
        _("Press Send ticket once more: our promise for %(priority)s has changed", priority=label),
        (_("What stands beside each priority counts today. Everything you typed is below, and it is not sent yet."),),
    )


def _shown(sent: FormData, status: int = 200, notice: Notice | None = None) -> Response:
    person = current_person()
    choices = project_choices(person, sent.fields)
    if choices is not None and not choices:
        return no_project_page(sent.fields, sent.files)
    return form_page(filled_form(sent, choices), person, status, notice=notice)


def _file(sent: FormData, person: Person) -> Response:
    """File the ticket; only where that fails are the person's projects looked up, to show the form again."""
    now = web().clock()
    key = sent.get("project")
    form = filled_form(sent, [(key, key)])
    if key and is_whole(form, sent):
        try:
            return filed(form, person, now)
        except UseCaseError:
            pass
    return _file_with_care(sent, person, now)


def _file_with_care(sent: FormData, person: Person, now: datetime) -> Response:
    """File what was posted with a project's name, or show the form with what can't be filed."""
    choices = project_choices(person, sent.fields)
    if not choices:
        return no_project_page(sent.fields, sent.files)
    form = filled_form(sent, choices)
    if not is_whole(form, sent):
        return form_page(form, person, sent.status)
    try:
        return filed(form, person, now)
    except TooManyTickets:
        return form_page(form, person, 429, notice=TOO_MANY_TICKETS.translated())
    except SubmissionReused as used:
        return already_sent(form, person, used)
    except UseCaseError as refused:
        notice = add_error(form, refused.field, refused.message)
        return form_page(form, person, 422, notice=notice)


def filed(form: TicketForm, person: Person, now: datetime) -> Response:
    """File a form that is whole, and go to its confirmation. Raises what the use case does."""
    desk = web()
    most = desk.limits.tickets_an_hour
    customer = customer_of(form.carried.customer, person)
    if customer is None and is_for_nobody(form.carried.customer, person):
        raise UnknownProject
    if customer is not None:
        stored = create.create_ticket(desk.services, customer.account_id, _input(form), now, filed_by=person.account_id)
        return redirect(url_for("desk.show", reference=stored.ticket.reference, said="filed"), 303)
    stored = create.create_ticket(desk.services, person.account_id, _input(form), now, most_an_hour=most)
    drop_draft(form, person)
    return redirect(url_for("tickets.sent", reference=stored.ticket.reference), 303)


def _save_and_send_link(sent: FormData) -> Response:
    desk = web()
    form = filled_form(sent, None)
    if not is_whole(form, sent):
        return form_page(form, None, sent.status)
    email = form["email"].data
    if not desk.limits.may_ask_for_link(email, client_network()):
        return form_page(form, None, 429, notice=TOO_MANY_LINKS.translated())
    carried = {name: said for name, said in asdict(form.carried).items() if name != "draft"}
    fields = {name: form[name].data or "" for name in (*DRAFT_FIELDS, *form.own)}
    fields |= {**carried, "files": " ".join(form.files.data)}
    account = find_account_by_email(desk.services, email)
    if account is None:
        fields["email"] = email
    try:
        token = drafts.save_draft(desk.services, account.id if account else None, fields, desk.clock())
    except DraftTooLarge:
        return form_page(form, None, 422, notice=TOO_LARGE.translated())
    language = known_language(form.carried.language) or current_language()
    magic_links.request_link(desk.services, email, desk.clock(), draft_token=token, place=place(), language=language)
    return mailed_to(email, saved=True)


def _with_recommendation(sent: FormData) -> Response:
    """The form with the priority that the chooser's answers lead to; nothing else changes, nothing is sent."""
    answers = sent.get("use_answers")
    priority = recommended(web().services.policy, answers)
    fields = sent.fields.copy()
    if not priority:
        return _shown(sent, 422, ANSWERS_GONE.translated())
    fields["priority"], fields["answers"] = priority, answers
    label = in_words(web().services.policy).priority(priority).label
    notice = Notice(_("%(priority)s is chosen", priority=label), (_("It follows from your answers."),))
    return _shown(replace(sent, fields=fields), notice=notice)


def _without_file(sent: FormData) -> Response:
    """The form without one of its files, which is forgotten; nothing else changes, nothing is sent."""
    token = sent.get("remove_file")
    names = [file.name for file in staged_for_form([token])]
    discard_file(token)
    fields = sent.fields.copy()
    fields.setlist("file", [other for other in sent.files if other != token])
    notice = None
    if names:
        notice = Notice(_("%(name)s is removed", name=names[0]), (_("It will not be sent with the ticket."),))
    return _shown(replace(sent, fields=fields), sent.status if sent.refused else 200, notice)


def _without_database(sent: FormData, notice: Notice) -> Response:
    """The form as it was sent, made without asking the database for anything."""
    key = sent.get("project")
    # The names of the person's projects are out of reach; the chosen one is kept by its key.
    choices = None if "email" in sent.fields else [(key, key)]
    answer = form_page(filled_form(sent, choices), None, 503, notice=notice, mark=sent.get(form_owner.FIELD))
    answer.headers["Retry-After"] = "60"
    return answer


def _input(form: TicketForm) -> TicketInput:
    return TicketInput(
        project=form.project.data,
        subject=form.subject.data,
        url=form.url.data or "",
        description=form.description.data or "",
        priority=form.priority.data,
        answers=answers_in(form.carried.answers),
        submission=form.carried.submission,
        page=form.carried.page,
        written_from=written_from_in(form.carried.written_from),
        pages_shown=pages_shown_in(form.carried.pages_shown),
        language=known_language(form.carried.language),
        files=form.files.data,
        follows=form.carried.follows,
        form=form.carried.form,
        values=form.own_values,
    )

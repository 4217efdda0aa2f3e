"""Received mail for people at the desk: what became of each, and what waits for a decision."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, make_response, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts.projects import every_project
from formapp.errors import NotFound, UseCaseError
from formapp.incoming_mail import held
from formapp.incoming_mail.held import MailFacts
from formapp.incoming_mail.outcomes import MailOutcome
from formapp.models import reference_of
from formapp.policies import in_words
from formapp.translation import gettext as _
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.desk.mail_presenter import present_content, present_form_fields, present_mail
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("mail", __name__)

PAGE_SIZE = 50


@blueprint.get("/desk/mail")
def mails() -> Response:
    """What was held, the newest first, or all mail; for people at the desk."""
    desk, key, everything = web(), request.args.get("before", ""), request.args.get("show", "") == "all"
    before = row_number(key) if key else None
    found = held.mails(desk.services, own_account_id(), held=not everything, before=before, most=PAGE_SIZE + 1)
    show = "all" if everything else None
    return page(
        "incoming-mails.html",
        assets=("support-desk.css",),
        mails=[present_mail(one) for one in found[:PAGE_SIZE]],
        everything=everything,
        address=desk.services.settings.incoming_address,
        first_page=url_for("mail.mails", show=show) if before else "",
        next_page=url_for("mail.mails", before=found[PAGE_SIZE - 1].mail.id, show=show)
        if len(found) > PAGE_SIZE
        else "",
        said=str(session.pop("said", "")),
    )


@blueprint.get("/desk/mail/<number>")
def one_mail(number: str) -> Response:
    """One mail with all that it says; for people at the desk."""
    return _mail_page(_facts(number))


@blueprint.get("/desk/mail/<number>/whole")
def whole(number: str) -> Response:
    """The message as it was received, to be saved; for people at the desk."""
    facts = _facts(number)
    if facts.mail.raw is None:
        abort(404)
    answer = make_response(facts.mail.raw)
    answer.content_type = "message/rfc822"
    answer.headers["Content-Disposition"] = f'attachment; filename="mail-{facts.mail.id}.eml"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@blueprint.post("/desk/mail/<number>/accept")
def accept(number: str) -> Response:
    """Take a held mail as its sender's; for people at the desk."""
    project = form_data().get("project") or ""
    return _decided(
        number,
        lambda mail: _said(held.accept(web().services, own_account_id(), mail, web().clock(), project_key=project)),
    )


@blueprint.post("/desk/mail/<number>/spam")
def spam(number: str) -> Response:
    """Set a held mail aside; for people at the desk."""

    def set_aside(mail: int) -> str:
        held.mark_as_spam(web().services, own_account_id(), mail, web().clock())
        return _("The mail is marked as spam. It stays under All mail.")

    return _decided(number, set_aside)


@blueprint.post("/desk/mail/<number>/not-spam")
def hold_again(number: str) -> Response:
    """Take a mail out of spam, to decide about it anew; for people at the desk."""

    def take_back(mail: int) -> str:
        held.hold_again(web().services, own_account_id(), mail, web().clock())
        return _("The mail is no longer marked as spam. It waits here for you.")

    return _decided(number, take_back)


def _decided(number: str, decide: Callable[[int], str]) -> Response:
    """Decide about a mail and go back to the list with what that says; where it is refused, the mail and why."""
    try:
        session["said"] = decide(_facts(number).mail.id)
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return _mail_page(_facts(number), error=refused.message)
    return redirect(url_for("mail.mails"), 303)


def _facts(number: str) -> MailFacts:
    try:
        return held.mail_numbered(web().services, own_account_id(), row_number(number))
    except NotFound:
        abort(404)


def _said(outcome: MailOutcome) -> str:
    if outcome.ticket_id is not None and outcome.state == "added":
        return _("The mail is added to %(reference)s.", reference=reference_of(outcome.ticket_id))
    return _("The sender gets a link to the filled form, where project and priority are chosen.")


def _mail_page(facts: MailFacts, *, error: str = "") -> Response:
    content = held.content_of(facts.mail)
    return page(
        "incoming-mail.html",
        422 if error else 200,
        assets=("support-desk.css", "support-ticket.css"),
        mail=present_mail(facts),
        form_fields=present_form_fields(facts, in_words(web().services.policy)),
        content=present_content(content) if content else None,
        projects=[]
        if facts.project_key
        else [(one.key, one.name) for one in every_project(web().services) if one.is_active],
        error=error,
    )

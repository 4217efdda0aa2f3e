"""Choosing which mails one gets, on the account page."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, session, url_for
from werkzeug.wrappers import Response

from formapp.accounts import mail_preferences
from formapp.accounts.mail_preferences import STAFF_MAILS
from formapp.errors import UseCaseError
from formapp.translation import gettext as _
from formapp.web.account.settings import settings_page
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.session_cookie import own_account_id

blueprint = Blueprint("mails", __name__)


@blueprint.post("/account/mails")
def choose() -> Response:
    """Let the signed-in person get the chosen mails from now on."""
    services, number, sent = web().services, own_account_id(), form_data()
    customer_mails = sent.get("customer_mails")
    staff_mails = frozenset(name for name in STAFF_MAILS if sent.get(name))
    try:
        mail_preferences.choose_mails(services, number, customer_mails, staff_mails)
    except UseCaseError as refused:
        offered = mail_preferences.mail_choices(services, number)
        typed = replace(offered, customer_mails=customer_mails, staff_mails=staff_mails)
        return settings_page(422, errors={refused.field: refused.message}, typed=typed)
    session["said"] = _("Your choice of mails is saved.")
    return redirect(url_for("account.settings"), 303)

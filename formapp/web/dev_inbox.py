"""The development inbox: mails as they would be sent, on a desk for trying out without a mail server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from formapp.models import OutboxMessage
from formapp.notifications import outbox
from formapp.notifications.email.compose import compose
from formapp.notifications.email.message import CannotBuild, Mail, build
from formapp.policies import policy_of
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.row_number import row_number

blueprint = Blueprint("inbox", __name__)
SENT_LINK = gettext_noop("Its link was taken out when it was sent.")


@dataclass(frozen=True, slots=True)
class ShownMail:
    """One mail as the inbox shows it."""

    number: int
    recipient: str
    subject: str
    text: str
    written: datetime


@blueprint.get("/inbox")
def messages() -> Response:
    """The newest mails; open to everybody, and 404 on a desk that is public or has a mail server."""
    _only_for_trying_out()
    return page("inbox.html", messages=[_shown(row) for row in outbox.latest_mails(web().services)])


@blueprint.get("/inbox/<number>")
def message(number: str) -> Response:
    """One mail; open to everybody, and 404 on a desk that is public or has a mail server."""
    _only_for_trying_out()
    row = outbox.mail_numbered(web().services, row_number(number))
    if row is None or row.channel != "mail":
        abort(404)
    return page("mail.html", message=_shown(row))


def _only_for_trying_out() -> None:
    if not web().services.settings.shows_mails:
        abort(404)


def _shown(row: OutboxMessage) -> ShownMail:
    mail = _mail(row)
    if mail is None:
        why = _(SENT_LINK) if row.state == "sent" and row.kind == "link" else row.last_error
        return ShownMail(row.id, row.recipient, _("(can't be built)"), why, row.created_at)
    return ShownMail(row.id, row.recipient, mail.subject, mail.text, row.created_at)


def _mail(row: OutboxMessage) -> Mail | None:
    services = web().services
    version = row.payload.get("policy_version")
    try:
        mail = compose(services, row, policy_of(services, version) if version else services.policy)
        build(mail)
    except CannotBuild:
        return None
    return mail

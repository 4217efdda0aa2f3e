"""What was given up, messages and other work of the worker, to be tried again; and the endpoints of webhooks."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, UseCaseError
from formapp.models import OutboxMessage
from formapp.notifications import outbox, webhooks
from formapp.notifications.webhooks import endpoints, log
from formapp.notifications.webhooks.messages import endpoint_id_of
from formapp.operations import given_up
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.audit_origin import audit_origin
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.desk.outbox_presenter import present_attempt, present_delivery, present_endpoint, present_given_up
from formapp.web.layout.page import page
from formapp.web.row_number import row_number
from formapp.web.session_cookie import own_account_id, require_person

blueprint = Blueprint("outgoing", __name__)

PAGE_SIZE = 50
AGAIN = gettext_noop("The message is being sent again, with the same id.")
TRIED_AGAIN = gettext_noop("It is being tried again. If it fails again for some hours, it comes back here.")


@blueprint.get("/desk/outgoing")
def messages() -> Response:
    """What was given up, and the endpoints of webhooks; for people at the desk."""
    return _messages_page(said=str(session.pop("said", "")))


@blueprint.get("/desk/outgoing/endpoints/<number>")
def endpoint(number: str) -> Response:
    """One endpoint and what it was sent, the newest first; for people at the desk."""
    return _endpoint_page(row_number(number), said=str(session.pop("said", "")))


@blueprint.post("/desk/outgoing/<number>/replay")
def replay(number: str) -> Response:
    """Send a message once more, and go back to the page that asked; for people at the desk."""
    desk, wanted = web(), row_number(number)
    try:
        message = outbox.message_numbered(desk.services, wanted)
    except NotFound:
        abort(404)
    again = log.replay if message.channel == webhooks.CHANNEL else outbox.replay
    try:
        person = require_person()
        again(desk.services, person.account_id, wanted, desk.clock(), by=audit_origin(person))
    except UseCaseError as refused:
        return _page_of(message, refused.message)
    session["said"] = _(AGAIN)
    return redirect(_address_of(message), 303)


@blueprint.post("/desk/outgoing/work/<number>/again")
def try_again(number: str) -> Response:
    """Try work of the worker once more that was given up; for people at the desk."""
    desk = web()
    try:
        given_up.try_again(desk.services, own_account_id(), row_number(number), desk.clock())
    except NotFound:
        abort(404)
    except UseCaseError as refused:
        return _messages_page(error=refused.message)
    session["said"] = _(TRIED_AGAIN)
    return redirect(url_for("outgoing.messages"), 303)


def _from_endpoint(message: OutboxMessage) -> bool:
    return message.channel == webhooks.CHANNEL and form_data().get("from") == "endpoint"


def _page_of(message: OutboxMessage, error: str) -> Response:
    if _from_endpoint(message):
        return _endpoint_page(endpoint_id_of(message.recipient), error=error)
    return _messages_page(error=error)


def _address_of(message: OutboxMessage) -> str:
    if _from_endpoint(message):
        return url_for("outgoing.endpoint", number=endpoint_id_of(message.recipient))
    return url_for("outgoing.messages")


def _before() -> int | None:
    """Where this page of a list begins; a key that is none leads to a page that isn't there."""
    key = request.args.get("before", "")
    return row_number(key) if key else None


def _messages_page(*, said: str = "", error: str = "") -> Response:
    desk, before = web(), _before()
    found = outbox.dead_messages(desk.services, before=before, most=PAGE_SIZE + 1)
    known = endpoints.endpoints(desk.services)
    return page(
        "outgoing.html",
        422 if error else 200,
        assets=("support-desk.css",),
        messages=present_given_up(found[:PAGE_SIZE], known),
        work=[] if before else given_up.given_up(desk.services),
        endpoints=[present_endpoint(one, desk.clock()) for one in known],
        first_page=url_for("outgoing.messages") if before else "",
        next_page=url_for("outgoing.messages", before=found[PAGE_SIZE - 1].id) if len(found) > PAGE_SIZE else "",
        said=said,
        error=error,
    )


def _endpoint_page(number: int, *, said: str = "", error: str = "") -> Response:
    desk, before = web(), _before()
    now = desk.clock()
    try:
        facts = endpoints.endpoint_numbered(desk.services, number)
    except NotFound:
        abort(404)
    found = log.deliveries(desk.services, number, before=before, most=PAGE_SIZE + 1)
    more = len(found) > PAGE_SIZE
    return page(
        "endpoint.html",
        422 if error else 200,
        assets=("support-desk.css",),
        endpoint=present_endpoint(facts, now),
        deliveries=[present_delivery(one, now) for one in found[:PAGE_SIZE]],
        pings=[present_attempt(one) for one in log.pings(desk.services, number)],
        first_page=url_for("outgoing.endpoint", number=number) if before else "",
        next_page=url_for("outgoing.endpoint", number=number, before=found[PAGE_SIZE - 1].id) if more else "",
        said=said,
        error=error,
    )

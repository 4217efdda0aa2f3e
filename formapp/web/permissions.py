"""Who may call which route: one table, which the checks use and from which the tests are made."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from flask import Flask, abort, g, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound
from formapp.tickets import queries as tickets
from formapp.tickets import triage as desk
from formapp.web.context import web
from formapp.web.csrf import Answering
from formapp.web.layout.page import see_other
from formapp.web.session_cookie import Person, signed_in
from formapp.web.tickets.reply_form import PRESS_AGAIN, kept_page, way_back


class Role(StrEnum):
    """Whom a route can meet."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    STRANGER = "member of another project"
    STAFF = "works at the desk"
    DISABLED = "disabled account"


class Answer(StrEnum):
    """What a route does for a role."""

    OPEN = "answers"
    SIGN_IN = "asks to sign in"
    MISSING = "answers as if there were nothing"
    AT_THE_DESK = "leads to the same ticket at the desk"


class Row(NamedTuple):
    """One line of the table."""

    anonymous: Answer
    member: Answer
    stranger: Answer
    staff: Answer
    disabled: Answer

    def answer(self, role: Role) -> Answer:
        """What the route does for this role."""
        return Answer(getattr(self, role.name.lower()))


EVERYONE = Row(Answer.OPEN, Answer.OPEN, Answer.OPEN, Answer.OPEN, Answer.OPEN)
SIGNED_IN = Row(Answer.SIGN_IN, Answer.OPEN, Answer.OPEN, Answer.OPEN, Answer.SIGN_IN)
OWN_TICKET = Row(Answer.SIGN_IN, Answer.OPEN, Answer.MISSING, Answer.AT_THE_DESK, Answer.SIGN_IN)
AT_THE_DESK = Row(Answer.SIGN_IN, Answer.MISSING, Answer.MISSING, Answer.OPEN, Answer.SIGN_IN)
# The operator's token decides, not who is signed in; without it there is nothing.
BY_TOKEN = Row(Answer.MISSING, Answer.MISSING, Answer.MISSING, Answer.MISSING, Answer.MISSING)

# A disabled account's sessions end when it is disabled, so its row is always that of anonymous.
TABLE: Mapping[tuple[str, str], Row] = {
    ("GET", "guide.home"): EVERYONE,
    ("GET", "guide.page"): EVERYONE,
    ("GET", "service.asset"): EVERYONE,
    ("GET", "service.form_context"): EVERYONE,
    # What colleagues have reported is told to members alone; others get an empty list.
    ("GET", "service.similar"): EVERYONE,
    ("GET", "watching.health"): EVERYONE,
    ("GET", "watching.ready"): EVERYONE,
    ("GET", "watching.metrics"): BY_TOKEN,
    # What the guide promises to everybody, for programs: nothing in it is about a person.
    ("GET", "feeds.dates"): EVERYONE,
    ("GET", "feeds.policy"): EVERYONE,
    ("GET", "feeds.hours"): EVERYONE,
    # On a desk for trying out; elsewhere the routes answer 404 to everybody.
    ("GET", "inbox.messages"): EVERYONE,
    ("GET", "inbox.message"): EVERYONE,
    ("GET", "signin.ask"): EVERYONE,
    ("POST", "signin.send"): EVERYONE,
    ("GET", "signin.check_mail"): EVERYONE,
    ("GET", "signin.look"): EVERYONE,
    ("POST", "signin.use"): EVERYONE,
    ("POST", "signin.leave"): EVERYONE,
    ("GET", "tickets.home"): EVERYONE,
    ("GET", "tickets.new"): EVERYONE,
    # Signed out, it keeps a draft and sends a link; the use case checks the project's membership.
    ("POST", "tickets.create"): EVERYONE,
    # A file is kept for whoever fills the form; only who sent it knows its token.
    ("POST", "files.upload"): EVERYONE,
    ("POST", "files.remove"): EVERYONE,
    ("GET", "files.download"): OWN_TICKET,
    ("GET", "files.preview"): OWN_TICKET,
    ("GET", "files.desk_download"): AT_THE_DESK,
    ("GET", "files.desk_preview"): AT_THE_DESK,
    ("GET", "tickets.mine"): SIGNED_IN,
    ("GET", "tickets.show"): OWN_TICKET,
    ("GET", "tickets.sent"): OWN_TICKET,
    ("POST", "tickets.reply"): OWN_TICKET,
    ("POST", "tickets.close"): OWN_TICKET,
    ("GET", "desk.show"): AT_THE_DESK,
    ("POST", "desk.reply"): AT_THE_DESK,
    ("POST", "desk.note"): AT_THE_DESK,
    ("POST", "desk.assign"): AT_THE_DESK,
    ("POST", "desk.correct"): AT_THE_DESK,
    ("POST", "desk.close"): AT_THE_DESK,
    ("POST", "desk.reopen"): AT_THE_DESK,
    ("POST", "desk.merge"): AT_THE_DESK,
    ("GET", "queue.tickets"): AT_THE_DESK,
    ("GET", "queue.export"): AT_THE_DESK,
    ("GET", "closures.coming"): AT_THE_DESK,
    ("POST", "closures.announce"): AT_THE_DESK,
    ("POST", "closures.take_back"): AT_THE_DESK,
    ("GET", "outgoing.messages"): AT_THE_DESK,
    ("POST", "outgoing.replay"): AT_THE_DESK,
    ("GET", "outgoing.endpoint"): AT_THE_DESK,
    ("GET", "account.projects"): SIGNED_IN,
    ("GET", "account.settings"): SIGNED_IN,
}


def init_access(app: Flask) -> None:
    """Judge each request by the table before its view runs."""
    app.before_request(_judge)


def ask_once_more(show: Answering) -> Answering:
    """How to answer a text from an untrusted page: ``show`` gives its page filled to whom the table lets see it.

    Everybody else gets the text alone, with a button that sends it; browsers send no cookies along from
    another site, so the writer is known only then.
    """

    def answer() -> Response:
        if signed_in() is None:
            return kept_page(PRESS_AGAIN, 422)
        return _judge() or show()

    return answer


def _judge() -> Response | None:
    """Let the request through, with the ticket that its address names, or answer it."""
    if request.endpoint is None:
        return None
    method = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method
    row = TABLE.get((method, request.endpoint))
    if row is None:
        # A route that nobody put in the table is open to nobody.
        abort(404)
    if row in (EVERYONE, BY_TOKEN):
        return None
    person = signed_in()
    if person is None:
        back = way_back()
        return back if isinstance(back, Response) else see_other(url_for("signin.ask", next=back))
    return _judge_role(row, person)


def _judge_role(row: Row, person: Person) -> Response | None:
    """Let a signed-in person through, with the ticket that the address names, or answer 404."""
    reference = (request.view_args or {}).get("reference")
    if row is AT_THE_DESK and not person.is_staff:
        abort(404)
    if reference is None:
        return None
    services = web().services
    try:
        if row is AT_THE_DESK:
            g.ticket = desk.staff_ticket(services, reference)
        else:
            g.ticket = tickets.ticket_for(services, person.account_id, reference)
    except NotFound:
        if row is AT_THE_DESK or not person.is_staff or not _is_there(reference):
            abort(404)
        # Customers send their own links to staff.
        return see_other(url_for("desk.show", reference=reference))
    return None


def _is_there(reference: str) -> bool:
    try:
        desk.staff_ticket(web().services, reference)
    except NotFound:
        return False
    return True

"""Who may call which route: one table, which the checks use and from which the tests are made."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, NoReturn

from flask import Flask, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp import audit
from formapp.errors import NotFound
from formapp.tickets import queries, triage
from formapp.web.audit_origin import audit_origin
from formapp.web.context import web
from formapp.web.session_cookie import Person, current_person
from formapp.web.tickets.reply_form import path_after_sign_in


class Role(StrEnum):
    """Whom a route can meet."""

    ANONYMOUS = "anonymous"
    MEMBER = "member"
    STRANGER = "member of another project"
    STAFF = "works at the desk"
    MANAGER = "manages people"
    DISABLED = "disabled account"


class Decision(StrEnum):
    """What a route does for a role."""

    OPEN = "answers"
    SIGN_IN = "asks to sign in"
    MISSING = "answers as if there were nothing"
    STAFF_PAGE = "leads to the same ticket at the desk"


class Rule(NamedTuple):
    """One line of the table."""

    anonymous: Decision
    member: Decision
    stranger: Decision
    staff: Decision
    disabled: Decision
    manager: Decision

    def answer(self, role: Role) -> Decision:
        """What the route does for this role."""
        return Decision(getattr(self, role.name.lower()))


EVERYONE = Rule(*[Decision.OPEN] * 6)
SIGNED_IN = Rule(Decision.SIGN_IN, Decision.OPEN, Decision.OPEN, Decision.OPEN, Decision.SIGN_IN, Decision.OPEN)
OWN_TICKET = Rule(
    Decision.SIGN_IN, Decision.OPEN, Decision.MISSING, Decision.STAFF_PAGE, Decision.SIGN_IN, Decision.STAFF_PAGE
)
STAFF_ONLY = Rule(Decision.SIGN_IN, Decision.MISSING, Decision.MISSING, Decision.OPEN, Decision.SIGN_IN, Decision.OPEN)
MANAGERS_ONLY = Rule(
    Decision.SIGN_IN, Decision.MISSING, Decision.MISSING, Decision.MISSING, Decision.SIGN_IN, Decision.OPEN
)
# The operator's token decides, not who is signed in; without it there is nothing.
BY_TOKEN = Rule(*[Decision.MISSING] * 6)

# A disabled account's sessions end when it is disabled, so its row is always that of anonymous.
RULES: Mapping[tuple[str, str], Rule] = {
    ("GET", "guide.home"): EVERYONE,
    ("GET", "guide.page"): EVERYONE,
    ("GET", "layout.asset"): EVERYONE,
    ("GET", "api.form_context"): EVERYONE,
    # What colleagues have reported is told to members alone; others get an empty list.
    ("GET", "api.similar"): EVERYONE,
    ("GET", "monitoring.health"): EVERYONE,
    ("GET", "monitoring.ready"): EVERYONE,
    ("GET", "monitoring.metrics"): BY_TOKEN,
    ("POST", "monitoring.through"): BY_TOKEN,
    # What the guide promises to everybody, for programs: nothing in it is about a person.
    ("GET", "api.dates"): EVERYONE,
    ("GET", "api.policy"): EVERYONE,
    ("GET", "api.hours"): EVERYONE,
    # On a desk for trying out; elsewhere the routes answer 404 to everybody.
    ("GET", "inbox.messages"): EVERYONE,
    ("GET", "inbox.message"): EVERYONE,
    ("GET", "signin.ask"): EVERYONE,
    ("POST", "signin.send"): EVERYONE,
    ("GET", "signin.check_mail"): EVERYONE,
    ("GET", "signin.look"): EVERYONE,
    ("POST", "signin.use"): EVERYONE,
    ("POST", "signin.leave"): EVERYONE,
    # The token comes by mail to whoever it is about.
    ("GET", "confirm.look"): EVERYONE,
    ("POST", "confirm.send"): EVERYONE,
    ("GET", "confirm.done"): EVERYONE,
    ("GET", "tickets.home"): EVERYONE,
    ("GET", "tickets.new"): EVERYONE,
    # Signed out, it keeps a draft and sends a link; the use case checks the project's membership.
    ("POST", "tickets.create"): EVERYONE,
    # Readers say whether a page of the guide helped; the token shows its giver the answer.
    ("GET", "feedback.ask"): EVERYONE,
    ("POST", "feedback.send"): EVERYONE,
    ("GET", "feedback.thanks"): EVERYONE,
    # A file is kept for whoever fills the form; only who sent it knows its token.
    ("POST", "files.upload"): EVERYONE,
    ("POST", "files.remove"): EVERYONE,
    ("GET", "files.download"): OWN_TICKET,
    ("GET", "files.preview"): OWN_TICKET,
    ("GET", "files.desk_download"): STAFF_ONLY,
    ("GET", "files.desk_preview"): STAFF_ONLY,
    ("GET", "tickets.mine"): SIGNED_IN,
    ("GET", "tickets.show"): OWN_TICKET,
    ("GET", "tickets.sent"): OWN_TICKET,
    ("GET", "tickets.newer"): OWN_TICKET,
    ("POST", "tickets.reply"): OWN_TICKET,
    ("POST", "tickets.close"): OWN_TICKET,
    ("GET", "solved.look"): OWN_TICKET,
    ("POST", "solved.answer"): OWN_TICKET,
    ("POST", "watchers.add"): OWN_TICKET,
    ("POST", "watchers.remove"): OWN_TICKET,
    ("POST", "watchers.desk_add"): STAFF_ONLY,
    ("POST", "watchers.desk_remove"): STAFF_ONLY,
    ("POST", "watchers.ask"): OWN_TICKET,
    ("POST", "watchers.withdraw"): OWN_TICKET,
    ("POST", "watchers.desk_ask"): STAFF_ONLY,
    ("POST", "watchers.desk_withdraw"): STAFF_ONLY,
    # Whoever reads the mail at the address that was asked; the signed link decides.
    ("GET", "in_copy.look"): EVERYONE,
    ("POST", "in_copy.answer"): EVERYONE,
    ("GET", "desk.show"): STAFF_ONLY,
    ("GET", "desk.newer"): STAFF_ONLY,
    ("POST", "desk.reply"): STAFF_ONLY,
    ("POST", "desk.note"): STAFF_ONLY,
    ("POST", "desk.insert"): STAFF_ONLY,
    ("GET", "desk.filled_reply"): STAFF_ONLY,
    ("POST", "desk.assign"): STAFF_ONLY,
    ("POST", "desk.correct"): STAFF_ONLY,
    ("POST", "desk.close"): STAFF_ONLY,
    ("POST", "desk.reopen"): STAFF_ONLY,
    ("POST", "desk.merge"): STAFF_ONLY,
    ("GET", "new_ticket.choose"): STAFF_ONLY,
    ("POST", "desk.move"): STAFF_ONLY,
    ("POST", "desk.name_page"): STAFF_ONLY,
    ("POST", "tagging.add"): STAFF_ONLY,
    ("POST", "tagging.remove"): STAFF_ONLY,
    ("GET", "queue.tickets"): STAFF_ONLY,
    ("GET", "queue.export"): STAFF_ONLY,
    ("POST", "bulk.change"): STAFF_ONLY,
    ("POST", "bulk.undo"): STAFF_ONLY,
    ("GET", "views.saved"): STAFF_ONLY,
    ("POST", "views.add"): STAFF_ONLY,
    ("POST", "views.change"): STAFF_ONLY,
    ("POST", "views.delete"): STAFF_ONLY,
    ("GET", "saved_replies.saved"): STAFF_ONLY,
    ("POST", "saved_replies.add"): STAFF_ONLY,
    ("POST", "saved_replies.change"): STAFF_ONLY,
    ("POST", "saved_replies.delete"): STAFF_ONLY,
    ("GET", "reports.show"): STAFF_ONLY,
    ("GET", "reports.export"): STAFF_ONLY,
    ("GET", "gaps.show"): STAFF_ONLY,
    ("GET", "closures.coming"): STAFF_ONLY,
    ("POST", "closures.announce"): STAFF_ONLY,
    ("POST", "closures.cancel"): STAFF_ONLY,
    ("GET", "outgoing.messages"): STAFF_ONLY,
    ("POST", "outgoing.replay"): STAFF_ONLY,
    ("POST", "outgoing.try_again"): STAFF_ONLY,
    ("GET", "outgoing.endpoint"): STAFF_ONLY,
    ("GET", "mail.mails"): STAFF_ONLY,
    ("GET", "mail.one_mail"): STAFF_ONLY,
    ("GET", "mail.whole"): STAFF_ONLY,
    ("POST", "mail.accept"): STAFF_ONLY,
    ("POST", "mail.spam"): STAFF_ONLY,
    ("POST", "mail.hold_again"): STAFF_ONLY,
    ("GET", "audit_log.lines"): STAFF_ONLY,
    ("GET", "people.everybody"): MANAGERS_ONLY,
    ("GET", "people.add_form"): MANAGERS_ONLY,
    ("POST", "people.add"): MANAGERS_ONLY,
    ("GET", "people.import_form"): MANAGERS_ONLY,
    ("POST", "people.import_table"): MANAGERS_ONLY,
    ("GET", "people.person"): MANAGERS_ONLY,
    ("POST", "people.rename"): MANAGERS_ONLY,
    ("POST", "people.change_address"): MANAGERS_ONLY,
    ("POST", "people.cancel_address"): MANAGERS_ONLY,
    ("POST", "people.invite"): MANAGERS_ONLY,
    ("POST", "people.sign_out"): MANAGERS_ONLY,
    ("POST", "people.disable"): MANAGERS_ONLY,
    ("POST", "people.enable"): MANAGERS_ONLY,
    ("POST", "people.make_staff"): MANAGERS_ONLY,
    ("POST", "people.end_staff"): MANAGERS_ONLY,
    ("POST", "people.let_in"): MANAGERS_ONLY,
    ("POST", "people.take_out"): MANAGERS_ONLY,
    ("GET", "projects.every"): MANAGERS_ONLY,
    ("GET", "projects.add_form"): MANAGERS_ONLY,
    ("POST", "projects.add"): MANAGERS_ONLY,
    ("GET", "projects.project"): MANAGERS_ONLY,
    ("POST", "projects.change"): MANAGERS_ONLY,
    ("POST", "projects.close"): MANAGERS_ONLY,
    ("POST", "projects.reopen"): MANAGERS_ONLY,
    ("POST", "projects.let_in"): MANAGERS_ONLY,
    ("POST", "projects.take_out"): MANAGERS_ONLY,
    # Whoever reads the mail at the new address; the link decides.
    ("GET", "address.look"): EVERYONE,
    ("POST", "address.use"): EVERYONE,
    # Whoever reads the mail; the signed link decides, and it can only turn mails off.
    ("GET", "unsubscribe.look"): EVERYONE,
    ("POST", "unsubscribe.use"): EVERYONE,
    ("GET", "account.projects"): SIGNED_IN,
    ("GET", "account.settings"): SIGNED_IN,
    ("POST", "account.choose_language"): SIGNED_IN,
    ("POST", "mails.choose"): SIGNED_IN,
    # Each shows and ends the signed-in person's own sessions alone.
    ("GET", "account.sessions"): SIGNED_IN,
    ("POST", "account.end_session"): SIGNED_IN,
    ("POST", "account.end_others"): SIGNED_IN,
}


def init_permissions(app: Flask) -> None:
    """Judge each request by the table before its view runs."""
    app.before_request(authorize)


def authorize() -> Response | None:
    """Let the request through, with the ticket that its address names, or answer it."""
    if request.endpoint is None:
        return None
    method = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method
    row = RULES.get((method, request.endpoint))
    if row is None:
        # A route that nobody put in the table is open to nobody.
        abort(404)
    if row in (EVERYONE, BY_TOKEN):
        return None
    person = current_person()
    if person is None:
        back = path_after_sign_in()
        return back if isinstance(back, Response) else redirect(url_for("signin.ask", next=back), 303)
    return _authorize_role(row, person)


def _authorize_role(row: Rule, person: Person) -> Response | None:
    """Let a signed-in person through, with the ticket that the address names, or answer 404."""
    reference = (request.view_args or {}).get("reference")
    if row is STAFF_ONLY and not person.is_staff:
        _refuse(person)
    if row is MANAGERS_ONLY and not person.manages_people:
        _refuse(person)
    if reference is None:
        return None
    services = web().services
    try:
        if row is STAFF_ONLY:
            g.ticket = triage.staff_ticket(services, person.account_id, reference)
        else:
            g.ticket = queries.ticket_for(services, person.account_id, reference)
    except NotFound:
        if row is STAFF_ONLY or not person.is_staff or not _is_there(person, reference):
            _refuse(person)
        # Customers send their own links to staff.
        return redirect(url_for("desk.show", reference=reference), 303)
    return None


def _refuse(person: Person) -> NoReturn:
    """Answer 404, and note it: the route by its name, as an address may hold anything."""
    details = {"method": request.method, "route": request.endpoint or ""}
    audit.note(web().services, "permission-refused", audit_origin(person), web().clock(), details=details)
    abort(404)


def _is_there(person: Person, reference: str) -> bool:
    try:
        triage.staff_ticket(web().services, person.account_id, reference)
    except NotFound:
        return False
    return True

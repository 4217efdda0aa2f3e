"""Was this solved? The page behind the two links of a closed ticket's mail, and behind the ticket's own question."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, request, url_for
from werkzeug.wrappers import Response

from formapp.errors import NotFound, TicketMerged, UseCaseError
from formapp.models import Ticket
from formapp.tickets import solved
from formapp.tickets.solved import NotClosed
from formapp.web.body.form_data import form_data
from formapp.web.context import web
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id
from formapp.web.tickets import reply_form
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.reply_form import ReplyDraft, reply_draft

blueprint = Blueprint("solved", __name__)


@blueprint.get("/tickets/<reference>/solved")
def look(reference: str) -> Response:
    """Ask whether a closed ticket was solved; looking changes nothing, as programs that read mails open links."""
    if not _is_asked(_ticket()):
        return redirect(url_for("tickets.show", reference=reference), 303)
    draft = reply_form.saved_draft("answer")
    return _shown(draft, is_no=bool(draft.body) or request.args.get("answer") == "no")


@blueprint.post("/tickets/<reference>/solved")
def answer(reference: str) -> Response:
    """Store a member's answer; where it is no, and that is wanted, reopen the ticket with it."""
    sent, desk, person = form_data(), web(), own_account_id()
    form, ticket = reply_draft(sent), _ticket()
    said = "solved"
    try:
        if sent.get("solved") == "yes":
            solved.say_solved(desk.services, person, ticket.id, desk.clock())
        else:
            if (again := reply_form.unsent(sent)) is not None:
                return _shown(again.form, again.status, notice=again.notice, is_no=True)
            message, reopen = reply_form.message_input(sent, form), bool(sent.get("reopen"))
            most = desk.limits.messages_an_hour
            now = desk.clock()
            solved.say_not_solved(desk.services, person, ticket.id, message, now, reopen=reopen, most_an_hour=most)
            said = "reply" if reopen else "not-solved"
    except NotFound:
        abort(404)
    except (NotClosed, TicketMerged) as refused:
        # The ticket's own page says what goes on now; a text stays here, to be copied or sent there.
        if not form.body:
            return redirect(url_for("tickets.show", reference=reference), 303)
        return _shown(form, 422, notice=Notice(refused.message), is_no=True)
    except UseCaseError as refused:
        return _shown(form.after(refused), reply_form.status_of(refused), error=refused.message, is_no=True)
    reply_form.drop_sent(form)
    return redirect(url_for("tickets.show", reference=reference, said=said, _anchor="conversation-heading"), 303)


def unsent_answer(notice: Notice) -> Response:
    """An answer that is not sent yet: its page with it, and why, for a member."""
    return _shown(reply_draft(form_data()), 422, notice=notice, is_no=form_data().get("solved") != "yes")


def _shown(
    form: ReplyDraft, status: int = 200, /, *, is_no: bool, notice: Notice | None = None, error: str = ""
) -> Response:
    ticket, person = _ticket(), own_account_id()
    given = [one for one in solved.answers_of(web().services, ticket.id) if one.account_id == person]
    return page(
        "solved.html",
        status,
        assets=("support-ticket.css",),
        reference=ticket.reference,
        subject=ticket.subject,
        given=given[0] if given else None,
        reply=form,
        is_no=is_no,
        notice=notice,
        errors={"body": error} if error else {},
    )


def _is_asked(ticket: Ticket) -> bool:
    return ticket.state == "closed" and ticket.merged_into_id is None


def _ticket() -> Ticket:
    ticket: Ticket = g.ticket
    return ticket

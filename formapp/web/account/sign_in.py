"""Signing in by a one-time link, and out."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response
from wtforms import EmailField, Form

from formapp import audit
from formapp.accounts import magic_links, sessions
from formapp.errors import LinkGone
from formapp.forms import MailAddress, Required
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web import form_owner
from formapp.web.account.browser_name import browser_name
from formapp.web.audit_origin import audit_origin, place
from formapp.web.body.form_data import form_data
from formapp.web.context import PREFIX, client_network, web
from formapp.web.layout.page import page
from formapp.web.mailed_link import mailed_to
from formapp.web.session_cookie import COOKIE, clear_session_cookie, current_person, set_session_cookie, signed_in
from formapp.web.tickets import saved_ticket
from supportpolicy.languages import current_language

blueprint = Blueprint("signin", __name__)

TOO_OFTEN = gettext_noop("You have asked for too many links in a short time. Wait 15 minutes, then try again")
_SAFE_PATH = re.compile(rf"{PREFIX}/[A-Za-z0-9/_.~?=&%+-]*")
LONGEST_PATH = 2000
MINUTES = int(magic_links.LIFETIME.total_seconds() // 60)


class SignInForm(Form):
    """Where to send the link."""

    email = EmailField("Email address", [Required(gettext_noop("Enter your email address")), MailAddress()])


@blueprint.get("/sign-in")
def ask() -> Response:
    """Ask for an email address; open to everybody."""
    return _form(
        SignInForm(), request.args.get("next", ""), said=str(session.pop("said", "")), left=session.pop("left", None)
    )


@blueprint.post("/sign-in")
def send() -> Response:
    """Send a link to the address; the answer is the same whether the address is known or not."""
    desk = web()
    form = SignInForm(form_data().fields)
    back = safe_path(form_data().get("next"))
    if not form.validate():
        return _form(form, back, 422)
    email = form.email.data or ""
    if not desk.limits.may_ask_for_link(email, client_network()):
        form.email.errors = [_(TOO_OFTEN)]
        audit.note(desk.services, "sign-in-refused", audit_origin(None), desk.clock(), details={"reason": "too-often"})
        return _form(form, back, 429)
    magic_links.request_link(
        desk.services, email, desk.clock(), next_path=back, place=place(), language=current_language()
    )
    return mailed_to(email, saved=False)


def _form(
    form: SignInForm, back: str, status: int = 200, *, said: str = "", left: dict[str, str] | None = None
) -> Response:
    """The form; ``left`` names who has just signed out, whose drafts script takes out of this browser."""
    assets = ("support-left.js",) if left else ()
    return page("sign-in.html", status, assets=assets, form=form, back=safe_path(back), said=said, left=left)


@blueprint.get("/check-mail")
def check_mail() -> Response:
    """Say that a mail is on its way; open to everybody."""
    mailed = session.get("mailed", {})
    shown_here = web().services.settings.shows_mails
    saved = bool(mailed.get("saved"))
    return page("check-mail.html", email=mailed.get("to", ""), saved=saved, minutes=MINUTES, inbox=shown_here)


@blueprint.get("/sign-in/<token>")
def look(token: str) -> Response:
    """Show what a link does and its button; looking uses nothing up, because mail scanners open links."""
    desk = web()
    try:
        link = magic_links.inspect_link(desk.services, token, desk.clock())
    except LinkGone:
        return _gone(token)
    current_person()
    sends = link.has_draft and saved_ticket.can_be_sent(link.account_id, link.draft_token)
    return page("link.html", token=token, link=link, sends=sends)


@blueprint.post("/sign-in/<token>")
def use(token: str) -> Response:
    """Use the link up, sign in and go on: to the saved ticket, to where one was going, to the queue, or to the list."""
    desk = web()
    browser = browser_name(request.user_agent.string)
    origin = sessions.SessionOrigin(browser, place(), request.cookies.get(desk.cookie(COOKIE), ""))
    try:
        used = magic_links.redeem_link(desk.services, token, desk.clock(), origin)
    except LinkGone:
        audit.note(desk.services, "sign-in-refused", audit_origin(None), desk.clock(), details={"reason": "link"})
        return _gone(token)
    session.clear()
    # What the button said, whatever has become of the draft since.
    if form_data().get("send") and used.draft_token:
        person = signed_in(used.token)
        if person is not None:
            answer = saved_ticket.send(person, used.draft_token)
            set_session_cookie(answer, used.token)
            return answer
    onward = _onward(used) or url_for("queue.tickets" if used.is_staff else "tickets.mine")
    answer = redirect(onward, 303)
    set_session_cookie(answer, used.token)
    return answer


@blueprint.post("/sign-out")
def leave() -> Response:
    """End this session, or all of the person's; the cookie is dead at once, and the page that follows tidies up."""
    person = current_person()
    session.clear()
    session["said"] = _("You are signed out.")
    if person is not None:
        session["left"] = {"account": form_owner.mark(person.account_id), "email": person.email}
    if person is not None and form_data().get("everywhere"):
        sessions.end_all_sessions(web().services, person.account_id, web().clock())
        session["said"] = _("You are signed out on all your devices.")
    elif person is not None:
        sessions.end_session(web().services, person.token)
    if person is not None:
        details = {"everywhere": bool(form_data().get("everywhere"))}
        audit.note(web().services, "signed-out", audit_origin(person), web().clock(), details=details)
    answer = redirect(url_for("signin.ask"), 303)
    clear_session_cookie(answer)
    return answer


def safe_path(path: str) -> str:
    """A path of this desk to go on to; empty for anything else, such as another host's address."""
    return path if len(path) <= LONGEST_PATH and _SAFE_PATH.fullmatch(path) and "//" not in path else ""


def _onward(link: magic_links.RedeemedLink | magic_links.EndedLink) -> str:
    """Where a link leads: to the ticket saved behind it, or to where its person was going; else nowhere."""
    return url_for("tickets.new", draft=link.draft_token) if link.draft_token else safe_path(link.next_path)


def _gone(token: str) -> Response:
    """Say that a link is over. What was saved behind it opens all the same, for its own person alone."""
    ended, person = magic_links.ended_link(web().services, token), current_person()
    onward = _onward(ended) if ended is not None else ""
    if ended is not None and onward and person is not None and person.account_id == ended.account_id:
        return redirect(onward, 303)
    return page("link-gone.html", 410, onward=onward, minutes=MINUTES, days=magic_links.INVITED_FOR.days)

"""Signing in by a one-time link, and out."""

from __future__ import annotations

import re

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from formapp import sessions, signin
from formapp.errors import LinkGone
from formapp.web.context import PREFIX, web
from formapp.web.identity import forget, remember, signed_in
from formapp.web.pages import page
from formapp.web.posted import posted

blueprint = Blueprint("signin", __name__)

# One address of the usual shape; whether it exists only a mail can tell.
EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,188}")
_SAFE_PATH = re.compile(rf"{PREFIX}/[A-Za-z0-9/_.~?=&%+-]*")
MINUTES = int(signin.LIFETIME.total_seconds() // 60)


@blueprint.get("/sign-in")
def ask() -> Response:
    """Ask for an e-mail address; open to everybody."""
    return page("sign-in.html", back=safe_path(request.args.get("next", "")), email="", error="", said=_said())


@blueprint.post("/sign-in")
def send() -> Response:
    """Send a link to the address; the answer is the same whether the address is known or not."""
    email = posted().get("email").strip()
    back = safe_path(posted().get("next"))
    if not EMAIL.fullmatch(email):
        error = "Enter an e-mail address, like name@example.com" if email else "Enter your e-mail address"
        return page("sign-in.html", 422, back=back, email=email, error=error, said="")
    desk = web()
    if not desk.limits.may_ask_for_link(email, request.remote_addr or ""):
        error = "You have asked for many links in a short time. Wait 15 minutes, then try again"
        return page("sign-in.html", 429, back=back, email=email, error=error, said="")
    signin.request_link(desk.services, email, desk.clock(), next_path=back)
    return mailed_to(email, kept=False)


def mailed_to(email: str, *, kept: bool) -> Response:
    """Go on to the page that says where the mail went; the address travels in the cookie, not in the URL."""
    session["mailed"] = {"to": email, "kept": kept}
    return redirect(url_for("signin.check_mail"), 303)


@blueprint.get("/check-mail")
def check_mail() -> Response:
    """Say that a mail is on its way; open to everybody."""
    mailed = session.get("mailed", {})
    shown_here = not web().services.settings.smtp_url
    kept = bool(mailed.get("kept"))
    return page("check-mail.html", email=mailed.get("to", ""), kept=kept, minutes=MINUTES, inbox=shown_here)


@blueprint.get("/sign-in/<token>")
def look(token: str) -> Response:
    """Show what a link does and its button; looking uses nothing up, because mail scanners open links."""
    desk = web()
    try:
        link = signin.look_at_link(desk.services, token, desk.clock())
    except LinkGone:
        return _gone()
    return page("link.html", token=token, link=link)


@blueprint.post("/sign-in/<token>")
def use(token: str) -> Response:
    """Use the link up, sign in and go on: to the kept ticket, to where one was going, or to the list."""
    desk = web()
    try:
        used = signin.use_link(desk.services, token, desk.clock())
    except LinkGone:
        return _gone()
    session.clear()
    if used.draft_token:
        onward = url_for("tickets.new", draft=used.draft_token)
    else:
        onward = safe_path(used.next_path) or url_for("tickets.mine")
    answer = redirect(onward, 303)
    remember(answer, used.token)
    return answer


@blueprint.post("/sign-out")
def leave() -> Response:
    """End this session, or all of the person's; the cookie is dead at once."""
    person = signed_in()
    session.clear()
    session["said"] = "You are signed out."
    if person is not None and posted().get("everywhere"):
        sessions.end_all_sessions(web().services, person.account_id)
        session["said"] = "You are signed out on all your devices."
    elif person is not None:
        sessions.end_session(web().services, person.token)
    answer = redirect(url_for("signin.ask"), 303)
    forget(answer)
    return answer


def safe_path(path: str) -> str:
    """A path of this desk to go on to; empty for anything else, such as another host's address."""
    return path if _SAFE_PATH.fullmatch(path) and "//" not in path else ""


def _said() -> str:
    return str(session.pop("said", ""))


def _gone() -> Response:
    signed_in()
    return page("link-gone.html", 410)

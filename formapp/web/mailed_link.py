"""After a sign-in link was mailed: going on to the page that says where the mail went."""

from __future__ import annotations

from flask import redirect, session, url_for
from werkzeug.wrappers import Response


def mailed_to(email: str, *, saved: bool) -> Response:
    """The way to that page; the address travels in the cookie, not in the URL."""
    session["mailed"] = {"to": email, "saved": saved}
    return redirect(url_for("signin.check_mail"), 303)

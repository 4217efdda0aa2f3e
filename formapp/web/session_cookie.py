"""Who is asking: a cookie of the desk's own, and the row that it names.

The cookie holds nothing but the session's token; the row in the database decides at each request,
so a session that was ended is dead at once. It is a cookie of its own, not Flask's signed session
(which holds the cross-site token only): a form posted from another site arrives without cookies, and
the answer to it may set a new token without signing the person out.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import g, request
from werkzeug.wrappers import Response

from formapp.accounts import sessions
from formapp.web.context import web
from formapp.web.language import known_language, speak

COOKIE = "support-login"


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in person of this request."""

    account_id: int
    email: str
    name: str
    is_staff: bool
    manages_people: bool
    token: str
    language: str | None = None


def current_person() -> Person | None:
    """The person whose live session this request carries; looked up once a request, and answered in their language."""
    if "person" not in g:
        g.person = _found()
    return g.person  # type: ignore[no-any-return]


def _found() -> Person | None:
    desk = web()
    token = request.cookies.get(desk.cookie(COOKIE))
    return signed_in(token) if token else None


def signed_in(token: str) -> Person | None:
    """The person of a session that lives; this request is answered in their language."""
    desk = web()
    found = sessions.signed_in_by(desk.services, token, desk.clock())
    if found is None:
        return None
    if language := known_language(found.language):
        speak(language)
    return Person(
        found.account_id, found.email, found.name, found.is_staff, found.manages_people, token, found.language
    )


def require_person() -> Person:
    """The signed-in person, behind a route whose line in the table asks for one."""
    person = current_person()
    if person is None:
        raise LookupError("this route is open to people who are not signed in")
    return person


def own_account_id() -> int:
    """The number of the signed-in person's account, behind a route whose line in the table asks for one."""
    return require_person().account_id


def loaded_person() -> Person | None:
    """The person, if this request has looked; asks no database (an error page must not)."""
    person: Person | None = g.get("person")
    return person


def set_session_cookie(answer: Response, token: str) -> None:
    """Set the sign-in cookie for a session that has just been opened."""
    desk = web()
    answer.set_cookie(
        desk.cookie(COOKIE),
        token,
        max_age=sessions.LIFETIME,
        path="/",
        secure=desk.https,
        httponly=True,
        samesite="Lax",
    )


def clear_session_cookie(answer: Response) -> None:
    """Remove the sign-in cookie, and what the browser kept of the signed-in pages."""
    desk = web()
    answer.delete_cookie(desk.cookie(COOKIE), path="/", secure=desk.https, httponly=True, samesite="Lax")
    answer.headers["Clear-Site-Data"] = '"cache"'

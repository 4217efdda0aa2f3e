"""The pages for what went wrong: what happened, what was kept, what to do now, another way to support.

None of them asks the database: the one for a database that is locked or missing must not, and the
others gain nothing by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Flask, g, request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.context import in_desk, web
from formapp.web.csrf import Responder
from formapp.web.layout.page import page
from formapp.web.request_log import log_failure

BACK = gettext_noop("Nothing was stored. What you typed is still in your browser: press Back to return to it.")
RETRY_SECONDS = 60
DRAINED_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The words of one error page. ``way_on`` says where its button leads, if it has one."""

    title: str
    sentences: tuple[str, ...]
    way_on: tuple[str, str] | None = None

    def translated(self) -> ErrorPage:
        """The same in the language that is spoken now."""
        way_on = (self.way_on[0], _(self.way_on[1])) if self.way_on else None
        return ErrorPage(_(self.title), tuple(_(sentence) for sentence in self.sentences), way_on)


MY_TICKETS = ("tickets.mine", gettext_noop("My tickets"))

ERROR_PAGES = {
    400: ErrorPage(
        gettext_noop("We couldn't read that"),
        (gettext_noop("What your browser sent reached us damaged."), gettext_noop("Go back and send it again.")),
    ),
    403: ErrorPage(
        gettext_noop("You can't do that here"),
        (
            gettext_noop("Your account doesn't have permission to do this."),
            gettext_noop("Sign in with another address, or ask a colleague who is."),
        ),
        MY_TICKETS,
    ),
    404: ErrorPage(
        gettext_noop("Page not found"),
        (
            gettext_noop("There is nothing here that you can see with your account."),
            gettext_noop(
                "If you typed the address, check it. If you followed a link, you may need to sign in with another "
                "address."
            ),
        ),
        MY_TICKETS,
    ),
    405: ErrorPage(
        gettext_noop("This page can't be used that way"),
        (
            gettext_noop("The address is right, but the page doesn't accept what your browser sent."),
            gettext_noop("Start again from your tickets."),
        ),
        MY_TICKETS,
    ),
    413: ErrorPage(
        gettext_noop("That is too much text"),
        (
            gettext_noop("What you sent is larger than this form accepts."),
            gettext_noop(
                "Shorten it: keep the steps and the lines around the error. You can offer the rest in the ticket."
            ),
        ),
    ),
    414: ErrorPage(
        gettext_noop("That address is too long"),
        (
            gettext_noop("The address that your browser asked for is longer than any of ours."),
            gettext_noop("Start again from your tickets."),
        ),
        MY_TICKETS,
    ),
    429: ErrorPage(
        gettext_noop("Too many attempts"),
        (
            gettext_noop("You have tried this too many times in a short time."),
            gettext_noop("Wait a few minutes, then try again."),
        ),
    ),
    431: ErrorPage(
        gettext_noop("Your browser sent too many cookies"),
        (
            gettext_noop("Together with what it remembers of this site, your request is larger than we accept."),
            gettext_noop("Delete this site's cookies in your browser's settings, then try again."),
        ),
    ),
    500: ErrorPage(
        gettext_noop("Something failed on our side"),
        (gettext_noop("This isn't your fault, and we have a record of it."), gettext_noop("Try again in a minute.")),
    ),
    503: ErrorPage(
        gettext_noop("We can't reach our records right now"),
        (gettext_noop("The desk is running, but its database doesn't answer."), gettext_noop("Try again in a minute.")),
    ),
}


def init_error_pages(app: Flask, without_database: Mapping[str, Responder]) -> None:
    """Answer every error with a page that helps.

    ``without_database`` names the endpoints that answer in their own way where the database doesn't.
    """

    def no_database(error: Exception) -> Response:
        log_failure(error)
        return without_database.get(request.endpoint or "", _no_database)()

    app.register_error_handler(HTTPException, _expected)
    app.register_error_handler(DBAPIError, no_database)
    app.register_error_handler(PoolTimeout, no_database)
    app.register_error_handler(Exception, _unexpected)


def error_page(status: int) -> Response:
    """The page for an HTTP status."""
    problem = ERROR_PAGES.get(status) or ERROR_PAGES[500 if status >= 500 else 400]
    answer = page(
        "error.html",
        status,
        problem=problem.translated(),
        kept=_(BACK) if request.method == "POST" else "",
        quote=g.get("request_id", "") if status >= 500 else "",
    )
    if status in {429, 503}:
        answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _expected(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400 or error.response is not None:
        return Response.force_type(error.get_response(request.environ), request.environ)
    if status == 413:
        _drain()
    guide = web().guide
    if status == 404 and guide is not None and not in_desk():
        return guide.missing_page() or error_page(404)
    answer = error_page(status)
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            answer.headers[name] = value
    return answer


def _no_database() -> Response:
    return error_page(503)


def _unexpected(error: Exception) -> Response:
    log_failure(error)
    return error_page(500)


def _drain() -> None:
    """Read what is still coming in, so that the browser gets the page and not a reset connection.

    Werkzeug leaves that to the web server, and not every server does it.
    """
    left = min(request.content_length or 0, DRAINED_BYTES)
    stream = request.environ["wsgi.input"]
    while left > 0:
        chunk = stream.read(min(left, 64 * 1024))
        if not chunk:
            return
        left -= len(chunk)

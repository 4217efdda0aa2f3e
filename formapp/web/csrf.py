"""Whether a form comes from a page of ours: its origin first, a token where that can't tell.

The origin is judged before any cookie is looked at: an authority that the browser adds by itself
must not count before the page that used it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from flask import Flask, request
from flask_wtf.csrf import generate_csrf, validate_csrf  # type: ignore[import-untyped]
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from formapp.web.body.form_data import form_data
from formapp.web.context import web

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN = "csrf_token"  # noqa: S105 - a field's name

Responder = Callable[[], Response]


def csrf_token() -> str:
    """A fresh token for a form of this browser."""
    return str(generate_csrf())


def check_origin(fetch_site: str | None, origin: str | None, allowed: Collection[str]) -> bool:
    """Whether the page that sends a form is on this origin or on the exact list; unknown is False.

    ``Sec-Fetch-Site`` can't be forged by a page and is there on https and on the loopback even under
    ``Referrer-Policy: no-referrer``, which turns ``Origin`` into ``null``; plain http sends only ``Origin``.
    "Same site" is a sibling host, and no reason for trust. See the Fetch Metadata specification (W3C).
    """
    if fetch_site == "same-origin":
        return True
    return origin is not None and origin != "null" and origin in allowed


def init_csrf(
    app: Flask,
    answers: Mapping[str, Responder],
    by_origin: Mapping[str, Responder],
    otherwise: Responder,
    from_anywhere: Collection[str],
) -> None:
    """Check every request that changes something before its view runs; those of ``from_anywhere`` are let through.

    ``answers`` names the endpoints that answer an untrusted form in their own way, ``otherwise`` is the answer of
    all others. Those of ``by_origin`` are for script and carry no token: their answer is given before anything of
    the body is read.
    """

    @app.before_request
    def refuse_untrusted() -> Response | None:
        if request.method in SAFE or request.endpoint is None or request.endpoint in from_anywhere:
            return None
        if request.endpoint in by_origin:
            return None if _is_own_page() else by_origin[request.endpoint]()
        if is_trusted_request():
            return None
        return answers.get(request.endpoint, otherwise)()


def is_trusted_request() -> bool:
    """Whether the form came from an allowed page, or carries this browser's token."""
    if _is_own_page():
        return True
    try:
        validate_csrf(form_data().get(TOKEN))
    except ValidationError:
        return False
    return True


def _is_own_page() -> bool:
    return check_origin(request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin"), web().origins)

"""Under which address people come is the settings' to say: no request's ``Host`` decides where anybody is led."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, current_app, make_response, redirect, request
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from formapp.web.context import web
from supportpolicy.languages import current_language, direction

# Load balancers ask each machine by its own address.
FOR_EVERY_HOST = frozenset({"monitoring.health", "monitoring.ready"})


def init_hosts(app: Flask) -> None:
    """Answer only requests for the desk's own host, or for that of an allowed origin; the port doesn't count."""
    known = frozenset(urlsplit(origin).hostname for origin in app.extensions["formapp"].origins)

    @app.before_request
    def check() -> Response | None:
        if request.endpoint in FOR_EVERY_HOST:
            return None
        if _host_named(request.host) not in known:
            return _misdirected()
        slashes = request.routing_exception
        if isinstance(slashes, RequestRedirect):
            # The router leads to where the request said that it came.
            address = urlsplit(slashes.new_url)
            query = f"?{address.query}" if address.query else ""
            return redirect(f"{web().services.settings.base_url}{address.path}{query}", slashes.code)
        return None


@lru_cache(maxsize=64)
def _host_named(asked_for: str) -> str | None:
    """The host that a request asks for, without its port; None for none, and for what can't be one."""
    try:
        return urlsplit(f"//{asked_for}").hostname
    except ValueError:
        return None


def _misdirected() -> Response:
    """A page that stands alone: what it would load from this host were refused, too."""
    base_url = web().services.settings.base_url
    template, language = current_app.jinja_env.get_template("misdirected.html"), current_language()
    answer = make_response(template.render(base_url=base_url, lang=language, dir=direction(language)), 421)
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
    return answer

"""The headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response

from formapp.web.context import in_desk, web
from formapp.web.shell import Shell

PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), payment=(), usb=()"
)
TWO_YEARS = 2 * 365 * 24 * 3600


def page_csp(shell: Shell) -> str:
    """The Content-Security-Policy of the app's pages: nothing but this origin and the layout's own scripts."""
    scripts = " ".join(("'self'", *shell.script_hashes))
    styles = " ".join(("'self'", *shell.style_hashes))
    return (
        f"default-src 'self'; script-src {scripts}; style-src {styles}; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def init_headers(app: Flask) -> None:
    """Put the security headers on every answer."""

    @app.after_request
    def add(answer: Response) -> Response:
        desk = web()
        headers = answer.headers
        if desk.guide is not None and not in_desk():
            headers.setdefault("Content-Security-Policy", desk.guide.csp())
        elif answer.mimetype == "text/html":
            headers.setdefault("Content-Security-Policy", page_csp(desk.shell.current()))
        else:
            headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if desk.https:
            headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}")
        return answer

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


def page_csp(shell: Shell, guide_csp: str) -> str:
    """The Content-Security-Policy of the app's pages: nothing but this origin and the inline code of the layout.

    The guide's own hashes are in it too: with instant navigation a page of the guide that is opened
    from here still runs under this policy.
    """
    return (
        f"default-src 'self'; script-src {_sources('script-src', guide_csp, shell.script_hashes)}; "
        f"style-src {_sources('style-src', guide_csp, shell.style_hashes)}; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


def _sources(directive: str, guide_csp: str, own: tuple[str, ...]) -> str:
    allowed = [words.split()[1:] for words in guide_csp.split(";") if words.split()[:1] == [directive]]
    return " ".join(dict.fromkeys(["'self'", *own, *(allowed[0] if allowed else ())]))


def init_headers(app: Flask) -> None:
    """Put the security headers on every answer."""

    @app.after_request
    def add(answer: Response) -> Response:
        desk = web()
        headers = answer.headers
        if desk.guide is not None and not in_desk():
            headers.setdefault("Content-Security-Policy", desk.guide.csp())
        elif answer.mimetype == "text/html":
            headers.setdefault(
                "Content-Security-Policy", page_csp(desk.shell.current(), desk.guide.csp() if desk.guide else "")
            )
        else:
            headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        headers.setdefault("X-Content-Type-Options", "nosniff")
        headers.setdefault("Referrer-Policy", "same-origin")
        headers.setdefault("Permissions-Policy", PERMISSIONS)
        headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
        if desk.https:
            headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}")
        return answer

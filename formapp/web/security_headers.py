"""The headers that every answer carries."""

from __future__ import annotations

from flask import Flask, Response

from formapp.web.context import Web, in_desk, web
from formapp.web.layout.shell import Shell
from formapp.web.site import FALLBACK_CSP

PERMISSIONS = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), payment=(), usb=()"
)
STRICT_TRANSPORT = ("Strict-Transport-Security", f"max-age={2 * 365 * 24 * 3600}")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS,
    "Cross-Origin-Opener-Policy": "same-origin",
}


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


def _csp(desk: Web, answer: Response) -> str:
    """The Content-Security-Policy of an answer; one that leads elsewhere shows nothing."""
    if desk.guide is not None and not in_desk():
        # A page with our blocks brings its build's own policy; one without is as its writers made it.
        return FALLBACK_CSP
    if not answer.location and answer.mimetype == "text/html":
        return page_csp(desk.shell.current(), desk.guide.csp() if desk.guide else "")
    return "default-src 'none'; frame-ancestors 'none'"


def init_headers(app: Flask, *, https: bool) -> None:
    """Put the security headers on every answer; what an answer has already stays."""
    always = [*ALWAYS.items(), *([STRICT_TRANSPORT] if https else [])]

    @app.after_request
    def add(answer: Response) -> Response:
        desk = web()
        there = {name.lower() for name in answer.headers.keys()}  # noqa: SIM118 - Headers isn't a dict
        if "content-security-policy" not in there:
            answer.headers.add("Content-Security-Policy", _csp(desk, answer))
        for name, value in always:
            if name.lower() not in there:
                answer.headers.add(name, value)
        return answer

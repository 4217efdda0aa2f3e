"""What script needs to keep a form in the browser and to send it with care."""

from __future__ import annotations

from markupsafe import Markup

from formapp.widgets.rendering import ENVIRONMENT
from supportpolicy import Policy


def render_draft_line() -> Markup:
    """The line at a form's top that says what the browser keeps of it."""
    return _macro("draft_line")


def render_sending(policy: Policy, fields: str, alive_url: str, filled: str) -> Markup:
    """What follows a form's button.

    ``fields`` are the names of what the browser keeps, with spaces between; ``alive_url`` is where script
    asks whether the desk answers; ``filled`` is the text that the server shows, which wins over what was kept.
    """
    return _macro("sending", fields, alive_url, policy.contact_email, filled)


def _macro(name: str, *words: str) -> Markup:
    return Markup(getattr(ENVIRONMENT.get_template("sending.html").module, name)(*words))  # noqa: S704 - escaped by Jinja

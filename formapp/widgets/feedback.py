"""Was this page helpful? A small form that stands at the end of a page and needs no script."""

from __future__ import annotations

from markupsafe import Markup

from formapp.widgets.rendering import render
from supportpolicy import Policy

BECAUSE_LENGTH = 1_000
"""So many characters a reason has at the most."""


def render_feedback(policy: Policy, *, action: str, page: str) -> Markup:
    """The question about the page of this path; ``action`` is where the answer is posted."""
    return render("feedback.html", policy, action=action, page=page, most=BECAUSE_LENGTH)

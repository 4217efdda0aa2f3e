"""Instants on pages."""

from __future__ import annotations

from datetime import datetime

from markupsafe import Markup

from supportpolicy import Policy


def instant_html(words: str, instant: datetime, policy: Policy) -> Markup:
    """The words as a time element; the page's script adds the reader's own time where it differs."""
    return Markup('<support-time data-zone="{}"><time datetime="{}">{}</time></support-time>').format(
        policy.calendar.zone.key, instant.isoformat(timespec="seconds"), words
    )

"""Links from a page of the guide, and from its headings, to the form, which say where their reader was."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from markupsafe import Markup

from formapp.translation import gettext as _
from formapp.widgets.rendering import spoken

PREFIX = "help-"
"""Begins the names of what a link says, so that they are never those of a form's own fields."""


def help_url(form_url: str, told: Mapping[str, str]) -> str:
    """The form's address with what is told of the page: its path with the section's anchor, words, the version."""
    query = urlencode([(f"{PREFIX}{name}", said) for name, said in told.items() if said], safe="/")
    return f"{form_url}{'&' if '?' in form_url else '?'}{query}" if query else form_url


def render_page_help(url: str) -> Markup:
    """What stands at the end of a page."""
    return _line(_("Need help with this page?"), url, _("Open a ticket"))


def render_missing_page_help(url: str) -> Markup:
    """What stands on the page for addresses that aren't there; script adds which one it was."""
    line = _line(_("Can’t find what you are looking for?"), url, _("Open a ticket"))
    return Markup("<support-missing>{}</support-missing>").format(line)


def render_section_help(url: str, section: str) -> Markup:
    """What stands beside a heading; read aloud it names the section."""
    words = _("Need help with this section?")
    return Markup(
        '<p class="support-ask support-ask--section" {}><a href="{}" rel="nofollow">{}<span> {}</span></a></p>'
    ).format(spoken(), url, words, section)


def _line(question: str, url: str, link: str) -> Markup:
    return Markup('<p class="support-ask" {}>{} <a href="{}" rel="nofollow">{}</a></p>').format(
        spoken(), question, url, link
    )

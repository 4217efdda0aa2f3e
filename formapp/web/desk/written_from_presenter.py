"""Plain values for what a ticket's sender had read before: the page with its section, and suggested pages."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from formapp.models import Ticket
from formapp.translation import gettext as _
from formapp.web.tickets.page_help import page_link
from formapp.widgets.rendering import filled


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page that was suggested; ``link`` is empty where the desk's own guide doesn't have it."""

    title: str
    link: str


@dataclass(frozen=True, slots=True)
class ReadBefore:
    """What was read: words with a link, empty where nobody came from a page; and the pages that were suggested."""

    written_from: Markup
    pages_shown: tuple[ShownPage, ...]


def present_read_before(ticket: Ticket) -> ReadBefore:
    """What the ticket's sender had read before, as staff see it."""
    shown = tuple(ShownPage(title, page_link(path)) for path, title in ticket.pages_shown.items())
    return ReadBefore(_written_from(ticket), shown)


def _written_from(ticket: Ticket) -> Markup:
    told = ticket.written_from
    if missing := told.get("missing"):
        return filled(_("An address without a page: %(address)s"), address=_isolated(missing))
    if not (path := told.get("page")):
        return Markup()
    link = page_link(path)
    page = _isolated(told.get("title", path))
    parts = {
        "page": Markup('<a href="{}">{}</a>').format(link, page) if link else page,
        "section": _isolated(told.get("section", "")),
        "version": _isolated(told.get("version", "")),
    }
    sentences = {
        (False, False): "%(page)s",
        (True, False): _("%(page)s, section %(section)s"),
        (False, True): _("%(page)s, version %(version)s"),
        (True, True): _("%(page)s, section %(section)s, version %(version)s"),
    }
    return filled(sentences[bool(told.get("section")), bool(told.get("version"))], **parts)


def _isolated(words: str) -> Markup:
    return Markup("<bdi>{}</bdi>").format(words)

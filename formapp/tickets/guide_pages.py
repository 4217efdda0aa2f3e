"""Which page of the guide should have answered a ticket: staff name it, and customers never see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from formapp.database.retry import tried_again
from formapp.errors import TextRefused, UseCaseError
from formapp.models import PAGE_LENGTH, NamedPage
from formapp.services import Services
from formapp.text import normalise_line
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.widgets.built_site import GuidePage, guide_pages

FIELD = "guide_page"
_PATH = re.compile(r"/(?!/)[^\s?#]*")


class UnknownPage(UseCaseError):
    """The guide has no such page."""

    field = FIELD
    message = gettext_noop("Choose a page of the guide from the list")


def known_pages(services: Services) -> tuple[GuidePage, ...]:
    """The pages of the guide as the desk knows them; none where it is served without the desk's knowing."""
    return guide_pages(services.settings.site_dir)


def checked_page(services: Services, typed: str) -> str:
    """The path of the page that was typed, as a path or as a title.

    Where the desk knows no pages, any path will do. Raises UnknownPage.
    """
    try:
        line = normalise_line(typed, PAGE_LENGTH, gettext_noop("The page"))
    except TextRefused as refused:
        raise UnknownPage(refused.message) from None
    path, known = path_of(line), known_pages(services)
    titles = [page.path for page in known if page.title.casefold() == line.casefold()]
    if path in {page.path for page in known} or (not known and _PATH.fullmatch(path)):
        return path
    if len(titles) == 1:
        return titles[0]
    raise UnknownPage(_("There is no page “%(page)s” in the guide. Choose one from the list", page=line))


def path_of(address: str) -> str:
    """The page that an address on the site leads to, whichever of its sections."""
    return address.partition("#")[0].partition("?")[0]


def page_that_led(form_page: str, written_from: Mapping[str, str]) -> str:
    """The page of the guide that led to a ticket: the one whose link for help was pressed, else that of the form."""
    return path_of(written_from.get("page") or form_page)


@tried_again
def name_page(services: Services, account_id: int, ticket_id: int, typed: str, now: datetime, *, seen: int) -> None:
    """Name the page that should have answered a ticket, in place of the one before; an empty one takes it back.

    Raises UnknownPage, NotPermitted, NotFound, ChangedMeanwhile.
    """
    page = checked_page(services, typed) if typed.strip() else ""
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=seen) as action:
        record_page(action, page)


def record_page(action: TicketAction, page: str) -> None:
    """Store the page named on the ticket of an action, with an event where it is another; empty: none."""
    named = action.database.get(NamedPage, action.ticket.id)
    before = named.page if named is not None else ""
    if before == page:
        return
    if named is not None and not page:
        action.database.delete(named)
    elif named is not None:
        named.page, named.account_id, named.at = page, action.actor.id, action.now
    else:
        action.database.add(NamedPage(ticket_id=action.ticket.id, page=page, account_id=action.actor.id, at=action.now))
    action.record("page-named", {"page": [before, page]})


def named_page(services: Services, ticket_id: int) -> str:
    """The path of the page that staff have named on a ticket; empty where they haven't."""
    with services.read() as database:
        named = database.get(NamedPage, ticket_id)
    return named.page if named is not None else ""

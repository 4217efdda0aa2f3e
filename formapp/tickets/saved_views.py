"""Saved views: searches of the queue with a name, one's own or shared with everybody at the desk.

Who may change one is told in ``own_or_shared``.
"""

from __future__ import annotations

from datetime import datetime

from formapp.actors import require_staff
from formapp.errors import UseCaseError
from formapp.models import SavedView
from formapp.services import Services
from formapp.tickets import own_or_shared, search
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

LONGEST_NAME = 40
MOST_VIEWS = 20
"""Of one person."""


class NameTaken(UseCaseError):
    """One has a view of this name already."""

    field = "name"
    message = gettext_noop("You have a view of this name already. Choose another name")


class TooManyViews(UseCaseError):
    """One has as many views as one may have."""

    field = "name"

    def __init__(self) -> None:
        super().__init__(_("You have %(most)s views, which is the most. Delete one first", most=MOST_VIEWS))


def views_for(services: Services, viewer_id: int) -> tuple[SavedView, ...]:
    """One's own views and the shared ones, by name, with their owners, for staff. Raises NotPermitted."""
    with services.read() as database:
        require_staff(database, viewer_id)
        return own_or_shared.seen_by(database, SavedView, viewer_id)


def add_view(services: Services, account_id: int, name: str, typed: str, now: datetime, *, shared: bool) -> SavedView:
    """Save a search under a name, by staff.

    Raises NotPermitted, NameTaken, TooManyViews; TextRefused for a name and SearchRefused for a search that is none.
    """
    wanted = _name(name)
    with services.write.begin() as database:
        require_staff(database, account_id)
        words = search.parse_search(typed).as_search()
        if own_or_shared.number_of_own(database, SavedView, account_id) >= MOST_VIEWS:
            raise TooManyViews
        own_or_shared.must_be_free(database, SavedView, account_id, wanted, 0, NameTaken)
        view = SavedView(account_id=account_id, name=wanted, search=words, is_shared=shared, created_at=now)
        database.add(view)
        database.flush()
        return view


def change_view(services: Services, account_id: int, number: int, name: str, *, shared: bool) -> str:
    """Rename a view, share it or keep it for oneself; its name.

    Raises NotPermitted, NotFound, TextRefused, NameTaken.
    """
    with services.write.begin() as database:
        view = own_or_shared.changeable(database, SavedView, account_id, number)
        view.name = _name(name)
        own_or_shared.must_be_free(database, SavedView, view.account_id, view.name, view.id, NameTaken)
        view.is_shared = shared
        return view.name


def delete_view(services: Services, account_id: int, number: int) -> str:
    """Delete a view; its name. Raises NotPermitted, NotFound."""
    with services.write.begin() as database:
        view = own_or_shared.changeable(database, SavedView, account_id, number)
        database.delete(view)
        return view.name


def _name(typed: str) -> str:
    return own_or_shared.checked_name(typed, LONGEST_NAME, _("Enter a name for the view"))

"""Saved views: searches of the queue with a name, one's own or shared with everybody at the desk.

Whose a view is changes and deletes it. A shared one of somebody who has left the desk is everybody's.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from formapp.actors import require_staff
from formapp.errors import NotFound, TextRefused, UseCaseError
from formapp.models import Account, SavedView
from formapp.services import Services
from formapp.text import is_blank, normalise_line
from formapp.tickets import search
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
    seen = or_(SavedView.account_id == viewer_id, SavedView.is_shared)
    with services.read() as database:
        require_staff(database, viewer_id)
        found = database.scalars(select(SavedView).where(seen).options(joinedload(SavedView.owner))).all()
    return tuple(sorted(found, key=lambda view: (view.name.casefold(), view.id)))


def may_change(view: SavedView, account_id: int) -> bool:
    """Whether somebody of the staff may change a view that comes with its owner."""
    return view.account_id == account_id or (view.is_shared and not _works(view.owner))


def add_view(services: Services, account_id: int, name: str, typed: str, now: datetime, *, shared: bool) -> SavedView:
    """Save a search under a name, by staff.

    Raises NotPermitted, NameTaken, TooManyViews; TextRefused for a name and SearchRefused for a search that is none.
    """
    wanted = _name(name)
    with services.write.begin() as database:
        require_staff(database, account_id)
        words = search.parse_search(typed).as_search()
        number = database.scalar(select(func.count()).select_from(SavedView).where(SavedView.account_id == account_id))
        if (number or 0) >= MOST_VIEWS:
            raise TooManyViews
        _must_be_free(database, account_id, wanted, 0)
        view = SavedView(account_id=account_id, name=wanted, search=words, is_shared=shared, created_at=now)
        database.add(view)
        database.flush()
        return view


def change_view(services: Services, account_id: int, number: int, name: str, *, shared: bool) -> str:
    """Rename a view, share it or keep it for oneself; its name.

    Raises NotPermitted, NotFound, TextRefused, NameTaken.
    """
    with services.write.begin() as database:
        view = _changeable(database, account_id, number)
        view.name = _name(name)
        _must_be_free(database, view.account_id, view.name, view.id)
        view.is_shared = shared
        return view.name


def delete_view(services: Services, account_id: int, number: int) -> str:
    """Delete a view; its name. Raises NotPermitted, NotFound."""
    with services.write.begin() as database:
        view = _changeable(database, account_id, number)
        database.delete(view)
        return view.name


def _changeable(database: Session, account_id: int, number: int) -> SavedView:
    require_staff(database, account_id)
    view = database.scalar(
        select(SavedView)
        .where(SavedView.id == number)
        .options(joinedload(SavedView.owner))
        .with_for_update(of=SavedView)
    )
    if view is None or not may_change(view, account_id):
        raise NotFound
    return view


def _works(account: Account) -> bool:
    return account.is_staff and account.disabled_at is None


def _name(typed: str) -> str:
    try:
        name = " ".join(normalise_line(typed, LONGEST_NAME, gettext_noop("The name")).split())
    except TextRefused as refused:
        raise TextRefused(refused.message, "name") from None
    if is_blank(name):
        raise TextRefused(_("Enter a name for the view"), "name")
    return name


def _must_be_free(database: Session, account_id: int, name: str, but_for: int) -> None:
    others = select(SavedView.name).where(SavedView.account_id == account_id, SavedView.id != but_for)
    # Few enough to be compared here: databases know capitals of ASCII alone.
    if name.casefold() in {other.casefold() for other in database.scalars(others)}:
        raise NameTaken

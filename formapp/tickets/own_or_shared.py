"""What staff keep under a name for their own work: saved views of the queue, saved replies.

Each is one's own or shared with everybody at the desk. Whose it is changes and deletes it; a shared one of somebody
who has left the desk is everybody's.
"""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, joinedload

from formapp.actors import require_staff
from formapp.errors import NotFound, TextRefused, UseCaseError
from formapp.models import Account, SavedReply, SavedView
from formapp.text import is_blank, normalise_line
from formapp.translation import gettext_noop

Kept = TypeVar("Kept", SavedView, SavedReply)
Model = type[SavedView] | type[SavedReply]


def seen_by(database: Session, model: type[Kept], account_id: int) -> tuple[Kept, ...]:
    """One's own and the shared ones, by name, with their owners."""
    seen = or_(model.account_id == account_id, model.is_shared)
    found = database.scalars(select(model).where(seen).options(joinedload(model.owner))).all()
    return tuple(sorted(found, key=lambda kept: (kept.name.casefold(), kept.id)))


def may_change(kept: SavedView | SavedReply, account_id: int) -> bool:
    """Whether somebody of the staff may change what comes with its owner."""
    return kept.account_id == account_id or (kept.is_shared and not _works(kept.owner))


def changeable(database: Session, model: type[Kept], account_id: int, number: int) -> Kept:
    """What an account of the staff wants to change, held. Raises NotPermitted, NotFound."""
    require_staff(database, account_id)
    kept = database.scalar(
        select(model).where(model.id == number).options(joinedload(model.owner)).with_for_update(of=model)
    )
    if kept is None or not may_change(kept, account_id):
        raise NotFound
    return kept


def number_of_own(database: Session, model: Model, account_id: int) -> int:
    """How many a person has."""
    return database.scalar(select(func.count()).select_from(model).where(model.account_id == account_id)) or 0


def checked_name(typed: str, longest: int, missing: str) -> str:
    """A name as it is stored. Raises TextRefused; ``missing`` is what to say where nothing is typed."""
    try:
        name = " ".join(normalise_line(typed, longest, gettext_noop("The name")).split())
    except TextRefused as refused:
        raise TextRefused(refused.message, "name") from None
    if is_blank(name):
        raise TextRefused(missing, "name")
    return name


def must_be_free(
    database: Session, model: Model, account_id: int, name: str, but_for: int, taken: type[UseCaseError]
) -> None:
    """Raises ``taken`` where another than number ``but_for`` of the person's own has this name."""
    others = select(model.name).where(model.account_id == account_id, model.id != but_for)
    # Few enough to be compared here: databases know capitals of ASCII alone.
    if name.casefold() in {other.casefold() for other in database.scalars(others)}:
        raise taken


def _works(account: Account) -> bool:
    return account.is_staff and account.disabled_at is None

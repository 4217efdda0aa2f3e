"""Work of the worker that was given up: what it was, since when, why; and trying it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update

from formapp.actors import Actor, require_staff
from formapp.database.retry import tried_again
from formapp.errors import NotFound, UseCaseError
from formapp.models import LARGEST_ID, Attachment, FailedWork, reference_of
from formapp.services import Services
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

WORDS = {
    "notices": gettext_noop("Warnings of its deadlines"),
    "rendering": gettext_noop("Layout of a message, which is shown as it was typed"),
    "preview": gettext_noop("Preview of a picture"),
}


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Work that was given up: on which ticket, what it was in words, since when it fails, and why."""

    id: int
    reference: str
    what: str
    first_failed_at: datetime
    given_up_at: datetime
    reason: str


def given_up(services: Services, most: int = 50) -> tuple[GivenUp, ...]:
    """What was given up, the oldest first."""
    wanted = select(FailedWork).where(FailedWork.given_up_at.is_not(None)).order_by(FailedWork.id).limit(most)
    with services.read() as database:
        rows = database.scalars(wanted).all()
        pictures = [row.item for row in rows if row.kind == "preview"]
        names = dict(database.execute(select(Attachment.id, Attachment.name).where(Attachment.id.in_(pictures))).all())
    return tuple(
        GivenUp(
            id=row.id,
            reference=reference_of(row.ticket_id),
            what=_(WORDS[row.kind]) + (f": “{names[row.item]}”" if row.kind == "preview" and row.item in names else ""),
            first_failed_at=row.first_failed_at,
            given_up_at=row.given_up_at,
            reason=row.reason,
        )
        for row in rows
        if row.given_up_at is not None
    )


def counts(services: Services) -> Mapping[str, int]:
    """How much was given up, by its kind."""
    with services.read() as database:
        found = database.execute(
            select(FailedWork.kind, func.count()).where(FailedWork.given_up_at.is_not(None)).group_by(FailedWork.kind)
        )
        return dict(found.all())


@tried_again
def try_again(services: Services, actor: Actor, number: int, now: datetime) -> None:
    """Let the worker take given-up work as if it had never failed, for staff.

    Raises NotFound, NotPermitted, or UseCaseError for other work.
    """
    with services.write.begin() as database:
        require_staff(database, actor)
        row = database.get(FailedWork, number, with_for_update=True) if 0 < number <= LARGEST_ID else None
        if row is None:
            raise NotFound(f"There is no work {number} that failed")
        if row.given_up_at is None:
            raise UseCaseError(_("This has not been given up: it is tried again by itself"))
        if row.kind == "preview":
            database.execute(
                update(Attachment).where(Attachment.id == row.item).values(preview="pending", attempts=0, work_at=now)
            )
        row.attempts, row.given_up_at, row.retry_at = 0, None, now

"""Closures: time when support is closed during its usual hours, announced by staff.

A closure counts for targets set from its announcement on. Targets set before stay as they are, and so do
those that were set before the closure was cancelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, bindparam, exists, or_, select, text

from formapp.actors import Actor, require_staff
from formapp.database.retry import tried_again
from formapp.errors import AlreadyExists, NotFound, TextRefused, UseCaseError
from formapp.models import StoredClosure
from formapp.services import Services
from formapp.text import is_blank, normalise_line
from formapp.translation import gettext as _
from supportpolicy import Closure, NeverOpen, Policy

NOTE_LENGTH = 200
_IS_KNOWN = and_(
    StoredClosure.ends_at > bindparam("since"),
    StoredClosure.created_at <= bindparam("set_at"),
    or_(StoredClosure.cancelled_at.is_(None), StoredClosure.cancelled_at > bindparam("set_at")),
)
_KNOWN = (
    select(StoredClosure.starts_at, StoredClosure.ends_at, StoredClosure.note)
    .where(_IS_KNOWN)
    .order_by(StoredClosure.starts_at, StoredClosure.id)
)
ANY_KNOWN = exists().where(_IS_KNOWN)
"""Whether ``closures_known_at`` gives any, as part of a question that asks for more."""


@tried_again
def add_closure(
    services: Services, actor: Actor, start: datetime, end: datetime, note: str, now: datetime
) -> StoredClosure:
    """Announce a closure between two aware instants, for staff. Raises UseCaseError with its field and a sentence.

    NotPermitted is one of them, and AlreadyExists: the same was announced before, and wasn't cancelled.
    """
    with services.read() as database:
        require_staff(database, actor)
    try:
        words = normalise_line(note, NOTE_LENGTH)
    except TextRefused as refused:
        raise TextRefused(refused.message, "note") from None
    if is_blank(words):
        raise UseCaseError(_("Enter what people will read, for example “Moving to a new office”"), "note")
    if end <= start:
        raise UseCaseError(_("The end must come after the start"), "end")
    if end <= now:
        raise UseCaseError(_("The end must be in the future: a closure never changes what has passed"), "end")
    wanted = Closure(start, end, words)
    if not leave_open_time(services.policy, [wanted], now):
        raise UseCaseError(_("Support must open again within ten years"), "end")
    closure = StoredClosure(starts_at=start, ends_at=end, note=words, created_at=now)
    with services.write.begin() as database:
        if database.get_bind().dialect.name == "postgresql":
            # Two that are announced at once must see each other; SQLite has one writer at a time anyway.
            database.execute(text("LOCK TABLE closures IN SHARE ROW EXCLUSIVE MODE"))
        same = select(StoredClosure.id).where(
            StoredClosure.starts_at == start,
            StoredClosure.ends_at == end,
            StoredClosure.note == words,
            StoredClosure.cancelled_at.is_(None),
        )
        if database.scalar(same.limit(1)) is not None:
            raise AlreadyExists(_("This closure is announced already"), "start")
        if not leave_open_time(services.policy, [*closures_known_at(database.connection(), now, now), wanted], now):
            raise UseCaseError(
                _(
                    "With the closures that are announced already, support would not open again within ten years. "
                    "Cancel one of them, or choose an earlier end"
                ),
                "end",
            )
        database.add(closure)
    return closure


def leave_open_time(policy: Policy, closed: Sequence[Closure], now: datetime) -> bool:
    """Whether each promise can still be kept under these closures, for a ticket sent at any time from now on."""
    # The worst times to send a ticket are the beginnings of the closures.
    sent_at = {now, *(closure.start for closure in closed if closure.start > now)}
    try:
        for instant in sent_at:
            for priority in policy.priorities:
                policy.deadlines(priority.id, instant, closures=closed)
    except (NeverOpen, OverflowError):
        # Never within ten years, or not before the calendar itself ends.
        return False
    return True


def local_instant(typed: str, field: str, zone: ZoneInfo) -> datetime:
    """The instant of a date and a time as people write them, by the zone's clock where they name no other.

    Raises UseCaseError for anything else, and for a time that the zone's clock skips.
    """
    try:
        local = datetime.fromisoformat(typed)
        if len(typed) < len("2026-12-24T12:00"):
            # A day alone would be its midnight, which is what nobody means by an end.
            raise ValueError(typed)
    except ValueError:
        raise UseCaseError(_not_a_time(typed, field), field) from None
    if local.tzinfo is not None:
        return local
    instant = local.replace(tzinfo=zone)
    if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise UseCaseError(
            _("There is no %(clock)s on that day: the clocks go forward then", clock=f"{local:%H:%M}"), field
        )
    return instant


def _not_a_time(typed: str, field: str) -> str:
    if field == "start":
        return _('The start must be a date and a time, as in 2026-12-24T12:00, not "%(typed)s"', typed=typed)
    return _('The end must be a date and a time, as in 2026-12-24T12:00, not "%(typed)s"', typed=typed)


@tried_again
def cancel_closure(services: Services, actor: Actor, number: int, now: datetime) -> None:
    """Cancel a closure, for staff; targets that were set under it stay. Raises NotFound, NotPermitted."""
    with services.write.begin() as database:
        require_staff(database, actor)
        closure = database.get(StoredClosure, number)
        if closure is None or closure.cancelled_at is not None:
            raise NotFound(f"There is no closure {number}")
        closure.cancelled_at = now


def upcoming_closures(services: Services, now: datetime) -> tuple[StoredClosure, ...]:
    """The closures that aren't over and weren't cancelled, the next first."""
    with services.read() as database:
        found = database.scalars(
            select(StoredClosure)
            .where(StoredClosure.ends_at > now, StoredClosure.cancelled_at.is_(None))
            .order_by(StoredClosure.starts_at, StoredClosure.id)
        )
        return tuple(found)


def closures_known_at(connection: Connection, set_at: datetime, since: datetime) -> tuple[Closure, ...]:
    """The closures that targets set at ``set_at`` count with, for a ticket received at ``since``."""
    found = connection.execute(_KNOWN, {"set_at": set_at, "since": since})
    return tuple(Closure(start, end, note) for start, end, note in found)

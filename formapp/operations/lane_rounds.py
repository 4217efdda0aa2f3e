"""When each of the worker's lanes last finished a round: whoever watches the desk sees that it works."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from formapp.database.upsert import insert_for
from formapp.models import LaneRound
from formapp.services import Services

FETCHING_MAIL = "fetching mail"
"""The one lane that runs only where a setting asks for it."""
NOTED_EVERY = timedelta(seconds=15)
STALE_AFTER = timedelta(minutes=5)
"""A lane that hasn't finished a round for so long is stuck, or nobody runs it."""
_noted: dict[tuple[str, str], datetime] = {}


def note(services: Services, lane: str, now: datetime) -> None:
    """Note that a lane has finished a round; written at most every ``NOTED_EVERY``."""
    key = (services.settings.database_url, lane)
    if key in _noted and _noted[key] <= now < _noted[key] + NOTED_EVERY:
        return
    with services.write.begin() as database:
        statement = insert_for(database, LaneRound).values(lane=lane, finished_at=now)
        database.execute(statement.on_conflict_do_update(index_elements=[LaneRound.lane], set_={"finished_at": now}))
    _noted[key] = now


def last_rounds(services: Services) -> dict[str, datetime]:
    """When each lane last finished a round, by any worker; nothing where none has run yet."""
    with services.read() as database:
        return {row.lane: row.finished_at for row in database.scalars(select(LaneRound))}


def stale_lanes(services: Services, now: datetime) -> dict[str, timedelta]:
    """The lanes that haven't finished a round for too long, and for how long; none that nobody wants to run."""
    unwanted = set() if services.settings.imap_url else {FETCHING_MAIL}
    ages = {lane: now - at for lane, at in last_rounds(services).items() if lane not in unwanted}
    return {lane: age for lane, age in sorted(ages.items()) if age > STALE_AFTER}

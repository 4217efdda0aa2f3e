"""How often one person or network may ask for a link, send files, file a ticket or write: counted in the database.

A counter in a process's memory lets its limit through once per worker; rows are shared by all. Filed
tickets and messages need no counter of their own: they are the count.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from limits import RateLimitItem, RateLimitItemPerHour, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from sqlalchemy import case, delete
from sqlalchemy.exc import SQLAlchemyError

from formapp.best_effort import best_effort
from formapp.database.engine import BRIEFLY
from formapp.database.upsert import insert_for
from formapp.mail_address import normalise_address
from formapp.models import RateCounter
from formapp.services import Services

LINKS_TO_ONE_ADDRESS = parse("5 per 15 minutes")
LINKS_FROM_ONE_MACHINE = parse("30 per 15 minutes")
TEXTS_FROM_ONE_MACHINE = parse("30 per 15 minutes")
FEEDBACK_FROM_ONE_MACHINE = parse("30 per 15 minutes")
COPY_QUESTIONS_OF_ONE_PERSON = parse("20 per hour")
COPY_QUESTIONS_TO_ONE_ADDRESS = parse("3 per day")
TICKETS_AN_HOUR = 60
MESSAGES_AN_HOUR = 120
UPLOADS_AN_HOUR = 1000


class DatabaseStorage(Storage):
    """Counters of the ``limits`` package as rows that expire with their window."""

    STORAGE_SCHEME = None

    def __init__(self, services: Services, clock: Callable[[], datetime], patience: float | None = None) -> None:
        super().__init__()
        self._services = services
        self._clock = clock
        self._patience = patience

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that mean that the counters can't be reached."""
        return SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count ``amount`` more and return the window's sum; one statement, so that no two workers lose a count."""
        now = self._now()
        over = RateCounter.expires_at <= now
        with self._services.write.begin(self._patience) as database:
            database.execute(delete(RateCounter).where(over, RateCounter.key != key))
            statement = insert_for(database, RateCounter).values(key=key, amount=amount, expires_at=now + expiry)
            statement = statement.on_conflict_do_update(
                index_elements=[RateCounter.key],
                set_={
                    "amount": case((over, amount), else_=RateCounter.amount + amount),
                    "expires_at": case((over, now + expiry), else_=RateCounter.expires_at),
                },
            )
            return database.execute(statement.returning(RateCounter.amount)).scalar_one()

    def get(self, key: str) -> int:
        """The window's sum so far."""
        with self._services.read() as database:
            row = database.get(RateCounter, key)
        return row.amount if row is not None and row.expires_at > self._now() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970; the present where none is running."""
        with self._services.read() as database:
            row = database.get(RateCounter, key)
        return float(max(row.expires_at, self._now()) if row is not None else self._now())

    def check(self) -> bool:
        """Whether the counters can be read."""
        self.get("check")
        return True

    def reset(self) -> int | None:
        """Forget all counters and return how many there were."""
        with self._services.write.begin() as database:
            return len(database.execute(delete(RateCounter).returning(RateCounter.key)).all())

    def clear(self, key: str) -> None:
        """Forget one counter."""
        with self._services.write.begin() as database:
            database.execute(delete(RateCounter).where(RateCounter.key == key))

    def _now(self) -> int:
        return int(self._clock().timestamp())


class RateLimits:
    """What is too often."""

    def __init__(
        self,
        services: Services,
        clock: Callable[[], datetime],
        *,
        tickets_an_hour: int = TICKETS_AN_HOUR,
        messages_an_hour: int = MESSAGES_AN_HOUR,
        uploads_an_hour: int = UPLOADS_AN_HOUR,
    ) -> None:
        self._windows = FixedWindowRateLimiter(DatabaseStorage(services, clock))
        self._afterwards = FixedWindowRateLimiter(DatabaseStorage(services, clock, BRIEFLY))
        self._uploads = RateLimitItemPerHour(uploads_an_hour)
        self.tickets_an_hour = tickets_an_hour
        self.messages_an_hour = messages_an_hour

    def may_ask_for_link(self, email: str, machine: str) -> bool:
        """Count a request for a sign-in link; False once this address or this machine asks too often.

        What comes from a machine beyond its limit counts against no address, or it could shut others out.
        """
        return self._hit(LINKS_FROM_ONE_MACHINE, "machine", machine) and self._hit(
            LINKS_TO_ONE_ADDRESS, "address", normalise_address(email)
        )

    def may_keep_text(self, machine: str) -> bool:
        """Count a text that is kept while its writer signs in; False once this machine has too many kept."""
        return self._hit(TEXTS_FROM_ONE_MACHINE, "kept", machine)

    def may_give_feedback(self, machine: str) -> bool:
        """Count an answer about a page of the guide; False once this machine gives too many."""
        return self._hit(FEEDBACK_FROM_ONE_MACHINE, "feedback", machine)

    def may_ask_into_copy(self, account_id: int, email: str) -> bool:
        """Count a question by mail whether an address wants to be in copy; False once it is too many.

        One person asks so many, and one address is asked so often, whoever asks: nobody is buried in them.
        """
        return self._hit(COPY_QUESTIONS_OF_ONE_PERSON, "asks", str(account_id)) and self._hit(
            COPY_QUESTIONS_TO_ONE_ADDRESS, "asked", email
        )

    def uploads_left(self, network: str) -> int:
        """How many more files, or full megabytes of them, this network may send within the hour."""
        return self._windows.get_window_stats(self._uploads, *_key("upload", network)).remaining

    def count_uploads(self, network: str, uploads: int) -> None:
        """Count files that this network has sent, and the full megabytes that they have.

        They are stored by then: what can't be counted soon is let go.
        """
        with best_effort("counting uploads"):
            self._afterwards.hit(self._uploads, *_key("upload", network), cost=uploads)

    def _hit(self, limit: RateLimitItem, what: str, who: str) -> bool:
        return self._windows.hit(limit, *_key(what, who))


def _key(what: str, who: str) -> tuple[str, ...]:
    # Hashed, so that the table of counters lists nobody's address.
    return ("link", what, sha256(who.encode()).hexdigest()[:32])

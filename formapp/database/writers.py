"""Transactions that write, one at a time in this process where the database takes only one.

Writers of one process queue on a lock, because SQLite's own waiting is by lot and starves some of
them; those that file share a transaction, because each commit waits for the disk.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, sessionmaker

LOCK_SECONDS = 10
"""How long a writer waits for its turn."""
MOMENT_SECONDS = 0.0015
"""How long one who leads waits for as many as came the last time; nobody's waiting is felt."""

Result = TypeVar("Result")


@dataclass(eq=False, slots=True)
class _Job:
    """Work that waits for a transaction, and how it ended; ``woken`` opens when it has, or when it is to lead."""

    work: Callable[[Connection], Any]
    woken: threading.Lock = field(default_factory=threading.Lock)
    until: float = field(default_factory=lambda: time.monotonic() + LOCK_SECONDS)
    leads: bool = False
    result: Any = None
    error: BaseException | None = None


class Writers:
    """All who write, in line where ``one_at_a_time``; the engine's transactions must begin as writing ones."""

    def __init__(self, engine: Engine, *, one_at_a_time: bool) -> None:
        self._engine = engine
        self._sessions = sessionmaker(engine, expire_on_commit=False)
        self._lock = threading.Lock() if one_at_a_time else None
        # Kept open for ``together``, which would else fetch one and put it back each time.
        self._kept: Connection | None = None
        # The line, its guard, whether somebody leads it, how many the last commit served and the next is to serve.
        self.waiting: deque[_Job] = deque()
        self._line = threading.Condition(threading.Lock())
        self._led = False
        self._came = 1
        self._expected = 0

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One transaction: committed at the end, rolled back by any exception.

        Raises OperationalError where no turn comes within ``LOCK_SECONDS``.
        """
        if self._lock is None:
            with self._sessions.begin() as session:
                yield session
            return
        if not self._lock.acquire(timeout=LOCK_SECONDS):
            raise _no_turn()
        try:
            with self._sessions.begin() as session:
                yield session
        finally:
            self._lock.release()

    def together(self, work: Callable[[Connection], Result]) -> Result:
        """Run work in a transaction that other threads' work may share; what it returned, once committed.

        Where the database takes one writer at a time, the first of those who wait does the work of all
        and commits once, so that they wait for the disk together. An exception undoes the work that
        raised it and no other. The work may be run by another thread, and a second time after it was
        undone, so it must change nothing but the database.

        Raises what the work raises, and OperationalError where no turn comes within ``LOCK_SECONDS``.
        """
        if self._lock is None:
            with self._engine.begin() as connection:
                return work(connection)
        job = _Job(work)
        job.woken.acquire()
        with self._line:
            self.waiting.append(job)
            if len(self.waiting) == self._expected:
                self._line.notify()
            job.leads, self._led = not self._led, True
        if not job.leads:
            self._wait(job)
        if job.leads:
            self._lead(job, self._lock)
        if job.error is not None:
            raise job.error
        return cast(Result, job.result)

    def _wait(self, job: _Job) -> None:
        """Wait until the job has ended, or is to lead. Raises OperationalError where that takes too long."""
        if job.woken.acquire(timeout=LOCK_SECONDS):
            return
        with self._line:
            if not job.leads and job in self.waiting:
                self.waiting.remove(job)
                raise _no_turn()
        # Somebody has begun it by now, and will soon know how it ends; or it is to lead.
        job.woken.acquire()

    def _lead(self, job: _Job, lock: threading.Lock) -> None:
        """Do this work and all that waits; then wake those whose work it was, and who leads next."""
        jobs = [job]
        try:
            self._gather()
            if lock.acquire(timeout=max(0.0, job.until - time.monotonic())):
                try:
                    self._do_all(jobs)
                finally:
                    lock.release()
            else:
                with self._line:
                    self.waiting.remove(job)
                job.error = _no_turn()
        finally:
            with self._line:
                self._came = len(jobs)
                following = self.waiting[0] if self.waiting else None
                self._led = following is not None
                if following is not None:
                    following.leads = True
                    following.woken.release()
            for each in jobs[1:]:
                each.woken.release()

    def _gather(self) -> None:
        """Wait a moment for those who will come, where many write: each commit that they share is one less to wait for.

        As many as the last time are expected; more may come while another process has its turn.
        """
        with self._line:
            self._expected = self._came
            self._line.wait_for(lambda: len(self.waiting) >= self._expected, MOMENT_SECONDS)
            self._expected = 0

    def _do_all(self, jobs: list[_Job]) -> None:
        """Do the work of the first and all that waits, which joins the list; where some fails, each by itself."""
        with self._line:
            self.waiting.remove(jobs[0])
        try:
            with self._transaction() as connection:
                # While it began, another process may have kept us waiting; who came meanwhile joins.
                with self._line:
                    jobs += self.waiting
                    self.waiting.clear()
                for each in jobs:
                    each.result = each.work(connection)
        except OperationalError as error:
            # Locked, full or gone: none would fare better alone.
            for each in jobs:
                each.error = error
        except BaseException as error:  # noqa: BLE001 - raised again by the thread whose work it is
            jobs[0].error = error
            if len(jobs) > 1:
                for each in jobs:
                    self._run_alone(each)

    def _run_alone(self, job: _Job) -> None:
        job.result, job.error = None, None
        try:
            with self._transaction() as connection:
                job.result = job.work(connection)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread whose work it is
            job.error = error

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction on the kept connection, which is given up whatever goes wrong: nothing of that can stay."""
        if self._kept is None:
            self._kept = self._engine.connect().execution_options(kept=True)
        try:
            with self._kept.begin():
                yield self._kept
        except BaseException:
            self._let_go()
            raise

    def close(self) -> None:
        """Close what is kept open; the next who files opens it again."""
        if self._lock is not None:
            with self._lock:
                self._let_go()

    def _let_go(self) -> None:
        if self._kept is not None:
            self._kept.invalidate()
            self._kept.close()
            self._kept = None


def _no_turn() -> OperationalError:
    return OperationalError("BEGIN IMMEDIATE", None, TimeoutError("no turn to write"))

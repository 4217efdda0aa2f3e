"""The worker: sends what the outbox holds, looks through new files. Any number may run, on any number of machines."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy import ColumnElement
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as DatabaseTimeout

from formapp.attachments import jobs as attachment_jobs
from formapp.attachments import service as attachments
from formapp.hours import banner
from formapp.logs import failure_place, log
from formapp.models import OutboxMessage
from formapp.notifications import fanout, outbox, webhooks
from formapp.notifications.email import smtp
from formapp.notifications.outbox import Outcome
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.lanes import POOL_SIZE, DeliveryPool
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import replies, sla

IDLE_SECONDS = 2.0
OUTAGE_SECONDS = 10.0
SWEEP_PAUSE = timedelta(hours=1)


def send(services: Services, message: OutboxMessage, clock: Callable[[], datetime]) -> Outcome:
    """Send one message by its channel."""
    if message.channel == webhooks.CHANNEL:
        return deliver(services, message, clock)
    if message.channel == fanout.CHANNEL:
        return fanout.fan_out(services, message, clock())
    version = message.payload.get("policy_version")
    policy = policy_of(services, version) if version else services.policy
    return smtp.deliver(services, message, policy)


def run_once(services: Services, clock: Callable[[], datetime], only: ColumnElement[bool] | None = None) -> int:
    """Do all that is due: the guide's closures, the clock's notices, new messages' HTML, the outbox, new files.

    Returns how many messages were tried to send.
    """
    total = _desk_round(services, clock, only)
    while attachment_jobs.run_due(services, clock):
        pass
    return total


def _desk_round(services: Services, clock: Callable[[], datetime], only: ColumnElement[bool] | None) -> int:
    banner.write(services, clock())
    while sla.record_due_notices(services, clock):
        pass
    while replies.render_new(services):
        pass
    total = 0
    while tried := outbox.send_due(services, lambda message: send(services, message, clock), clock, only=only):
        total += tried
    return total


def run(services: Services, clock: Callable[[], datetime], stop: Event) -> None:
    """Do what comes due until told to stop; webhooks and files on threads of their own.

    A receiver or a scanner may be slow, and no mail waits for them.
    """
    lanes = DeliveryPool(services, clock)
    with ThreadPoolExecutor(POOL_SIZE + 2) as pool:
        running = [pool.submit(_through_outages, lambda: _run_desk(services, clock, stop), stop)]
        running += [
            pool.submit(_through_outages, lambda: lanes.run(stop, IDLE_SECONDS), stop) for _ in range(POOL_SIZE)
        ]
        running.append(pool.submit(_through_outages, lambda: _run_files(services, clock, stop), stop))
        wait(running, return_when=FIRST_EXCEPTION)
        stop.set()
        for one in running:
            one.result()


def _run_desk(services: Services, clock: Callable[[], datetime], stop: Event) -> None:
    while not stop.is_set():
        _desk_round(services, clock, OutboxMessage.channel != webhooks.CHANNEL)
        stop.wait(IDLE_SECONDS)


def _run_files(services: Services, clock: Callable[[], datetime], stop: Event) -> None:
    next_sweep = clock()
    while not stop.is_set():
        while attachment_jobs.run_due(services, clock, most=1) and not stop.is_set():
            pass
        if clock() >= next_sweep:
            sweep_files(services, clock())
            next_sweep = clock() + SWEEP_PAUSE
        stop.wait(IDLE_SECONDS)


def sweep_files(services: Services, now: datetime) -> int:
    """Remove the kept files whose time is over; how many. A store that is away is logged: the next sweep finds them."""
    try:
        removed = attachments.remove_expired(services, now)
    except OSError as error:
        log.warning("kept files not swept", reason=failure_place(error))
        return 0
    if removed:
        log.info("kept files swept", removed=removed)
    return removed


def _through_outages(round_of_work: Callable[[], object], stop: Event) -> None:
    """Go on after an outage of the database: nobody would start the worker again, and mails would wait unseen."""
    while not stop.is_set():
        try:
            round_of_work()
        except (DBAPIError, DatabaseTimeout) as error:
            log.warning("the worker waits for the database", error=failure_place(error))
            stop.wait(OUTAGE_SECONDS)

"""The worker: does what comes due, each kind of work in a lane of its own. Any number may run, on any machines.

No lane waits for another: a mail server that hangs delays no notice of the clock, and ten thousand
notifications no sign-in link. What fails in a lane is logged and tried again after a pause.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Event

from sqlalchemy import and_

from formapp.accounts import magic_links
from formapp.attachments import jobs as attachment_jobs
from formapp.attachments import service as attachments
from formapp.hours import banner
from formapp.incoming_mail import imap, processing
from formapp.logs import failure_place, log
from formapp.models import OutboxMessage
from formapp.notifications import fanout, outbox, webhooks
from formapp.notifications.email import smtp
from formapp.notifications.outbox import Outcome
from formapp.notifications.webhooks.delivery import deliver
from formapp.notifications.webhooks.delivery_pool import POOL_SIZE, DeliveryPool
from formapp.operations import lane_rounds, retention
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import replies, sla
from formapp.tickets.scoreboard import Scoreboard

Clock = Callable[[], datetime]
IDLE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 60.0
"""How long a lane pauses at the most after failures in a row."""
FIRST_PAUSE_SECONDS = 1.0
END_SECONDS = 15.0
"""How long the lanes may take to finish what they are at, when the worker is told to end."""
CLEANING_PAUSE = timedelta(hours=1)
FETCHING_PAUSE = timedelta(seconds=30)

_MAIL = OutboxMessage.channel == "mail"
_SIGN_IN = OutboxMessage.kind.in_(magic_links.MAIL_KINDS)


@dataclass(frozen=True, slots=True)
class Lane:
    """A kind of work with a thread of its own; ``work`` does what is due and says how much that was."""

    name: str
    work: Callable[[], int]


def lanes(services: Services, clock: Clock) -> Iterator[Lane]:
    """The lanes of one worker, the most urgent first."""
    pool, board = DeliveryPool(services, clock), Scoreboard(services)

    def send_some(*conditions: object) -> Callable[[], int]:
        only = and_(*conditions)  # type: ignore[arg-type]
        return lambda: outbox.send_due(services, lambda row: send(services, row, clock), clock, most=1, only=only)

    yield Lane("sign-in mail", send_some(_MAIL, _SIGN_IN))
    yield Lane("mail", send_some(_MAIL, ~_SIGN_IN))
    yield Lane("announcements", send_some(OutboxMessage.channel == fanout.CHANNEL))
    for number in range(1, POOL_SIZE + 1):
        yield Lane(f"webhooks {number}", lambda: int(pool.deliver_next()))
    if services.settings.imap_url:
        yield Lane(lane_rounds.FETCHING_MAIL, _every(FETCHING_PAUSE, clock, lambda: imap.fetch(services, clock)))
    yield Lane("incoming mail", lambda: processing.process_next(services, clock))
    yield Lane("clock", lambda: sla.record_due_notices(services, clock))
    yield Lane("closures", lambda: int(banner.write(services, clock())))
    yield Lane("scoreboard", lambda: int(board.write(clock())))
    yield Lane("rendering", lambda: replies.render_new(services, clock))
    yield Lane("files", lambda: attachment_jobs.run_due(services, clock, most=1))
    yield Lane("cleaning", _every(CLEANING_PAUSE, clock, lambda: sweep_files(services, clock())))
    yield Lane(
        "unsent mail", _every(CLEANING_PAUSE, clock, lambda: processing.hold_what_was_not_sent(services, clock()))
    )
    yield Lane("retention", _every(CLEANING_PAUSE, clock, lambda: retention.prune_some(services, clock())))


def send(services: Services, message: OutboxMessage, clock: Clock) -> Outcome:
    """Send one message by its channel."""
    if message.channel == webhooks.CHANNEL:
        return deliver(services, message, clock)
    if message.channel == fanout.CHANNEL:
        replies.render_before_it_is_told(services, message.payload.get("newest"))
        return fanout.fan_out(services, message, clock())
    if message.kind in magic_links.LIFETIMES:
        # However long it has waited here: its time counts from now.
        lifetime = magic_links.LIFETIMES[message.kind]
        magic_links.start_lifetime(services, message.payload["link"], clock(), lifetime)
    version = message.payload.get("policy_version")
    policy = policy_of(services, version) if version else services.policy
    return smtp.deliver(services, message, policy)


def run_once(services: Services, clock: Clock) -> int:
    """Do all that is due, then end. Returns how many messages were tried to send."""
    banner.write(services, clock())
    Scoreboard(services).write(clock())
    while sla.record_due_notices(services, clock):
        pass
    while processing.process_next(services, clock):
        pass
    while replies.render_new(services, clock):
        pass
    total = 0
    while tried := outbox.send_due(services, lambda message: send(services, message, clock), clock):
        total += tried
    while attachment_jobs.run_due(services, clock):
        pass
    return total


def run(services: Services, clock: Clock, stop: Event) -> None:
    """Do what comes due, lane by lane side by side, until told to stop."""
    threads = [
        threading.Thread(target=_run_lane, args=(services, lane, clock, stop), name=lane.name, daemon=True)
        for lane in lanes(services, clock)
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    # What a lane is at may hang for long; a message that it holds is another's when its lease runs out.
    for thread in threads:
        thread.join(END_SECONDS / len(threads))


def _run_lane(services: Services, lane: Lane, clock: Clock, stop: Event) -> None:
    failures = 0
    while not stop.is_set():
        try:
            done = lane.work()
            lane_rounds.note(services, lane.name, clock())
            failures = 0
        except Exception as error:  # noqa: BLE001 - whatever it is, the lane goes on
            failures += 1
            log.warning("lane failed", lane=lane.name, error=failure_place(error), failures=failures)
            stop.wait(min(FIRST_PAUSE_SECONDS * 2 ** (failures - 1), LONGEST_PAUSE_SECONDS))
            continue
        if not done:
            stop.wait(IDLE_SECONDS)


def _every(pause: timedelta, clock: Clock, work: Callable[[], int]) -> Callable[[], int]:
    """Work that comes again at once while it finds something, and after this pause where it found nothing."""
    next_time = clock()

    def when_due() -> int:
        nonlocal next_time
        if clock() < next_time:
            return 0
        done = work()
        if not done:
            next_time = clock() + pause
        return done

    return when_due


def sweep_files(services: Services, now: datetime) -> int:
    """Remove the staged files whose time is over; how many. A store that is away is logged, and tried again."""
    try:
        removed = attachments.remove_expired(services, now)
    except OSError as error:
        log.warning("staged files not removed", reason=failure_place(error))
        return 0
    if removed:
        log.info("staged files removed", removed=removed)
    return removed

"""What the worker does with attached files: has them scanned, then makes previews of pictures.

Each step is taken on a lease, like the outbox's messages: a worker that dies over a file leaves it to
another, and a picture over which they die again and again gets no preview.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update

from formapp import failed_work
from formapp.attachments import virus_scan
from formapp.attachments.previews import NoPreview, make_limited_preview
from formapp.attachments.service import PREVIEW
from formapp.attachments.virus_scan import Verdict
from formapp.backoff import pause_after
from formapp.failed_work import MOST_TRIES
from formapp.logs import failure_place, log
from formapp.models import Attachment
from formapp.services import Services

LEASE = timedelta(minutes=10)
WORK = "preview"
"""What making a preview is called where it fails. It is given up after ``MOST_TRIES``; a scan is tried for ever."""
NO_RESULT = "Each try ended without a result: the worker was ended over it"


def run_due(services: Services, clock: Callable[[], datetime], most: int = 100) -> int:
    """Take the steps that are due, at the most so many, and return how many were taken."""
    for taken in range(most):
        attachment = _lease(services, clock())
        if attachment is None:
            return taken
        _store(services, attachment, _step(services, attachment, clock()), clock())
    return most


def _step(services: Services, attachment: Attachment, now: datetime) -> dict[str, Any]:
    """Take a file's next step; one that fails in a way nobody foresaw is put off, and holds up no other."""
    scans = attachment.scan in {"pending", "failed"}
    try:
        return _scanned(services, attachment, now) if scans else _previewed(services, attachment)
    except Exception as error:  # noqa: BLE001 - one file's trouble is no other's
        log.error("attachment put off", attachment=attachment.id, error=failure_place(error))
        if not scans and attachment.attempts >= MOST_TRIES:
            return _given_up(failed_work.reason_of(error))
        return {"work_at": now + pause_after(attachment.attempts)}


def _given_up(reason: str) -> dict[str, Any]:
    return {"preview": "failed", "work_at": None, "reason": reason}


def _lease(services: Services, now: datetime) -> Attachment | None:
    """Take the next file to look at; None while there is none."""
    due = Attachment.work_at <= now
    with services.read() as database:
        if not database.scalar(select(exists().where(due))):
            return None
    with services.write.begin() as database:
        chosen = select(Attachment).where(due).order_by(Attachment.work_at, Attachment.id).limit(1)
        attachment = database.scalar(chosen.with_for_update(skip_locked=True))
        if attachment is not None:
            attachment.work_at = now + LEASE
            attachment.attempts += 1
    return attachment


def _store(services: Services, attachment: Attachment, changes: dict[str, Any], now: datetime) -> None:
    """Note what came of a step; a lease that ran out meanwhile changes nothing. With a ``reason`` it is given up."""
    reason = changes.pop("reason", "")
    with services.write.begin() as database:
        stored = database.scalar(
            update(Attachment)
            .where(Attachment.id == attachment.id, Attachment.work_at == attachment.work_at)
            .values(**changes)
            .returning(Attachment.id)
        )
        if stored is None:
            return
        if reason:
            ticket, tries = attachment.ticket_id, attachment.attempts
            failed_work.give_up(database, WORK, attachment.id, ticket, tries, reason, now)
        elif changes["work_at"] is None:
            failed_work.forget(database, WORK, attachment.id)


def _scanned(services: Services, attachment: Attachment, now: datetime) -> dict[str, Any]:
    if not services.settings.scan:
        # The operator has switched the scanner off; what waited for it waits no longer.
        return _settled("none", "", attachment, now)
    try:
        verdict = virus_scan.scan(services.settings.scan, services.files.read(attachment.key))
    except OSError as error:
        verdict = Verdict("failed", f"The file can't be read: {type(error).__name__}")
    if verdict.state != "clean":
        # What the scanner says may quote the file; staff read it beside the file, and no log does.
        log.warning("attachment not clean", attachment=attachment.id, scan=verdict.state)
    if verdict.state == "failed":
        return {"scan": "failed", "scan_detail": verdict.detail, "work_at": now + pause_after(attachment.attempts)}
    return _settled(verdict.state, verdict.detail, attachment, now)


def _settled(scan: str, detail: str, attachment: Attachment, now: datetime) -> dict[str, Any]:
    """The file is judged; a picture that may be opened comes up again for its preview."""
    to_show = attachment.preview == "pending" and scan != "infected"
    return {
        "scan": scan,
        "scan_detail": detail,
        "preview": attachment.preview if to_show else "none",
        "attempts": 0,
        "work_at": now if to_show else None,
    }


def _previewed(services: Services, attachment: Attachment) -> dict[str, Any]:
    ended: dict[str, Any] = {"preview": "failed", "attempts": 0, "work_at": None}
    if attachment.preview != "pending":
        return {"attempts": 0, "work_at": None}
    if attachment.attempts > MOST_TRIES:
        return _given_up(NO_RESULT)
    try:
        with tempfile.TemporaryFile() as copy:
            copy.writelines(services.files.read(attachment.key))
            copy.seek(0)
            made = make_limited_preview(copy)
        services.files.put_derived(attachment.key, PREVIEW, made)
    except NoPreview as none:
        log.info("no preview", attachment=attachment.id, reason=str(none))
        return ended
    return {**ended, "preview": "made"}

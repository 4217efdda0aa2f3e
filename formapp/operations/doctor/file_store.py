"""Checks of the attachments: each row has its file, each file its row or somebody who may still send it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice

from sqlalchemy import func, select

from formapp.models import Attachment, Message, reference_of
from formapp.operations import shared_files
from formapp.operations.doctor.database import one_line
from formapp.operations.doctor.findings import Finding, first_of
from formapp.operations.doctor.records import NO_WORKER_AFTER, WORKER
from formapp.services import Services

LOST = "Put the file back from a backup of the files, or ask its sender for it again."
# The worker sweeps now and then; only what it has left for longer is worth a word.
SWEPT_AFTER = timedelta(hours=6)
_BATCH = 500


def store_writable(services: Services, _now: datetime) -> Iterator[Finding]:
    """The file store takes files."""
    try:
        services.files.check()
    except OSError as error:
        what = f"No file can be kept: {one_line(error.strerror or error)}."
        do = "Let the desk's user write there, or free some space. Until then tickets come without their files."
        yield Finding("file store", services.settings.files or str(services.settings.var / "files"), what, do)


def shared_by_all(services: Services, _now: datetime) -> Iterator[Finding]:
    """The files are where all machines on this database see them."""
    place = services.settings.files or str(services.settings.var / "files")
    if trouble := shared_files.why_not_shared(services):
        yield Finding("shared files", place, trouble, shared_files.HOW_TO_SHARE)
    elif trouble := shared_files.why_another(services):
        do = "Use the right store, or say that this is it: formapp doctor --adopt-files."
        yield Finding("shared files", place, trouble, do)


def rows_have_files(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each attachment's file is in the store, with the metadata that the row has."""
    yield from first_of(
        Finding("attachments", _where(row), trouble, LOST)
        for row in _rows(services)
        if (trouble := _trouble_with(services, row))
    )


def contents_are_those_sent(services: Services, _now: datetime) -> Iterator[Finding]:
    """Each attachment's bytes are those that were sent. Reads every file, so it takes its time."""
    for row in _rows(services):
        digest = sha256()
        try:
            for chunk in services.files.read(row.key):
                digest.update(chunk)
        except OSError as error:
            yield Finding(
                "contents", _where(row), f"The file can't be read: {one_line(error.strerror or error)}.", LOST
            )
            continue
        if digest.hexdigest() != row.digest:
            yield Finding("contents", _where(row), "The file's bytes aren't those that were sent.", LOST)


def files_have_rows(services: Services, now: datetime) -> Iterator[Finding]:
    """No file waits in the store that nobody can send any more."""
    listing, left = services.files.listing(), 0
    oldest = now - services.settings.keep.staged_files - SWEPT_AFTER
    while batch := dict(islice(listing, _BATCH)):
        with services.read() as database:
            attached = set(database.scalars(select(Attachment.key).where(Attachment.key.in_(batch))))
        left += sum(key not in attached and written < oldest for key, written in batch.items())
    if left:
        what = f"{left} {'file is' if left == 1 else 'files are'} kept that nobody attached in time."
        place = services.settings.files or str(services.settings.var / "files")
        yield Finding("unused files", place, what, "Remove them: formapp doctor --sweep.")


def work_done(services: Services, now: datetime) -> Iterator[Finding]:
    """No file waits for the scan or its preview although nobody works."""
    with services.read() as database:
        waiting, oldest = database.execute(
            select(func.count(), func.min(Attachment.work_at)).where(Attachment.work_at < now - NO_WORKER_AFTER)
        ).one()
    if waiting:
        what = f"{waiting} {'file waits' if waiting == 1 else 'files wait'} for the scan or the preview "
        yield Finding("file work", "attachments", f"{what}since {oldest:%Y-%m-%d %H:%M} UTC.", WORKER, "warning")
    with services.read() as database:
        failing, tries = database.execute(
            select(func.count(), func.max(Attachment.attempts)).where(
                Attachment.work_at.is_not(None), Attachment.scan == "failed"
            )
        ).one()
    if failing:
        what = f"{failing} {'file' if failing == 1 else 'files'} could not be scanned, in up to {tries} tries."
        do = "Mend the scanner; until then nobody gets these files. They are tried again by themselves."
        yield Finding("file work", "attachments", what, do, "warning")


def _rows(services: Services) -> Iterator[Attachment]:
    """All attachments, some at a time: each look is a short transaction of its own."""
    last = 0
    while True:
        with services.read() as database:
            rows = database.scalars(
                select(Attachment).where(Attachment.id > last).order_by(Attachment.id).limit(_BATCH)
            ).all()
        if not rows:
            return
        yield from rows
        last = rows[-1].id


def _trouble_with(services: Services, row: Attachment) -> str:
    metadata = services.files.metadata(row.key)
    if metadata is None:
        return "The file isn't in the store."
    if (metadata.get("size"), metadata.get("digest")) != (row.size, row.digest):
        return "The file in the store is another one than was attached."
    try:
        next(services.files.read(row.key), b"")
    except OSError as error:
        return f"The file can't be read: {one_line(error.strerror or error)}."
    return ""


def messages_of_their_ticket(services: Services, _now: datetime) -> Iterator[Finding]:
    """A file that came with a message belongs to that message's ticket."""
    strayed = (
        select(Attachment)
        .join(Message, Message.id == Attachment.message_id)
        .where(Message.ticket_id != Attachment.ticket_id)
        .limit(_BATCH)
    )
    with services.read() as database:
        rows = database.scalars(strayed).all()
    what = "The file belongs to a message of another ticket."
    yield from first_of(
        Finding("attached messages", _where(row), what, "Restore a backup that has them right.") for row in rows
    )


def _where(row: Attachment) -> str:
    return f"{reference_of(row.ticket_id)}, file {row.id} “{row.name}”"

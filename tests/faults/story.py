"""One filing with two files, told so that each of its steps may fail; and what must be true afterwards.

A person uploads two files and presses Send, a worker goes round. Whatever fails, what was acknowledged
is there whole, nothing is half there, and pressing Send once more makes one ticket.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from formapp import worker
from formapp.attachments import service as attachments
from formapp.attachments.upload import Upload
from formapp.database.engine import open_database
from formapp.models import Attachment, OutboxMessage, Ticket
from formapp.operations import doctor
from formapp.services import Services
from formapp.storage import open_file_store
from formapp.tickets import create, queries
from tests.builders import (
    NOW,
    Clock,
    build_customer,
    build_policy,
    build_services,
    build_settings,
    build_staff,
    stored,
    ticket_input,
)

HOUR = timedelta(hours=1)


def _picture() -> bytes:
    out = BytesIO()
    Image.effect_noise((96, 96), 80).save(out, "PNG")
    return out.getvalue()


# Larger than a buffer, so that a file is written in more than one go.
FILES = {"error.log": b"Error 502 at 14:00\n" * 9000, "Bildschirm.png": _picture()}


@dataclass
class Told:
    """What the person and the operator were told while things failed."""

    tokens: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    acknowledged: bool = False
    failed: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """A step that a disk or a database may spoil; any other failure is a complaint."""
        try:
            yield
        except (OSError, DBAPIError, PoolTimeout):
            self.failed.append(name)
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.complaints.append(f"{name}: {type(error).__name__}: {error}")


def build_desk(folder: Path) -> None:
    """A desk with a customer and staff, closed, to be copied for each telling."""
    services = build_services(folder)
    build_customer(services)
    build_staff(services)
    services.database.engine.dispose()


def open_desk(folder: Path) -> Services:
    """The desk of a folder, as ``make_services`` opens it, with the policy that is loaded already."""
    settings = build_settings(folder)
    return Services(settings, open_database(settings.database_url), build_policy(), open_file_store("", folder))


def tell(services: Services, told: Told, now: datetime = NOW) -> None:
    """Upload, send, and let the worker go round; each step whatever became of the one before."""
    for name, content in FILES.items():
        with told.step(f"upload {name}"):
            told.tokens[name] = _upload(services, name, content, now)
    send(services, told, now)
    told.acknowledged = bool(told.reference)
    with told.step("work"):
        worker.run_once(services, Clock(now))


def _upload(services: Services, name: str, content: bytes, now: datetime) -> str:
    upload = Upload(services, name, services.policy.form.attachments.size)
    try:
        for start in range(0, len(content), 64 * 1024):
            upload.write(content[start : start + 64 * 1024])
        return upload.finish(now).token
    except BaseException:
        upload.abandon()
        raise


def send(services: Services, told: Told, now: datetime) -> None:
    """Press Send with the files that were taken."""
    with told.step("send"):
        sent = ticket_input(files=tuple(told.tokens.values()))
        filed = create.create_ticket(services, 1, sent, now)
        if told.reference and filed.ticket.reference != told.reference:
            told.complaints.append(f"told {told.reference}, then {filed.ticket.reference}")
        told.reference = filed.ticket.reference


def judge(services: Services, told: Told) -> None:
    """Once the disk is well again: look, press Send once more, let the worker end its work, and look again."""
    look(services, told, NOW)
    failed = list(told.failed)
    send(services, told, NOW)
    # A lease runs out, and a step that was put off comes up again.
    for hours in (1, 2):
        with told.step("later work"):
            worker.run_once(services, Clock(NOW + hours * HOUR))
    look(services, told, NOW + 2 * HOUR)
    if told.failed != failed:
        told.complaints.append(f"failed on a disk that was well: {told.failed[len(failed) :]}")
    told.failed = failed
    if len(stored(services, Ticket)) != 1:
        told.complaints.append(f"{len(stored(services, Ticket))} tickets of one form")
    told.complaints += [
        f"never sent: {row.message_id}" for row in stored(services, OutboxMessage) if row.state == "due"
    ]
    told.complaints += [
        f"preview {row.preview}: {row.name}" for row in stored(services, Attachment) if row.preview == "pending"
    ]


def look(services: Services, told: Told, now: datetime) -> None:
    """The doctor finds nothing, and what was acknowledged is there with all its files' bytes."""
    report = doctor.examine(services, now, contents=True)
    told.complaints += [f"{one.check}: {one.where}: {one.what}" for one in report.problems]
    if not told.reference:
        return
    if told.reference not in [ticket.reference for ticket in stored(services, Ticket)]:
        told.complaints.append(f"{told.reference} was acknowledged and isn't there")
        return
    rows = attachments.attachments_of(services, queries.number_of(told.reference), with_notes=False)
    there = {row.name: row for row in rows}
    for name in told.tokens:
        if name not in there:
            told.complaints.append(f"{name} was acknowledged and isn't attached")
        elif (trouble := _other_bytes(services, there[name])) is not None:
            told.complaints.append(trouble)


def _other_bytes(services: Services, row: Attachment) -> str | None:
    try:
        same = b"".join(attachments.content(services, row)) == FILES[row.name]
    except OSError as error:
        return f"{row.name} can't be read: {error}"
    return None if same else f"{row.name} came back with other bytes"

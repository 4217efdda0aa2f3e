"""Handing a person all that is stored about them: the rows as JSON and the files as sent, in one ZIP file."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import IO, Any

from sqlalchemy import select

from formapp import audit
from formapp.errors import NotFound
from formapp.models import Attachment, Ticket, reference_of
from formapp.operations.person.columns import exported_columns
from formapp.operations.person.rows import person_of, rows_about
from formapp.services import Services

RECORDS = "person.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """How much an export holds, and the files that the store couldn't give."""

    rows: int
    files: int
    missing: tuple[str, ...]


def export_person(services: Services, email: str, to: IO[bytes], by: audit.Origin, now: datetime) -> Exported:
    """Write all that is stored about this address as a ZIP file. Raises NotFound where nothing is.

    What lets in or is of use to the desk alone, such as hashes of tokens, is left out. Internal notes on the
    person's tickets are in it: they are about the person.
    """
    with services.write.begin() as database:
        person = person_of(database, email)
        tables: dict[str, list[dict[str, Any]]] = {}
        about = rows_about(database, person)
        for model, condition in about.items():
            table = model.metadata.tables[model.__tablename__]
            wanted = [column for column in table.columns if column.name in exported_columns(table.name)]
            found = database.execute(select(*wanted).where(condition).order_by(*table.primary_key.columns))
            tables[table.name] = [dict(row) for row in found.mappings()]
        rows = sum(map(len, tables.values()))
        if not rows:
            raise NotFound(f"Nothing is stored about {email}")
        for ticket in tables[Ticket.__tablename__]:
            ticket["reference"] = reference_of(ticket["id"])
        wanted_files = select(Attachment.id, Attachment.key).where(about[Attachment])
        keys: dict[int, str] = {number: key for number, key in database.execute(wanted_files)}  # noqa: C416 - rows
        details = {"rows": rows, "files": len(keys)}
        audit.record(database, "person-exported", by, now, subject_id=person.number or None, details=details)
    missing = []
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for attachment in tables[Attachment.__tablename__]:
            # Only the name's last part, so that nobody's unpacking leaves the folder.
            name = f"files/{attachment['id']}-{PurePosixPath(attachment['name'].replace(chr(92), '/')).name}"
            attachment["file"] = name
            try:
                chunks = services.files.read(keys[attachment["id"]])
            except OSError:
                missing.append(name)
                continue
            with archive.open(name, "w", force_zip64=True) as file:
                file.writelines(chunks)
        stored = {"address": person.email, "exported_at": now, **tables}
        archive.writestr(RECORDS, json.dumps(stored, default=_as_text, ensure_ascii=False, indent=1))
    return Exported(rows, len(keys) - len(missing), tuple(missing))


def _as_text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)

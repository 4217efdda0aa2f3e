"""A desk whose disk is full: ``python -m tests.faults.full_disk FOLDER WHAT``, with failing_writes before it.

WHAT is ``records`` or ``files``: what the full disk holds. A person sends the form with two files, is
answered, sends again without what was refused, and once more when there is room. In FOLDER/told stands
what each answer said, as JSON.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from formapp.accounts.magic_links import create_link
from formapp.app import create_app
from formapp.attachments import service as attachments
from formapp.models import Attachment, Ticket
from formapp.operations import doctor
from formapp.services import Services
from tests.builders import NOW, Clock, build_customer, build_services, stored
from tests.conftest import DeskClient
from tests.web.conftest import ticket_form_of
from tests.web.page import BOUNDARY, Browser, Page, part

FILES = {"error.log": b"Error 502 at 14:00\n" * 9000, "notes.txt": b"It began at noon.\n"}
_library = ctypes.CDLL(None)


def main(folder: str, what: str) -> None:
    """Send while the disk is full, then when it is not."""
    records, files = Path(folder) / "records", Path(folder) / "files"
    for place in (records, files):
        place.mkdir()
    services = build_services(files, f"sqlite:///{records / 'desk.sqlite3'}")
    build_customer(services)
    app = create_app(services=services, clock=Clock())
    app.test_client_class = DeskClient
    browser = Browser(app.test_client())
    link = create_link(services, "ada@shop.example", NOW)
    page = browser.open(link.removeprefix(browser.origin))
    browser.send(page.form(page.url))
    form = ticket_form_of(browser)
    for name, content in FILES.items():
        form.attach(name, content)

    full = Path(folder) / what
    _library.failing_writes_arm(os.fsencode(full), ctypes.c_long(1), errno.ENOSPC, 1, -1)
    first = browser.send(form)
    upload = _uploaded(browser)
    second = browser.send(first.form("/support/tickets"))
    while_full = [*doctor.examine(services, NOW).problems]
    _library.failing_writes_arm(os.fsencode(full), ctypes.c_long(0), 0, 0, -1)
    third = browser.send(second.form("/support/tickets")) if second.all("form", action="/support/tickets") else second
    told = {
        "first": _said(first),
        "upload": upload,
        "second": _said(second),
        "third": _said(third),
        "doctor while full": [finding.check for finding in while_full],
        "doctor": [replace(finding, do="").what for finding in doctor.examine(services, NOW, contents=True).problems],
        "tickets": [[ticket.subject, ticket.description] for ticket in stored(services, Ticket)],
        "files": _whole(services),
    }
    (Path(folder) / "told").write_text(json.dumps(told), "utf-8")


def _uploaded(browser: Browser) -> list[Any]:
    """What a page's script is told of a file that it sends by itself."""
    body = part("file", b"abc\n", "a.log") + f"--{BOUNDARY}--\r\n".encode()
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    answer = browser.client.post("/support/files", data=body, headers=headers)
    return [answer.status_code, answer.get_json()]


def _said(page: Page) -> dict[str, Any]:
    forms = page.all("form", action="/support/tickets")
    form = page.form("/support/tickets") if forms else None
    return {
        "status": page.status,
        "heading": page.heading,
        "text": page.text,
        "fields": form.fields if form else {},
        "kept": len(form.kept) if form else 0,
    }


def _whole(services: Services) -> list[str]:
    """The names of the attached files whose bytes are those that were sent."""
    rows = stored(services, Attachment)
    return [row.name for row in rows if b"".join(attachments.content(services, row)) == FILES[row.name]]


if __name__ == "__main__":
    # As the desk's own commands do.
    os.umask(0o077)
    main(*sys.argv[1:])

"""What tests of files share: forms with files, and what pages say of them."""

from __future__ import annotations

from typing import Any

from formapp.models import Attachment
from tests.builders import stored
from tests.web.conftest import Desk, ticket_form_of
from tests.web.page import BOUNDARY, Browser, Form, Page, part

LOG = b"14:00:01 ERROR gateway answered 502\r\n"


def form_with(browser: Browser, *files: tuple[str | bytes, bytes], **typed: str) -> Form:
    """The ticket form, filled, with these files chosen."""
    form = ticket_form_of(browser, **typed)
    for name, content in files:
        form.attach(name, content)
    return form


def kept_names(page: Page) -> list[str]:
    """The names of the files that a page's form carries."""
    (shelf,) = page.all("ul", class_="support-kept")
    return [name.text for name in page.all("bdi") if name.inside(shelf)]


def attached_names(page: Page) -> list[str]:
    """The names of the files that a ticket's page shows, the ticket's own first."""
    shelves = page.all("ul", class_="support-attached")
    return [name.text for shelf in shelves for name in page.all("bdi") if name.inside(shelf)]


def sentence_at_files(page: Page, ids: str = "ticket") -> str:
    return " ".join(page.one("p", id=f"{ids}-files-error").text.split()).removeprefix("Error: ")


def attachments(desk: Desk) -> list[tuple[str, int]]:
    """Name and size of every file that a ticket has."""
    return [(row.name, row.size) for row in stored(desk.services, Attachment)]


def waiting(desk: Desk) -> int:
    """How many files the store holds that no ticket has."""
    taken = {row.key for row in stored(desk.services, Attachment)}
    return len({key for key, _ in desk.services.files.listing()} - taken)


def upload(browser: Browser, name: str, content: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    """Send one file as the form's script does; the status and the JSON."""
    own = {"Origin": browser.origin, "Sec-Fetch-Site": "same-origin"}
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    body = part("file", content, name) + f"--{BOUNDARY}--\r\n".encode()
    answer = browser.answer("POST", "/support/files", body, {**(headers or own), **kind})
    return answer.status_code, dict(answer.get_json() or {})

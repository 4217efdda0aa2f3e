"""People who send tickets while the desk is being killed, and what must be true afterwards."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

from sqlalchemy import select

from formapp.accounts import projects, sessions
from formapp.attachments import service as attachments
from formapp.models import Event, OutboxMessage, Ticket, reference_of
from formapp.operations import doctor
from formapp.services import Services, utc_now
from formapp.web.body.form_data import URLENCODED
from tests.builders import NOW, build_account

SENDERS = 8
# One person may file 60 an hour; then the next of a sender's people goes on.
TICKETS_OF_ONE, PEOPLE = 50, 60
# Between two tickets, or a night's kills would take more people than are let in within the hour.
PAUSE = 0.05
BOUNDARY = "a-boundary-that-no-file-holds"
# What a ticket leaves: its event, and the confirmation and the announcement in the outbox.
WHOLE = (1, 2)


@dataclass
class Load:
    """What the senders got back: references by form id, and answers that no sender should see.

    ``with_files`` says that each form carries two files.
    """

    with_files: bool = False
    acknowledged: dict[str, str] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def send_all(port: int, sender: int, tokens: Sequence[str], load: Load) -> None:
    """File one ticket after another, each until it is acknowledged; a lost connection is tried again."""
    number = 0
    while not load.over.is_set():
        number += 1
        form = {
            "project": "shop",
            "subject": f"Order {sender}.{number} fails",
            "description": "It says 502.",
            "priority": "high",
            "submission": f"form-{sender}-{number}",
        }
        if number // TICKETS_OF_ONE == len(tokens):
            load.refused.append("nobody is left who may file within this hour")
            return
        token = tokens[number // TICKETS_OF_ONE]
        while not (reference := send(port, form, token, load, f"203.0.113.{sender}")):
            if load.refused:
                return
        load.acknowledged[form["submission"]] = reference
        time.sleep(PAUSE)


def send(port: int, form: dict[str, str], token: str, load: Load, machine: str) -> str:
    """The reference of the confirmation that one press leads to; "" where the connection was lost."""
    body, media_type = multipart(form) if load.with_files else (urlencode(form).encode(), URLENCODED)
    headers = {
        "Content-Type": media_type,
        "Cookie": f"support-login={token}",
        "Origin": f"http://127.0.0.1:{port}",
        "X-Forwarded-For": machine,
    }
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request("POST", "/support/tickets", body, headers)
            with connection.getresponse() as answer:
                answer.read()
    except (OSError, http.client.HTTPException):
        time.sleep(0.01)
        return ""
    location = answer.headers.get("Location", "")
    if answer.status != 303 or not location.endswith("/sent"):
        load.refused.append(f"{answer.status} {location}")
        return ""
    return location.split("/")[-2]


def files_of(form_id: str) -> dict[str, bytes]:
    """The files that a form carries: of one name, two sizes, and contents of its own."""
    return {"small.log": f"{form_id}\n".encode(), "large.log": f"{form_id}: Error 502\n".encode() * 9000}


def multipart(form: dict[str, str]) -> tuple[bytes, str]:
    """The form with its files, as a browser sends it."""
    parts = [(f'name="{name}"', value.encode()) for name, value in form.items()]
    parts += [(f'name="files"; filename="{name}"', content) for name, content in files_of(form["submission"]).items()]
    body = b"".join(
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return body + f"--{BOUNDARY}--\r\n".encode(), f"multipart/form-data; boundary={BOUNDARY}"


def tokens_of(services: Services) -> list[list[str]]:
    """For each sender the sessions of its people."""
    return [
        [token_of(services, f"sender-{sender}-{turn}@shop.example") for turn in range(PEOPLE)]
        for sender in range(SENDERS)
    ]


def token_of(services: Services, email: str) -> str:
    account = build_account(services, email)
    projects.add_member(services, email, "shop", NOW)
    return sessions.open_session(services, account.id, utc_now())


def problems(services: Services, load: Load) -> list[str]:
    """All that is wrong after the load: refusals, lost or double tickets, halves, other bytes, a damaged file."""
    with services.read() as database:
        there = database.execute(select(Ticket.submission, Ticket.id)).all()
        events = Counter(database.scalars(select(Event.ticket_id)))
        rows = Counter(database.scalars(select(OutboxMessage.ticket_id)))
    references = {form: reference_of(number) for form, number in there}
    found = [f"refused: {answer}" for answer in load.refused]
    found += [f"lost: {form}" for form, reference in load.acknowledged.items() if references.get(form) != reference]
    found += [f"half: {number}" for _, number in there if (events[number], rows[number]) != WHOLE]
    # Each sender went on until its last form was acknowledged, so there is nothing else either.
    found += [] if len(there) == len(load.acknowledged) or load.refused else ["tickets that nobody was told of"]
    if load.with_files:
        found += [f"files: {form}" for form, number in there if not has_its_files(services, form, number)]
    examined = doctor.examine(services, utc_now(), contents=True)
    return found + [f"doctor: {one.check}: {one.where}: {one.what}" for one in examined.problems]


def has_its_files(services: Services, form: str, ticket_id: int) -> bool:
    rows = attachments.attachments_of(services, ticket_id, with_notes=False)
    try:
        return {row.name: b"".join(attachments.content(services, row)) for row in rows} == files_of(form)
    except OSError:
        return False

"""Tickets of people whom nobody knows: confirmed by a link in a mail, then held for staff among received mail.

Such a ticket becomes a message like those that come by mail, so it is kept whole, found, accepted or set aside in the
same way. What the form says beside the text travels in a header of its own.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from email import policy
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.parser import BytesHeaderParser
from email.utils import format_datetime

from formapp.attachments.service import staged_files
from formapp.errors import LinkGone
from formapp.form_fields import PREFIX
from formapp.incoming_mail.receive import receive
from formapp.mail_address import ascii_address
from formapp.notifications.outbox import mail_host
from formapp.services import Services
from formapp.tickets import drafts
from formapp.tokens import hash_token

FIELDS_HEADER = "X-Support-Form"
_CARRIED = (
    "project",
    "subject",
    "url",
    "priority",
    "answers",
    "page",
    "language",
    "form",
    "written_from",
    "pages_shown",
)


def confirm(services: Services, draft_token: str, now: datetime) -> int:
    """Hand the ticket behind a confirmed address to staff; the number of the received mail that it becomes.

    Twice it is the same. Raises LinkGone where nothing waits behind the token, OSError where the file store fails.
    """
    fields = drafts.guest_draft_fields(services, draft_token, now)
    if fields is None:
        raise LinkGone
    number = receive(services, _as_mail(services, fields, draft_token, now), "form", now)
    drafts.drop_guest_draft(services, draft_token)
    return number


def form_fields(raw: bytes) -> dict[str, str]:
    """What a ticket's form said beside subject and text, of a message that ``confirm`` has made."""
    carried = BytesHeaderParser(policy=policy.compat32).parsebytes(raw)[FIELDS_HEADER]
    found: dict[str, str] = json.loads(b64decode(str(carried)))
    # One that was held by an older version says less.
    return {**dict.fromkeys(_CARRIED, ""), **found}


def _as_mail(services: Services, fields: Mapping[str, str], draft_token: str, now: datetime) -> bytes:
    message = MIMEMultipart()
    message["From"] = ascii_address(fields["email"])
    message["Subject"] = Header(fields.get("subject", ""), "utf-8").encode()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<form.{hash_token(draft_token)[:32]}@{mail_host(services.settings.base_url)}>"
    own = {name: value for name, value in fields.items() if name.startswith(PREFIX)}
    carried = json.dumps({name: fields.get(name, "") for name in _CARRIED} | own)
    # In short lines: no program folds it otherwise.
    message[FIELDS_HEADER] = b64encode(carried.encode()).decode()
    message.attach(MIMEText(fields.get("description", ""), "plain", "utf-8"))
    for file in staged_files(services, fields.get("files", "").split()):
        part = MIMEBase("application", "octet-stream")
        part.set_payload(b"".join(services.files.read(file.token)))
        encode_base64(part)
        part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", file.name))
        message.attach(part)
    return message.as_bytes(policy=policy.compat32.clone(linesep="\r\n", max_line_length=0))

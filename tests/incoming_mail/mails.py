"""Mails as people's programs write them; a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from formapp.models import IncomingMail, OutboxMessage
from formapp.notifications.email.compose import compose
from formapp.services import Services
from tests.attachments.odd_files import picture
from tests.builders import stored

ADDRESS = "support@help.example"
PNG = picture("PNG")()


def reading_mail(services: Services, **changes: Any) -> Services:
    """The same desk, which reads mail."""
    settings = replace(services.settings, incoming_address=ADDRESS, **changes)
    return replace(services, settings=settings)


def build_mail(
    text: str = "It happens again.",
    *,
    sender: str = "Ada Martin <ada@shop.example>",
    to: str = ADDRESS,
    subject: str = "Checkout is down",
    message_id: str = "<one@shop.example>",
    files: tuple[tuple[str, str, bytes], ...] = (),
    html: str = "",
    **headers: str,
) -> bytes:
    """A mail's bytes. ``files`` are (name, kind, content); of ``headers`` an underscore is a hyphen."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, to, subject
    mail["Message-ID"], mail["Date"] = message_id, "Tue, 24 Nov 2026 14:00:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    if text:
        mail.set_content(text)
    if html:
        mail.add_alternative(html, subtype="html") if text else mail.set_content(html, subtype="html")
    for name, kind, content in files:
        maintype, _, subtype = kind.partition("/")
        mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


def sent_to(services: Services, recipient: str, kind: str) -> tuple[str, str]:
    """Reply-To and Message-ID of the newest mail of this kind to somebody, as it goes out."""
    row = [one for one in stored(services, OutboxMessage) if (one.recipient, one.kind) == (recipient, kind)][-1]
    mail = compose(services, row, services.policy)
    return mail.reply_to, mail.message_id


def outcomes(services: Services) -> list[tuple[str, str]]:
    """What became of each mail: state and reason, in order."""
    return [(mail.state, mail.reason) for mail in stored(services, IncomingMail)]

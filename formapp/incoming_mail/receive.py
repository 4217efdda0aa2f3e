"""Taking a message in: stored whole, once, before anything is made of it."""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.parser import BytesHeaderParser
from email.utils import parseaddr
from hashlib import sha256
from typing import Literal

from sqlalchemy import func, select

from formapp.database.upsert import insert_for
from formapp.errors import UseCaseError
from formapp.incoming_mail.parsing import LONGEST_SUBJECT, header
from formapp.logs import log
from formapp.mail_address import address_to_find
from formapp.models import IncomingMail
from formapp.services import Services

LARGEST = 35_000_000
"""In bytes; files of 25 MB are a third larger in a mail."""
Door = Literal["pipe", "imap", "lmtp", "form"]
# It never looks into the parts, which may be nested without end.
_HEADERS = BytesHeaderParser(policy=policy.compat32)
# What servers on the way add; the same mail by two ways differs in nothing else.
_CONTENT_HEADERS = ("From", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "Content-Type")


class MailTooLarge(UseCaseError):
    """The message has more bytes than the desk takes."""

    message = f"The message is larger than {LARGEST // 1_000_000} MB"


def receive(services: Services, raw: bytes, door: Door, now: datetime) -> int:
    """Store a message; its number. One that was taken before is the same again, whatever way it came.

    When this returns the message is committed, so its sender or its folder may forget it. Raises MailTooLarge,
    UseCaseError for a message of no bytes, and what the database raises where it can't be stored.
    """
    if len(raw) > LARGEST:
        raise MailTooLarge
    if not raw.strip():
        raise UseCaseError("The message is empty")
    digest = _digest(raw)
    with services.write.begin() as database:
        statement = insert_for(database, IncomingMail).values(
            received_at=now,
            door=door,
            digest=digest,
            size=len(raw),
            raw=raw,
            state="new",
            reason="",
            sender="",
            subject=header(_HEADERS.parsebytes(raw[:100_000]), "Subject")[:LONGEST_SUBJECT],
            confirmed=False,
            retry_at=now,
        )
        database.execute(statement.on_conflict_do_nothing(index_elements=[IncomingMail.digest]))
        number = database.scalars(select(IncomingMail.id).where(IncomingMail.digest == digest)).one()
    log.info("mail received", mail=number, door=door, size=len(raw))
    return number


def hold_too_large(services: Services, head: bytes, size: int, door: Door, now: datetime) -> None:
    """Note a message that is too large to be stored by its headers, so that staff see that it came."""
    message = _HEADERS.parsebytes(head)
    with services.write.begin() as database:
        statement = insert_for(database, IncomingMail).values(
            received_at=now,
            door=door,
            digest=_digest(head),
            size=size,
            raw=head,
            state="held",
            reason="too-large",
            sender=address_to_find(parseaddr(header(message, "From"))[1]),
            subject=header(message, "Subject")[:LONGEST_SUBJECT],
            confirmed=False,
            processed_at=now,
            retry_at=now,
        )
        database.execute(statement.on_conflict_do_nothing(index_elements=[IncomingMail.digest]))
    log.warning("mail too large", door=door, size=size)


def waiting(services: Services) -> int:
    """How many messages are stored and not processed yet."""
    with services.read() as database:
        return database.scalar(select(func.count()).where(IncomingMail.state == "new")) or 0


def _digest(raw: bytes) -> str:
    """What a message is known by: its content and those of its headers that its writer wrote."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    message = _HEADERS.parsebytes(head)
    written = "\n".join(f"{name}:{value}" for name in _CONTENT_HEADERS for value in map(str, message.get_all(name, [])))
    return sha256(written.encode("utf-8", "surrogateescape") + b"\n\n" + body.rstrip()).hexdigest()

"""To which ticket a mail belongs, and whether its sender is proved."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.incoming_mail.parsing import ParsedMail
from formapp.mail_address import ascii_address
from formapp.models import FIRST_REFERENCE, LARGEST_ID, REFERENCE_PREFIX, OutboxMessage, Ticket
from formapp.notifications.email import reply_address
from formapp.notifications.outbox import mail_host
from formapp.settings import Settings

_REFERENCE = re.compile(rf"\b{re.escape(REFERENCE_PREFIX)}(\d{{4,10}})\b", re.ASCII | re.IGNORECASE)


def ticket_of(database: Session, settings: Settings, mail: ParsedMail) -> Ticket | None:
    """The ticket that a mail is about; of a duplicate the one that it was merged into. None where it names none.

    The address that it was sent to says it first, then the mails that it answers, then a reference in its subject.
    """
    numbers = [
        *(reply_address.ticket_of(address) for address in mail.recipients),
        *_answered(database, settings, mail),
        *(_number(found[1]) for found in _REFERENCE.finditer(mail.subject)),
    ]
    for number in numbers:
        ticket = database.get(Ticket, number) if number is not None else None
        while ticket is not None and ticket.merged_into_id is not None:
            ticket = database.get_one(Ticket, ticket.merged_into_id)
        if ticket is not None:
            return ticket
    return None


def is_ours(database: Session, settings: Settings, message_id: str) -> bool:
    """Whether the desk itself sent the mail with this Message-ID."""
    if not message_id:
        return False
    if re.fullmatch(rf"<(?:{REFERENCE_PREFIX}|signin\.)[^@>]*@{re.escape(mail_host(settings.base_url))}>", message_id):
        return True
    return database.scalar(select(OutboxMessage.id).where(OutboxMessage.message_id == message_id)) is not None


def is_signed(settings: Settings, mail: ParsedMail) -> bool:
    """Whether it was sent to an address that the desk gave to this very sender."""
    key = settings.secret_key
    return any(
        number is not None and reply_address.is_signed_for(address, key, number, mail.sender)
        for address in mail.recipients
        if (number := reply_address.ticket_of(address)) is not None
    )


def is_authenticated(settings: Settings, mail: ParsedMail) -> bool:
    """Whether the operator's own mail server has proved the sender's domain (RFC 8601): by DMARC, or by its DKIM.

    Only the topmost result of that server counts: below it may stand what the sender wrote.
    """
    name = settings.mail_authserv
    own = next((words for words in mail.authentication if name and words.split(";")[0].split()[:1] == [name]), "")
    domain = re.escape(ascii_address(mail.sender).rpartition("@")[2])
    if re.search(rf"\bdmarc\s*=\s*pass\b[^;]*\bheader\.from\s*=\s*{domain}(?![\w.-])", own, re.IGNORECASE):
        return True
    return bool(re.search(rf"\bdkim\s*=\s*pass\b[^;]*\bheader\.d\s*=\s*{domain}(?![\w.-])", own, re.IGNORECASE))


def _answered(database: Session, settings: Settings, mail: ParsedMail) -> list[int | None]:
    """The tickets of our mails that it answers; of one whose row was pruned by what its id says."""
    rows = database.execute(
        select(OutboxMessage.message_id, OutboxMessage.ticket_id).where(OutboxMessage.message_id.in_(mail.answers))
    )
    known = {row.message_id: row.ticket_id for row in rows}
    host = re.escape(mail_host(settings.base_url))
    ours = re.compile(rf"<{re.escape(REFERENCE_PREFIX)}(\d{{4,10}})\.[^@>]*@{host}>")
    found: list[int | None] = []
    for answered in mail.answers:
        spelt = ours.fullmatch(answered)
        found.append(known.get(answered) or (_number(spelt[1]) if spelt else None))
    return found


def _number(digits: str) -> int | None:
    number = int(digits) - FIRST_REFERENCE
    return number if 0 < number <= LARGEST_ID else None

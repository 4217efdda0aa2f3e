"""Telling staff that a mail waits for their decision, so that none waits unseen."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from formapp.models import Account, IncomingMail
from formapp.notifications import outbox
from formapp.notifications.outbox import NewMessage
from formapp.services import Services

HELD = "staff-held"
PAUSE = timedelta(hours=1)
"""Of several mails that are held within this time the first is told, and each that is a ticket: spam comes in heaps."""


def tell_of_held(services: Services, database: Session, mail: IncomingMail, now: datetime) -> None:
    """Write a mail to everybody at the desk, inside the caller's transaction, where it is time for one."""
    lately = select(func.count()).where(
        IncomingMail.state == "held", IncomingMail.processed_at > now - PAUSE, IncomingMail.id != mail.id
    )
    if mail.reason != "guest" and database.scalar(lately):
        return
    host = outbox.mail_host(services.settings.base_url)
    staff = database.scalars(
        select(Account).where(Account.is_staff, Account.disabled_at.is_(None)).order_by(Account.id)
    )
    facts = {"mail": mail.id, "about": mail.subject, "sender": mail.sender, "reason": mail.reason}
    messages = [
        NewMessage(
            "mail",
            HELD,
            person.email,
            {**facts, **outbox.in_language_of(person.language)},
            f"<mail-{mail.id}.{HELD}.{person.id}@{host}>",
        )
        for person in staff
    ]
    outbox.enqueue(database, messages, now, unless_there=True)

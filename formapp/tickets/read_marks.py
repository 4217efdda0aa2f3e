"""What is new to a person: up to where each has read, and how many messages of others came since."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from formapp.actors import acting_account, require_group
from formapp.database.engine import BRIEFLY
from formapp.database.retry import tried_again
from formapp.errors import NotFound
from formapp.models import Message, Ticket, TicketRead
from formapp.services import Services


@tried_again
def mark_read(services: Services, account_id: int, ticket_id: int, message_id: int) -> None:
    """Note that a member was shown a ticket up to this message (0: it has none). A mark never goes back.

    Raises NotPermitted, NotFound, and OperationalError where the database can't be written soon.
    """
    with services.read() as database:
        ticket = _ticket(database, account_id, ticket_id)
        mark = database.get(TicketRead, (account_id, ticket.id))
        if mark is not None and mark.message_id >= message_id:
            # Nothing new was shown, so nobody waits for a turn to write.
            return
    # Whoever opens a ticket waits for no note of it.
    with services.write.begin(patience=BRIEFLY) as database:
        _ticket(database, account_id, ticket_id)
        mark = database.get(TicketRead, (account_id, ticket_id), with_for_update=True)
        if mark is None:
            database.add(TicketRead(account_id=account_id, ticket_id=ticket_id, message_id=message_id))
        else:
            mark.message_id = max(mark.message_id, message_id)


def _ticket(database: Session, account_id: int, ticket_id: int) -> Ticket:
    actor, ticket = acting_account(database, account_id), database.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound
    require_group(database, actor, "members", ticket)
    return ticket


def unread_of(services: Services, reader_id: int, tickets: Collection[Ticket]) -> Mapping[int, int]:
    """How many new messages each of these tickets has for a person, by its number; those with none are left out.

    New is what others wrote after the person looked last. What a colleague sent and the person never looked at is
    not counted: that is somebody else's conversation.
    """
    read = and_(TicketRead.ticket_id == Message.ticket_id, TicketRead.account_id == reader_id)
    counted = (
        select(Message.ticket_id, func.count())
        .join(Ticket, Ticket.id == Message.ticket_id)
        .outerjoin(TicketRead, read)
        .where(
            Message.ticket_id.in_([ticket.id for ticket in tickets]),
            Message.kind == "reply",
            Message.account_id != reader_id,
            or_(Ticket.account_id == reader_id, TicketRead.message_id.is_not(None)),
            Message.id > func.coalesce(TicketRead.message_id, 0),
        )
        .group_by(Message.ticket_id)
    )
    with services.read() as database:
        return {number: count for number, count in database.execute(counted)}  # noqa: C416 - rows

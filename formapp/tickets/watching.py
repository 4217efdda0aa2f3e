"""People in copy: they get a ticket's mails because somebody added them, or because they agreed by mail to be.

A colleague is of the ticket's project, and is told. Whoever is outside it was asked by ``copy_invitations``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from formapp.database.retry import tried_again
from formapp.errors import LinkGone, UseCaseError
from formapp.models import (
    Account,
    CopyInvitation,
    Membership,
    OutboxMessage,
    Project,
    Ticket,
    TicketRead,
    Watcher,
)
from formapp.notifications import fanout, outbox
from formapp.notifications.recipients import COPY, IN_COPY, TO_PARTICIPANTS
from formapp.notifications.unsubscribing import Subscription, subscription_of
from formapp.services import Services
from formapp.tickets import events
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.translation import gettext_noop


class NoColleague(UseCaseError):
    """Only somebody of the ticket's project can be put in copy by name."""

    field = "colleague"
    message = gettext_noop("Choose a colleague from the list")


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person by number and name; ``outside`` says that the person isn't in the project, and gets mails alone."""

    account_id: int
    name: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Leaving:
    """What a link in a mail to somebody in copy would do, or has done."""

    email: str
    reference: str
    is_done: bool


@tried_again
def add_watcher(services: Services, account_id: int, ticket_id: int, colleague_id: int, now: datetime) -> None:
    """Put somebody of the project in copy, for its members and staff; who is told by mail. Once more changes nothing.

    Raises NotPermitted, NotFound, and NoColleague for anybody outside the project.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        colleague = action.database.scalar(_members(action.ticket).where(Account.id == colleague_id))
        if colleague is None:
            raise NoColleague
        put_in_copy(action, colleague)


def put_in_copy(action: TicketAction, colleague: Account) -> None:
    """Put a member of the project in copy inside the caller's action, and tell that one; who is in copy stays so."""
    database, ticket_id, now = action.database, action.ticket.id, action.now
    watcher = database.get(Watcher, (ticket_id, colleague.id))
    if watcher is not None and watcher.left_at is None:
        return
    if watcher is None:
        watcher = Watcher(ticket_id=ticket_id, account_id=colleague.id, by_address=False)
        database.add(watcher)
    watcher.added_by_id, watcher.at, watcher.left_at = action.actor.id, now, None
    if database.get(TicketRead, (colleague.id, ticket_id)) is None:
        # What was written so far is new to them.
        database.add(TicketRead(account_id=colleague.id, ticket_id=ticket_id, message_id=0))
    sequence = action.record("watcher-added", {"watcher": colleague.id})
    if colleague.id != action.actor.id:
        _tell(action, colleague, sequence)


@tried_again
def remove_watcher(services: Services, account_id: int, ticket_id: int, colleague_id: int, now: datetime) -> None:
    """Take somebody out of copy, or leave by oneself; for members of the project and staff.

    Who isn't in copy stays so. Raises NotPermitted, NotFound.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        if _end(action.database, action.ticket, colleague_id, now):
            action.record("watcher-removed", {"watcher": colleague_id})


def leaving_by(services: Services, token: str) -> Leaving | None:
    """What the link in a mail to somebody in copy does; changes nothing. None for a link of other mails.

    Raises LinkGone for one that we didn't make, or of an account or a ticket that is gone.
    """
    subscription = subscription_of(services.settings, token)
    if subscription.reason not in IN_COPY:
        return None
    with services.read() as database:
        account, ticket = _of(database, subscription)
        here = exists().where(Watcher.account_id == account.id, _group(ticket), Watcher.left_at.is_(None))
        return Leaving(account.email, ticket.reference, not database.scalar(select(here)))


@tried_again
def leave_by_link(services: Services, token: str, now: datetime) -> Leaving | None:
    """Leave the copy of a ticket by the link in a mail: no further mail goes out, not even one that waits.

    Once more changes nothing. None for a link of other mails; raises LinkGone.
    """
    subscription = subscription_of(services.settings, token)
    if subscription.reason not in IN_COPY:
        return None
    with services.write.begin() as database:
        account, ticket = _of(database, subscription)
        ticket = ticket_read_on(database, ticket.id)
        if _end(database, ticket, account.id, now):
            events.record(database, ticket.id, "watcher-removed", account.id, now, {"watcher": account.id})
        return Leaving(account.email, ticket.reference, is_done=True)


def ticket_read_on(database: Session, ticket_id: int) -> Ticket:
    """The ticket on which this one is read on: itself, or what it was merged into; locked for an action."""
    ticket = database.scalars(select(Ticket).where(Ticket.id == ticket_id).with_for_update()).one_or_none()
    if ticket is None:
        raise LinkGone
    return ticket if ticket.merged_into_id is None else ticket_read_on(database, ticket.merged_into_id)


def take_along(action: TicketAction, target: Ticket) -> None:
    """Let who is in copy of a duplicate be so of the ticket that it is merged into, and ask there who was asked."""
    database, duplicate = action.database, action.ticket
    watching = set(database.scalars(select(Watcher.account_id).where(Watcher.ticket_id == target.id)))
    for one in database.scalars(select(Watcher).where(Watcher.ticket_id == duplicate.id)).all():
        if one.account_id not in watching and one.account_id != target.account_id:
            # It stays with the duplicate, too: of its closing they read in a mail.
            database.add(
                Watcher(
                    ticket_id=target.id,
                    account_id=one.account_id,
                    added_by_id=one.added_by_id,
                    at=one.at,
                    by_address=one.by_address,
                    left_at=one.left_at,
                )
            )
    asked = select(CopyInvitation.email).where(CopyInvitation.ticket_id == target.id)
    of_duplicate = CopyInvitation.ticket_id == duplicate.id
    database.execute(delete(CopyInvitation).where(of_duplicate, CopyInvitation.email.in_(asked)))
    database.execute(update(CopyInvitation).where(of_duplicate).values(ticket_id=target.id))


def come_back(action: TicketAction) -> None:
    """Let a member who had left hear of the ticket again, having written on it; inside the caller's action."""
    watcher = action.database.get(Watcher, (action.ticket.id, action.actor.id))
    if watcher is not None and watcher.left_at is not None:
        action.database.delete(watcher)


def watchers_of(services: Services, ticket: Ticket) -> tuple[Colleague, ...]:
    """Who is in copy of a ticket, in the order in which they were added."""
    return _watchers(services, ticket, left=False)


def left_of(services: Services, ticket: Ticket) -> tuple[Colleague, ...]:
    """Who was in copy of a ticket and has left."""
    return _watchers(services, ticket, left=True)


def colleagues_to_add(services: Services, ticket: Ticket) -> tuple[Colleague, ...]:
    """Who of the project can be put in copy: neither its sender, who gets the mails anyway, nor a watcher."""
    watching = select(Watcher.account_id).where(Watcher.ticket_id == ticket.id, Watcher.left_at.is_(None))
    chosen = _members(ticket).where(Account.id != ticket.account_id, Account.id.not_in(watching))
    with services.read() as database:
        return tuple(
            Colleague(account.id, account.name)
            for account in database.scalars(chosen.order_by(Account.name, Account.id))
        )


def _watchers(services: Services, ticket: Ticket, *, left: bool) -> tuple[Colleague, ...]:
    is_member = exists().where(Membership.account_id == Account.id, Membership.project_id == ticket.project_id)
    chosen = (
        select(Account.id, Account.name, and_(Watcher.by_address.is_(True), ~is_member))
        .join(Watcher, Watcher.account_id == Account.id)
        .where(Watcher.ticket_id == ticket.id, Watcher.left_at.is_not(None) if left else Watcher.left_at.is_(None))
        .order_by(Watcher.at, Account.id)
    )
    with services.read() as database:
        return tuple(Colleague(number, name, bool(outside)) for number, name, outside in database.execute(chosen))


def _end(database: Session, ticket: Ticket, colleague_id: int, now: datetime) -> bool:
    """Let somebody get no further mail of a ticket and of its duplicates, not even one that waits; whether one did."""
    here = (_group(ticket), Watcher.account_id == colleague_id, Watcher.left_at.is_(None))
    ended = database.scalars(update(Watcher).where(*here).values(left_at=now).returning(Watcher.account_id)).all()
    if not ended:
        return False
    account = database.get_one(Account, colleague_id)
    database.execute(
        delete(OutboxMessage).where(
            OutboxMessage.channel == "mail",
            OutboxMessage.recipient == account.email,
            OutboxMessage.ticket_id.in_(_numbers(ticket)),
            OutboxMessage.kind.in_(TO_PARTICIPANTS.values()),
            OutboxMessage.state == "due",
            OutboxMessage.lease.is_(None),
        )
    )
    return True


def _group(ticket: Ticket) -> ColumnElement[bool]:
    return Watcher.ticket_id.in_(_numbers(ticket))


def _numbers(ticket: Ticket) -> Select[int]:
    """A ticket, the one that it was merged into, and the duplicates of both."""
    root = ticket.merged_into_id or ticket.id
    return select(Ticket.id).where(or_(Ticket.id == root, Ticket.merged_into_id == root))


def _of(database: Session, subscription: Subscription) -> tuple[Account, Ticket]:
    account = database.get(Account, subscription.account_id)
    ticket = database.get(Ticket, subscription.ticket_id)
    if account is None or account.erased_at is not None or ticket is None:
        raise LinkGone
    return account, ticket


def _members(ticket: Ticket) -> Select[Account]:
    return (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.project_id == ticket.project_id, Account.disabled_at.is_(None))
    )


def _tell(action: TicketAction, colleague: Account, sequence: int) -> None:
    """One mail that says who put the person in copy, of what, and how to leave."""
    ticket, host = action.ticket, outbox.mail_host(action.services.settings.base_url)
    project = action.database.get_one(Project, ticket.project_id).name
    facts = {
        **fanout.ticket_payload(ticket, project),
        "by_name": action.actor.name,
        "thread": outbox.thread_id(ticket.reference, host),
        "why": COPY,
        "account": colleague.id,
        **outbox.in_language_of(colleague.language),
    }
    message_id = f"<{ticket.reference}.{sequence}.in-copy.{colleague.id}@{host}>"
    outbox.enqueue_mail(action.database, "in-copy", colleague.email, facts, message_id, action.now, ticket.id)

"""Who gets which mail of an event, and why: the one place that decides it.

A person gets at most one mail of an event. To tell somebody else, add who that is to ``_customers`` or ``_staff``,
with a reason; where the reason is a preference, it names the column of the account that is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.orm import Session

from formapp.models import Account, Membership, Message, OutboxMessage, Ticket, Watcher

# Which mail tells whom of an event; nobody of what isn't there.
TO_PARTICIPANTS = {
    "replied": "replied",
    "closed": "closed",
    "reopened": "reopened",
    "priority-changed": "priority-changed",
    "moved": "moved",
}
TO_STAFF = {"opened": "staff-new", "replied": "staff-reply", "due-soon": "staff-due-soon", "missed": "staff-missed"}
# To everybody at the desk, even where the ticket is assigned.
FOR_ALL_STAFF = frozenset({"opened", "missed"})
OF_DATES = frozenset({"due-soon", "missed"})

OWN, COPY, PROJECT, NEW, ASSIGNED, MENTIONED, DUE = "own", "copy", "project", "new", "assigned", "mentioned", "due"
OUTSIDE = "outside"
"""Why a person gets a mail: sent the ticket or wrote on it; is in copy of it; follows all tickets of the own projects;
works at the desk and wants to hear of what is new, of the own tickets, of mentions, of dates; is in copy by an address,
outside the project."""
PREFERENCES: Mapping[str, ColumnElement[bool]] = {
    OWN: Account.customer_mails != "none",
    COPY: Account.customer_mails != "none",
    PROJECT: Account.customer_mails == "projects",
    NEW: Account.mails_new.is_(True),
    ASSIGNED: Account.mails_assigned.is_(True),
    MENTIONED: Account.mails_mentioned.is_(True),
    DUE: Account.mails_due.is_(True),
}
"""Of each reason, which accounts want its mails. One that isn't here asks for no choice of the account's."""
BY_CHOICE = frozenset({PROJECT, NEW, DUE})
"""Reasons that are a choice alone: such a mail names a link that turns them off."""
IN_COPY = frozenset({COPY, OUTSIDE})
"""Reasons of being in copy of one ticket: such a mail names a link by which its reader leaves."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """One person who is told: the account, the mail's template, and why that person gets it."""

    account: Account
    kind: str
    reason: str


def recipients(database: Session, ticket: Ticket, announcement: OutboxMessage) -> list[Recipient]:
    """Who gets which mail of an announced event: never who caused it, nobody twice."""
    by, told, found = announcement.payload["by"], set(), []
    for one in (*_staff(database, ticket, announcement), *_customers(database, ticket, announcement)):
        if one.account.id != by and one.account.id not in told:
            told.add(one.account.id)
            found.append(one)
    return found


def _customers(database: Session, ticket: Ticket, announcement: OutboxMessage) -> Iterator[Recipient]:
    """The members of the project who take part in the ticket, then those who follow all tickets of the project."""
    kind = TO_PARTICIPANTS.get(announcement.kind, "") if announcement.payload["by_staff"] else ""
    # The mail with the reply says already that the ticket is closed with it.
    if kind and not announcement.payload.get("with_reply", False):
        yield from _each(database, _members(ticket).where(_takes_part(ticket)), kind, OWN)
        yield from _each(database, _members(ticket).where(_is_in_copy(ticket)), kind, COPY)
        yield from _each(database, _outside(ticket), kind, OUTSIDE)
        yield from _each(database, _others(ticket), kind, PROJECT)
    if announcement.kind == "opened":
        yield from _each(database, _others(ticket), "project-new", PROJECT)


def _staff(database: Session, ticket: Ticket, announcement: OutboxMessage) -> Iterator[Recipient]:
    """The assignee; all staff where the ticket is unassigned, or all are to know; and who is named."""
    said = announcement.payload
    if announcement.kind == "assigned" and said["assignee"] is not None:
        yield from _each(database, _working(said["assignee"]), "staff-assigned", ASSIGNED)
    if said.get("mentioned"):
        yield from _each(database, _working(*said["mentioned"]), "staff-mentioned", MENTIONED)
    # Of a ticket that one of them has filed for a customer the others know nothing.
    by_colleague = said["by_staff"] and announcement.kind != "opened"
    kind = "" if by_colleague else TO_STAFF.get(announcement.kind, "")
    if kind:
        about = DUE if announcement.kind in OF_DATES else NEW
        assignee = None if announcement.kind in FOR_ALL_STAFF else _assignee(database, ticket)
        if assignee is None:
            yield from _each(database, _working(), kind, about)
        else:
            yield from _each(database, _working(assignee), kind, DUE if about == DUE else ASSIGNED)


def _each(database: Session, people: Select[Account], kind: str, reason: str) -> Iterator[Recipient]:
    """Those of these people who want mails of this reason."""
    wanting = people.where(PREFERENCES[reason]) if reason in PREFERENCES else people
    return (Recipient(account, kind, reason) for account in database.scalars(wanting.order_by(Account.id)))


def _members(ticket: Ticket) -> Select[Account]:
    return (
        select(Account)
        .join(Membership, Membership.account_id == Account.id)
        .where(Membership.project_id == ticket.project_id, Account.disabled_at.is_(None))
    )


def _others(ticket: Ticket) -> Select[Account]:
    """The members who have nothing to do with the ticket themselves."""
    return _members(ticket).where(~_takes_part(ticket), ~_is_in_copy(ticket))


def _takes_part(ticket: Ticket) -> ColumnElement[bool]:
    """Who sent the ticket or a duplicate of it, or has written on it and isn't, or was, in copy."""
    writers = select(Message.account_id).where(Message.ticket_id == ticket.id, ~Message.by_staff)
    in_copy_ever = select(Watcher.account_id).where(_of_ticket(ticket))
    return or_(_has_sent(ticket), and_(Account.id.in_(writers), Account.id.not_in(in_copy_ever)))


def _has_sent(ticket: Ticket) -> ColumnElement[bool]:
    sent = or_(Ticket.id == ticket.id, Ticket.merged_into_id == ticket.id)
    return Account.id.in_(select(Ticket.account_id).where(sent))


def _is_in_copy(ticket: Ticket) -> ColumnElement[bool]:
    """Who is in copy of the ticket, or of a duplicate of it, and gets its mails for no better reason."""
    watchers = select(Watcher.account_id).where(_of_ticket(ticket), Watcher.left_at.is_(None))
    return and_(Account.id.in_(watchers), ~_has_sent(ticket))


def _of_ticket(ticket: Ticket) -> ColumnElement[bool]:
    duplicates = select(Ticket.id).where(Ticket.merged_into_id == ticket.id)
    return or_(Watcher.ticket_id == ticket.id, Watcher.ticket_id.in_(duplicates))


def _outside(ticket: Ticket) -> Select[Account]:
    """Who is in copy by a confirmed address, and not in the project."""
    confirmed = select(Watcher.account_id).where(
        _of_ticket(ticket), Watcher.by_address.is_(True), Watcher.left_at.is_(None)
    )
    members = select(Membership.account_id).where(Membership.project_id == ticket.project_id)
    return select(Account).where(Account.id.in_(confirmed), Account.id.not_in(members), Account.disabled_at.is_(None))


def _working(*numbers: int) -> Select[Account]:
    """Who works at the desk; of these accounts alone, where some are named."""
    working = select(Account).where(Account.is_staff, Account.disabled_at.is_(None))
    return working.where(Account.id.in_(numbers)) if numbers else working


def _assignee(database: Session, ticket: Ticket) -> int | None:
    """The account that has the ticket and still works at the desk."""
    if ticket.assignee_id is None:
        return None
    return database.scalar(_working(ticket.assignee_id).with_only_columns(Account.id))

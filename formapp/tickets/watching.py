"""Colleagues in copy: members of a ticket's project who get its mails, because somebody added them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from formapp.database.retry import tried_again
from formapp.errors import UseCaseError
from formapp.models import Account, Membership, Project, Ticket, TicketRead, Watcher
from formapp.notifications import fanout, outbox
from formapp.services import Services
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.translation import gettext_noop


class NoColleague(UseCaseError):
    """Only somebody of the ticket's project can be put in copy."""

    field = "colleague"
    message = gettext_noop("Choose a colleague from the list")


@dataclass(frozen=True, slots=True)
class Colleague:
    """A person of a ticket's project, by number and name."""

    account_id: int
    name: str


@tried_again
def add_watcher(services: Services, account_id: int, ticket_id: int, colleague_id: int, now: datetime) -> None:
    """Put somebody of the project in copy, for its members and staff; who is told by mail. Once more changes nothing.

    Raises NotPermitted, NotFound, and NoColleague for anybody outside the project.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        colleague = action.database.scalar(_members(action.ticket).where(Account.id == colleague_id))
        if colleague is None:
            raise NoColleague
        if action.database.get(Watcher, (ticket_id, colleague_id)) is not None:
            return
        action.database.add(Watcher(ticket_id=ticket_id, account_id=colleague_id, added_by_id=action.actor.id, at=now))
        if action.database.get(TicketRead, (colleague_id, ticket_id)) is None:
            # What was written so far is new to them.
            action.database.add(TicketRead(account_id=colleague_id, ticket_id=ticket_id, message_id=0))
        sequence = action.record("watcher-added", {"watcher": colleague_id})
        if colleague.id != action.actor.id:
            _tell(action, colleague, sequence)


@tried_again
def remove_watcher(services: Services, account_id: int, ticket_id: int, colleague_id: int, now: datetime) -> None:
    """Take somebody out of copy, or leave by oneself; for members of the project and staff.

    Who isn't in copy stays so. Raises NotPermitted, NotFound.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff and members") as action:
        watcher = action.database.get(Watcher, (ticket_id, colleague_id))
        if watcher is not None:
            action.database.delete(watcher)
            action.record("watcher-removed", {"watcher": colleague_id})


def watchers_of(services: Services, ticket_id: int) -> tuple[Colleague, ...]:
    """Who is in copy of a ticket, in the order in which they were added."""
    chosen = (
        select(Account.id, Account.name)
        .join(Watcher, Watcher.account_id == Account.id)
        .where(Watcher.ticket_id == ticket_id)
        .order_by(Watcher.at, Account.id)
    )
    with services.read() as database:
        return tuple(Colleague(number, name) for number, name in database.execute(chosen))


def colleagues_to_add(services: Services, ticket: Ticket) -> tuple[Colleague, ...]:
    """Who of the project can be put in copy: neither its sender, who gets the mails anyway, nor a watcher."""
    watching = select(Watcher.account_id).where(Watcher.ticket_id == ticket.id)
    chosen = _members(ticket).where(Account.id != ticket.account_id, Account.id.not_in(watching))
    with services.read() as database:
        return tuple(
            Colleague(account.id, account.name)
            for account in database.scalars(chosen.order_by(Account.name, Account.id))
        )


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
        **outbox.in_language_of(colleague.language),
    }
    message_id = f"<{ticket.reference}.{sequence}.in-copy.{colleague.id}@{host}>"
    outbox.enqueue_mail(action.database, "in-copy", colleague.email, facts, message_id, action.now, ticket.id)

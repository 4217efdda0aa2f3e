"""A closed ticket is reopened by an answer for a time; after that an answer opens a new ticket that follows it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, or_, select
from sqlalchemy.orm import Session

from formapp.actors import acting_account, require_group
from formapp.errors import NotFound
from formapp.hours import closures
from formapp.models import Membership, Project, Ticket, reference_of
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets.queries import number_of


class FollowUps(NamedTuple):
    """The references of the ticket that one follows ("" for none) and of those that follow it."""

    follows: str
    followed_by: tuple[str, ...]


def reopens_until(services: Services, database: Session, ticket: Ticket) -> datetime | None:
    """Until when its customer's answer reopens a closed ticket, by its own policy; None: always, or not closed."""
    if ticket.closed_at is None:
        return None
    policy = policy_of(services, ticket.policy_version)
    counted = closures.closures_known_at(database.connection(), ticket.closed_at, ticket.closed_at)
    return policy.reopens_until(ticket.closed_at, counted)


def closing_facts(services: Services, database: Session, ticket: Ticket) -> dict[str, str]:
    """What a mail about a ticket that is closed in this transaction tells: until when an answer reopens it."""
    until = reopens_until(services, database, ticket)
    return {"reopen_until": until.isoformat()} if until is not None else {}


def is_over(services: Services, database: Session, ticket: Ticket, now: datetime) -> bool:
    """Whether an answer of its customer no longer reopens a ticket. A duplicate never reopens, and says so itself."""
    until = reopens_until(services, database, ticket) if ticket.merged_into_id is None else None
    return until is not None and now > until


def followed_number(connection: Connection, account_id: int, reference: str) -> int | None:
    """The number of the ticket that a new one follows; None where the person may not see it, or it isn't there."""
    try:
        number = number_of(reference)
    except NotFound:
        return None
    return connection.execute(
        select(Ticket.id)
        .join(Membership, Membership.project_id == Ticket.project_id)
        .where(Ticket.id == number, Membership.account_id == account_id)
    ).scalar_one_or_none()


def form_values(services: Services, closed: Ticket | None) -> dict[str, str]:
    """What the form begins with for a ticket that follows this one: all but what its sender writes."""
    if closed is None:
        return {}
    with services.read() as database:
        project = database.get_one(Project, closed.project_id)
    offered = {one.id for one in services.policy.priorities}
    return {
        "project": project.key,
        "subject": closed.subject,
        "url": closed.url,
        "priority": closed.priority if closed.priority in offered else "",
        "follows": closed.reference,
    }


def follow_ups(services: Services, account_id: int, ticket: Ticket) -> FollowUps:
    """What a ticket follows and what follows it, as far as the person may see them. Raises NotPermitted.

    Staff see all of them.
    """
    wanted = select(Ticket.id).where(or_(Ticket.id == ticket.follows_id, Ticket.follows_id == ticket.id))
    with services.read() as database:
        actor = acting_account(database, account_id)
        require_group(database, actor, "staff and members", ticket)
        if not actor.is_staff:
            wanted = wanted.join(Membership, Membership.project_id == Ticket.project_id)
            wanted = wanted.where(Membership.account_id == account_id)
        numbers = database.scalars(wanted.order_by(Ticket.id)).all()
    follows = reference_of(ticket.follows_id) if ticket.follows_id in numbers and ticket.follows_id else ""
    return FollowUps(follows, tuple(reference_of(number) for number in numbers if number != ticket.follows_id))

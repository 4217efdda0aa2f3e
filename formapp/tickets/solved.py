"""The one question after closing: was this solved? Each person of the project answers once, and may change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from formapp.database.retry import tried_again
from formapp.errors import TicketMerged, UseCaseError
from formapp.models import Account, SolvedAnswer, reference_of
from formapp.services import Services
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.tickets.replies import MessageInput, add_customer_reply, checked_body
from formapp.translation import gettext as _


class NotClosed(UseCaseError):
    """The ticket is open, so nobody is asked yet whether it was solved."""


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What a person answered last; ``because`` is empty where it was solved."""

    account_id: int
    name: str
    solved: bool
    because: str
    at: datetime


@tried_again
def say_solved(services: Services, account_id: int, ticket_id: int, now: datetime) -> None:
    """Store that a closed ticket was solved, for a member of its project. The same once more changes nothing.

    Raises NotPermitted, NotFound, NotClosed, TicketMerged.
    """
    with ticket_action(services, account_id, ticket_id, now, group="members") as action:
        _must_be_closed(action)
        if _store(action, "", solved=True):
            action.record("solved-answered", {"solved": True})


@tried_again
def say_not_solved(
    services: Services,
    account_id: int,
    ticket_id: int,
    message: MessageInput,
    now: datetime,
    *,
    reopen: bool,
    most_an_hour: int | None = None,
) -> None:
    """Store that a closed ticket was not solved, and why, for a member of its project.

    To ``reopen`` it makes the sentence a message of the conversation; else only the answer tells it. The same form
    once more changes nothing. Raises what ``say_solved`` does, and what a customer's reply does.
    """
    because = checked_body(message)
    with ticket_action(services, account_id, ticket_id, now, group="members") as action:
        said = action.database.get(SolvedAnswer, (ticket_id, account_id))
        if said is not None and not said.solved and said.because == because and action.ticket.state != "closed":
            # The form that reopened it, sent twice.
            return
        _must_be_closed(action)
        if _store(action, because, solved=False):
            action.record("solved-answered", {"solved": False} | ({} if reopen else {"sentence": because}))
        if reopen:
            add_customer_reply(action, message, because, reopen=True, most_an_hour=most_an_hour)


def answers_of(services: Services, ticket_id: int) -> tuple[GivenAnswer, ...]:
    """Who has answered, and what; the newest last."""
    given = (
        select(SolvedAnswer, Account.name)
        .join(Account, Account.id == SolvedAnswer.account_id)
        .where(SolvedAnswer.ticket_id == ticket_id)
        .order_by(SolvedAnswer.at, SolvedAnswer.account_id)
    )
    with services.read() as database:
        return tuple(
            GivenAnswer(row.account_id, name, row.solved, row.because, row.at) for row, name in database.execute(given)
        )


def _must_be_closed(action: TicketAction) -> None:
    ticket = action.ticket
    if ticket.merged_into_id is not None:
        raise TicketMerged(ticket.reference, reference_of(ticket.merged_into_id))
    if ticket.state != "closed":
        raise NotClosed(_("%(reference)s is open. Send a reply instead", reference=ticket.reference))


def _store(action: TicketAction, because: str, *, solved: bool) -> bool:
    """Keep the answer in place of this person's former one; whether it is another."""
    said = action.database.get(SolvedAnswer, (action.ticket.id, action.actor.id))
    if said is None:
        said = SolvedAnswer(ticket_id=action.ticket.id, account_id=action.actor.id)
        action.database.add(said)
    elif (said.solved, said.because) == (solved, because):
        return False
    said.solved, said.because, said.at = solved, because, action.now
    return True

"""One action on several tickets: assign them, tag them, close them; and undoing it as a whole.

Each ticket is a transaction of its own, by the same steps as a single action. So a hundred tickets hold up nobody who
files one meanwhile, and one that can't be changed keeps no other. The event of each names the action, in the ticket's
own transaction: whatever ends the work in between, undoing finds what was done and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from formapp.actors import require_staff
from formapp.database.retry import tried_again
from formapp.errors import NotFound, UseCaseError
from formapp.models import Account, BulkAction, Event, TicketTag
from formapp.services import Services
from formapp.tickets import tags, triage
from formapp.tickets.actions import HARMLESS_EVENTS, TicketAction, ticket_action
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

MOST_TICKETS = 100
UNDO_WITHIN = timedelta(days=1)
Kind = Literal["assign", "tag", "close"]
Outcome = Literal["done", "already", "changed", "full", "gone", "untried"]
"""What became of a ticket. Of one ``already`` so nothing was changed; ``changed``: by somebody else in between;
``full``: it has as many tags as one may have; ``untried``: the work ended before it."""
_Step = Callable[[TicketAction], Outcome]


class ChooseTickets(UseCaseError):
    """No ticket was chosen."""

    field = "tickets"
    message = gettext_noop("Select at least one ticket")


class TooManyChosen(UseCaseError):
    """More tickets were chosen than are changed at once."""

    field = "tickets"

    def __init__(self) -> None:
        super().__init__(_("Select %(most)s tickets at most", most=MOST_TICKETS))


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What an action did, by the numbers of its tickets. ``word`` is the assignee's name, or the tag, or empty."""

    number: int
    kind: Kind
    word: str
    outcomes: Mapping[int, Outcome]
    undone: Mapping[int, Outcome] | None
    can_undo: bool


def change_all(
    services: Services,
    account_id: int,
    tickets: Sequence[int],
    kind: Kind,
    value: str,
    now: datetime,
    *,
    shown_at: datetime | None = None,
) -> int:
    """Assign, tag or close several tickets, by staff; the number of the action, by which it is undone.

    ``value`` is the assignee's address (empty: unassigned) or the tag. A ticket that somebody else has assigned, closed
    or reopened since ``shown_at``, when the person's page was made, is left as it is. Raises NotPermitted,
    ChooseTickets, TooManyChosen, NotStaff, TextRefused before anything is changed.
    """
    chosen = list(dict.fromkeys(tickets))
    if not chosen:
        raise ChooseTickets
    if len(chosen) > MOST_TICKETS:
        raise TooManyChosen
    number, details = _begin(services, account_id, chosen, kind, value, now)
    step = _step(kind, details, number)
    for ticket_id in chosen:
        outcome = _one(services, account_id, ticket_id, now, step, shown_at)
        _note(services, number, "outcomes", {ticket_id: outcome})
    return number


def undo(services: Services, account_id: int, number: int, now: datetime) -> None:
    """Put back each ticket of one's own action, but for those that were changed since; again it changes nothing.

    Raises NotPermitted, and NotFound for another's action or one of more than a day ago.
    """
    with services.read() as database:
        action = _own(database, account_id, number, now)
        tried = [ticket_id for ticket_id, outcome in action.outcomes.items() if outcome in {"done", "untried"}]
        chosen, kind = [int(ticket_id) for ticket_id in tried], action.kind
    _note(services, number, "undone", {})
    for ticket_id in chosen:
        outcome = _put_back(services, account_id, ticket_id, now, kind, number)
        if outcome is not None:
            _note(services, number, "undone", {ticket_id: outcome})


def result_of(services: Services, account_id: int, number: int, now: datetime) -> BulkResult:
    """What one's own action did. Raises NotPermitted, and NotFound for any other."""
    with services.read() as database:
        action = _own(database, account_id, number, now)
        word = action.details.get("tag", "")
        if action.details.get("assignee"):
            word = database.scalar(select(Account.name).where(Account.id == action.details["assignee"])) or ""
    undone = action.undone or {}
    left = [ticket for ticket, outcome in action.outcomes.items() if outcome == "done" and ticket not in undone]
    return BulkResult(
        number,
        action.kind,  # type: ignore[arg-type]
        word,
        _by_number(action.outcomes),
        _by_number(action.undone) if action.undone is not None else None,
        bool(left),
    )


def _begin(
    services: Services, account_id: int, chosen: list[int], kind: Kind, value: str, now: datetime
) -> tuple[int, dict[str, Any]]:
    details: dict[str, Any] = {"tag": tags.tag_of(value)} if kind == "tag" else {}
    with services.write.begin() as database:
        require_staff(database, account_id)
        if kind == "assign":
            details = {"assignee": triage.staff_number(database, value)}
        untried = {str(ticket_id): "untried" for ticket_id in chosen}
        action = BulkAction(account_id=account_id, kind=kind, details=details, at=now, outcomes=untried, undone=None)
        database.add(action)
        database.flush()
        return action.id, details


def _step(kind: Kind, details: dict[str, Any], number: int) -> _Step:
    """What is done with each ticket."""

    def step(action: TicketAction) -> Outcome:
        if kind == "assign":
            done = triage.change_assignee(action, details["assignee"], bulk=number)
        elif kind == "tag":
            done = tags.put_on(action, details["tag"], bulk=number)
        else:
            done = triage.close_open(action, bulk=number)
        return "done" if done else "already"

    return step


@tried_again
def _one(
    services: Services, account_id: int, ticket_id: int, now: datetime, step: _Step, shown_at: datetime | None
) -> Outcome:
    try:
        with ticket_action(services, account_id, ticket_id, now, group="staff") as action:
            if shown_at is not None and _changed_by_others(action, shown_at):
                return "changed"
            return step(action)
    except NotFound:
        return "gone"
    except tags.TooManyTags:
        return "full"


def _changed_by_others(action: TicketAction, since: datetime) -> bool:
    newer = select(Event.id).where(
        Event.ticket_id == action.ticket.id,
        Event.at > since,
        Event.account_id.is_not(None),
        Event.account_id != action.actor.id,
        Event.kind.not_in((*HARMLESS_EVENTS, "noted")),
    )
    return action.database.scalar(newer.limit(1)) is not None


@tried_again
def _put_back(
    services: Services, account_id: int, ticket_id: int, now: datetime, kind: str, number: int
) -> Outcome | None:
    """Put one ticket back; None for one that the action hadn't changed."""
    try:
        with ticket_action(services, account_id, ticket_id, now, group="staff") as action:
            history = action.database.scalars(
                select(Event).where(Event.ticket_id == ticket_id).order_by(Event.sequence)
            ).all()
            place = next((at for at, event in enumerate(history) if event.details.get("bulk") == number), None)
            if place is None:
                return None
            event, later = history[place], history[place + 1 :]
            if any(one.details.get("undoes") == number for one in later):
                return "done"
            if any(_touches(kind, event, one) for one in later):
                return "changed"
            return _undo_event(action, kind, event, number)
    except NotFound:
        return "gone"


def _touches(kind: str, event: Event, later: Event) -> bool:
    """Whether a later event is about the same as what an action changed."""
    if kind == "assign":
        return later.kind == "assigned"
    if kind == "tag":
        return later.kind in {"tagged", "untagged"} and later.details.get("tag") == event.details["tag"]
    return "state" in later.details or later.kind == "merged"


def _undo_event(action: TicketAction, kind: str, event: Event, number: int) -> Outcome:
    if kind == "assign":
        before = event.details["assignee"][0]
        working = select(Account.id).where(Account.id == before, Account.is_staff, Account.disabled_at.is_(None))
        if before is not None and action.database.scalar(working) is None:
            # Whoever had it has left the desk since.
            before = None
        triage.change_assignee(action, before, undoes=number)
    elif kind == "tag":
        if action.database.get(TicketTag, (action.ticket.id, event.details["tag"])) is None:
            return "changed"
        tags.take_off(action, event.details["tag"], undoes=number)
    else:
        if action.ticket.state != "closed" or action.ticket.merged_into_id is not None:
            return "changed"
        change = action.change_state(event.details["state"][0])
        action.publish("reopened", action.record("reopened", {**change, "undoes": number}))
    return "done"


def _own(database: Session, account_id: int, number: int, now: datetime) -> BulkAction:
    require_staff(database, account_id)
    action = database.get(BulkAction, number)
    if action is None or action.account_id != account_id or action.at < now - UNDO_WITHIN:
        raise NotFound
    return action


def _note(services: Services, number: int, column: Literal["outcomes", "undone"], found: Mapping[int, Outcome]) -> None:
    with services.write.begin() as database:
        action = database.scalars(select(BulkAction).where(BulkAction.id == number).with_for_update()).one()
        before = getattr(action, column) or {}
        setattr(action, column, {**before, **{str(ticket_id): outcome for ticket_id, outcome in found.items()}})


def _by_number(outcomes: Mapping[str, str]) -> dict[int, Outcome]:
    return {int(ticket_id): outcome for ticket_id, outcome in outcomes.items()}  # type: ignore[misc]

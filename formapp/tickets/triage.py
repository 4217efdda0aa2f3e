"""What staff do with a ticket beside writing: give it to somebody, close it, merge it, correct its priority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from formapp.accounts.accounts import plain_email
from formapp.errors import AnswerMissing, NotAtTheDesk, NotFound, Refused, TicketMerged, UnknownPriority
from formapp.models import Account, Ticket, reference_of
from formapp.services import Services
from formapp.tickets import events
from formapp.tickets.actions import Act, acting
from formapp.tickets.queries import number_of, policy_of
from supportpolicy import Policy, UnknownAnswer


def staff_ticket(services: Services, reference: str) -> Ticket:
    """The ticket of this reference, whosever it is. Raises NotFound."""
    with services.read() as database:
        ticket = database.scalar(
            select(Ticket)
            .where(Ticket.id == number_of(reference))
            .options(joinedload(Ticket.project), joinedload(Ticket.reporter), joinedload(Ticket.assignee))
        )
    if ticket is None:
        raise NotFound
    return ticket


def people_at_the_desk(services: Services) -> tuple[Account, ...]:
    """Everybody who can be given a ticket, by name."""
    with services.read() as database:
        working = select(Account).where(Account.is_staff, Account.disabled_at.is_(None))
        return tuple(database.scalars(working.order_by(Account.name, Account.id)))


def assign(services: Services, account_id: int, ticket_id: int, email: str, now: datetime, *, seen: int) -> None:
    """Give a ticket to somebody at the desk, or with an empty address to nobody. Raises NotAtTheDesk."""
    with acting(services, account_id, ticket_id, now, seen=seen) as act:
        before, after = act.ticket.assignee_id, None
        if email.strip():
            after = act.database.scalar(
                select(Account.id).where(
                    Account.email == plain_email(email), Account.is_staff, Account.disabled_at.is_(None)
                )
            )
            if after is None:
                raise NotAtTheDesk
        if before == after:
            return
        act.ticket.assignee_id = after
        act.record("assigned", {"assignee": [before, after]})


def close(services: Services, account_id: int, ticket_id: int, now: datetime, *, seen: int | None = None) -> None:
    """Close a ticket, by staff or by its customer; one that is closed stays as it is."""
    with acting(services, account_id, ticket_id, now, seen=seen) as act:
        if act.ticket.state != "closed":
            act.tell("closed", act.record("closed", act.change_state("closed")))


def reopen(services: Services, account_id: int, ticket_id: int, now: datetime, *, seen: int | None = None) -> None:
    """Open a closed ticket again. Raises TicketMerged for a duplicate."""
    with acting(services, account_id, ticket_id, now, seen=seen) as act:
        if act.ticket.merged_into_id is not None:
            raise TicketMerged(act.ticket.reference, reference_of(act.ticket.merged_into_id))
        if act.ticket.state == "closed":
            act.tell("reopened", act.record("reopened", act.change_state("open")))


def merge(
    services: Services, account_id: int, ticket_id: int, into: str, now: datetime, *, seen: int | None = None
) -> None:
    """Close a ticket as a duplicate of another of the same project, where its sender reads on. Raises Refused."""
    with acting(services, account_id, ticket_id, now, seen=seen) as act:
        target = _merge_target(act, into)
        act.ticket.merged_into_id = target.id
        sequence = act.record("merged", {"into": target.reference, **act.change_state("closed")})
        # Duplicates of the duplicate follow it, so that a chain never has to be walked.
        act.database.execute(
            update(Ticket).where(Ticket.merged_into_id == act.ticket.id).values(merged_into_id=target.id)
        )
        other = Act(act.services, act.database, target, act.actor, act.now)
        other.record("absorbed", {"reference": act.ticket.reference})
        act.tell("closed", sequence, {"merged_into": target.reference})


def _merge_target(act: Act, into: str) -> Ticket:
    act_on = act.ticket
    if act_on.merged_into_id is not None:
        raise TicketMerged(act_on.reference, reference_of(act_on.merged_into_id))
    try:
        number = number_of(into.strip().upper())
    except NotFound:
        raise Refused("Enter the reference of the other ticket, like SUP-1042", "into") from None
    target = act.database.scalar(select(Ticket).where(Ticket.id == number).with_for_update())
    if target is None:
        raise Refused(f"There is no ticket {into.strip().upper()}", "into")
    if target.id == act_on.id:
        raise Refused("A ticket can't be merged into itself", "into")
    if target.project_id != act_on.project_id:
        raise Refused("Both tickets must be of one project: its members will read the other one", "into")
    if target.merged_into_id is not None:
        raise Refused(f"{target.reference} was itself merged into {reference_of(target.merged_into_id)}", "into")
    return target


def correct_answers(
    services: Services, account_id: int, ticket_id: int, answers: Mapping[str, str], now: datetime, *, seen: int
) -> str:
    """Correct the chooser's answers; the priority follows from them, by the ticket's own policy.

    Returns the priority. The event says which answers were other, and the old and new criterion.
    Raises AnswerMissing where one more question must be answered, UnknownPriority for an unknown answer.
    """
    with acting(services, account_id, ticket_id, now, seen=seen) as act:
        policy = policy_of(services, act.ticket.policy_version)
        try:
            found = policy.recommend(answers)
        except UnknownAnswer as unknown:
            raise UnknownPriority(str(unknown), unknown.question) from None
        if found.missing:
            raise AnswerMissing(found.missing[0], policy.question(found.missing[0]).title)
        asked = {name: option for name, option in answers.items() if name in found.asked}
        before = act.ticket
        details: dict[str, Any] = {
            "priority": [before.priority, found.priority],
            "rule": [before.rule, found.rule],
            "answers": _changed(dict(before.answers), asked),
            "because": _because(policy, found.criterion, found.because),
        }
        if before.priority == found.priority and dict(before.answers) == asked:
            return found.priority
        act.ticket.answers, act.ticket.rule, act.ticket.recommended = asked, found.rule, found.priority
        _change_priority(act, found.priority, details)
        return found.priority


def _change_priority(act: Act, priority: str, details: dict[str, Any]) -> None:
    due_before = _due_words(act.ticket)
    # Other answers that lead to the same priority are no new promise, and nothing to tell.
    act.promise_anew = act.ticket.priority != priority
    act.ticket.priority = priority
    sequence = act.record("priority-changed", details)
    if act.promise_anew:
        act.tell("priority-changed", sequence, {"priority_before": details["priority"]})
    events.complete(act.database, act.ticket.id, sequence, {"due": [due_before, _due_words(act.ticket)]})


def _due_words(ticket: Ticket) -> dict[str, str | None]:
    return {
        "response": ticket.response_due_at.isoformat() if ticket.response_due_at else None,
        "resolution": ticket.resolution_due_at.isoformat() if ticket.resolution_due_at else None,
    }


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, list[str | None]]:
    """The answers that differ: before and after, None where one was not given."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def _because(policy: Policy, criterion: str, because: str) -> str:
    return policy.criterion(criterion).text if criterion else because

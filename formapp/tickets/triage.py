"""What staff do with a ticket beside writing: assign it, close it, merge it, correct its priority."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from formapp.actors import require_staff
from formapp.database.retry import tried_again
from formapp.errors import (
    AnswerMissing,
    NotFound,
    NotStaff,
    ReopeningOver,
    TicketMerged,
    UnknownPriority,
    UseCaseError,
)
from formapp.mail_address import address_to_find
from formapp.models import Account, Event, Ticket, reference_of
from formapp.policies import in_words, policy_of
from formapp.services import Services
from formapp.tickets import events, follow_up, watching
from formapp.tickets.actions import TicketAction, checked_reason, ticket_action
from formapp.tickets.guide_pages import checked_page, record_page
from formapp.tickets.queries import number_of
from formapp.tickets.registrations import known_registrations
from formapp.translation import gettext as _
from supportpolicy import Policy, UnknownAnswer


def staff_ticket(services: Services, account_id: int, reference: str) -> Ticket:
    """The ticket of this reference, whosever it is, for staff. Raises NotFound, NotPermitted."""
    with services.read() as database:
        require_staff(database, account_id)
        ticket = database.scalar(
            select(Ticket)
            .where(Ticket.id == number_of(reference))
            .options(joinedload(Ticket.project), joinedload(Ticket.reporter), joinedload(Ticket.assignee))
        )
    if ticket is None:
        raise NotFound
    return ticket


def staff_accounts(services: Services) -> tuple[Account, ...]:
    """Everybody to whom a ticket can be assigned, by name."""
    with services.read() as database:
        working = select(Account).where(Account.is_staff, Account.disabled_at.is_(None))
        return tuple(database.scalars(working.order_by(Account.name, Account.id)))


@tried_again
def assign(services: Services, account_id: int, ticket_id: int, email: str, now: datetime, *, seen: int) -> None:
    """Assign a ticket to a member of staff, who is told; an empty address makes it unassigned.

    Raises NotStaff, NotPermitted.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=seen) as action:
        change_assignee(action, staff_number(action.database, email))


def staff_number(database: Session, email: str) -> int | None:
    """The account of a member of staff by its address; None for an empty one. Raises NotStaff."""
    if not email.strip():
        return None
    number = database.scalar(
        select(Account.id).where(
            Account.email == address_to_find(email), Account.is_staff, Account.disabled_at.is_(None)
        )
    )
    if number is None:
        raise NotStaff
    return number


def change_assignee(action: TicketAction, after: int | None, **details: Any) -> bool:  # noqa: ANN401 - what an event says
    """Give the ticket of an action this assignee, who is told of it; whether it had another."""
    before = action.ticket.assignee_id
    if before == after:
        return False
    action.ticket.assignee_id = after
    sequence = action.record("assigned", {"assignee": [before, after], **details})
    if after is not None and after != action.actor.id:
        action.publish("assigned", sequence, {"assignee": after})
    return True


@tried_again
def close(
    services: Services,
    account_id: int,
    ticket_id: int,
    now: datetime,
    *,
    seen: int | None = None,
    guide_page: str = "",
) -> None:
    """Close a ticket, by staff or by its customer; one that is closed stays as it is.

    Staff may say which ``guide_page`` should have answered it. Raises UnknownPage.
    """
    page = checked_page(services, guide_page) if guide_page.strip() else ""
    with ticket_action(services, account_id, ticket_id, now, group="staff and members", seen=seen) as action:
        close_open(action)
        if page and action.actor.is_staff:
            record_page(action, page)


def close_open(action: TicketAction, **details: Any) -> bool:  # noqa: ANN401 - what an event says
    """Close the ticket of an action and tell of it; whether it was not closed."""
    if action.ticket.state == "closed":
        return False
    sequence = action.record("closed", {**action.change_state("closed"), **details})
    action.publish("closed", sequence, follow_up.closing_facts(action.services, action.database, action.ticket))
    return True


@tried_again
def reopen(services: Services, account_id: int, ticket_id: int, now: datetime, *, seen: int | None = None) -> None:
    """Open a closed ticket again. Raises TicketMerged for a duplicate.

    Of its customers also ReopeningOver, where the policy's time for that has passed.
    """
    with ticket_action(services, account_id, ticket_id, now, group="staff and members", seen=seen) as action:
        if action.ticket.merged_into_id is not None:
            raise TicketMerged(action.ticket.reference, reference_of(action.ticket.merged_into_id))
        if not action.actor.is_staff and follow_up.is_over(services, action.database, action.ticket, now):
            raise ReopeningOver(action.ticket.reference)
        if action.ticket.state == "closed":
            action.publish("reopened", action.record("reopened", action.change_state("open")))


@tried_again
def merge(
    services: Services, account_id: int, ticket_id: int, into: str, now: datetime, *, seen: int | None = None
) -> None:
    """Close a ticket as a duplicate of another of the same project, where its sender reads on. Raises UseCaseError."""
    try:
        number = number_of(into.strip().upper())
    except NotFound:
        raise UseCaseError(_("Enter the reference of the other ticket, like SUP-1042"), "into") from None
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=seen, also=number) as action:
        target = _merge_target(action, number)
        action.ticket.merged_into_id = target.id
        sequence = action.record("merged", {"into": target.reference, **action.change_state("closed")})
        # Duplicates of the duplicate follow it, so that a chain never has to be walked.
        action.database.execute(
            update(Ticket).where(Ticket.merged_into_id == action.ticket.id).values(merged_into_id=target.id)
        )
        watching.take_along(action, target)
        other = TicketAction(action.services, action.database, target, action.actor, action.now)
        other.record("absorbed", {"reference": action.ticket.reference})
        action.publish("closed", sequence, {"merged_into": target.reference})


def _merge_target(action: TicketAction, number: int) -> Ticket:
    ticket = action.ticket
    if ticket.merged_into_id is not None:
        raise TicketMerged(ticket.reference, reference_of(ticket.merged_into_id))
    target = action.database.get(Ticket, number)
    if target is None:
        raise UseCaseError(_("There is no ticket %(reference)s", reference=reference_of(number)), "into")
    if target.id == ticket.id:
        raise UseCaseError(_("A ticket can't be merged into itself"), "into")
    if target.project_id != ticket.project_id:
        raise UseCaseError(
            _("Both tickets must belong to the same project, because its members can read the other one"), "into"
        )
    if target.merged_into_id is not None:
        into = reference_of(target.merged_into_id)
        raise UseCaseError(
            _("%(reference)s was itself merged into %(into)s", reference=target.reference, into=into), "into"
        )
    return target


@tried_again
def correct_answers(
    services: Services,
    account_id: int,
    ticket_id: int,
    answers: Mapping[str, str],
    now: datetime,
    *,
    seen: int,
    reason: str,
) -> str:
    """Correct the chooser's answers; the priority follows from them, by the ticket's own policy.

    Returns the priority. The event says which answers were other, the old and new criterion, and the ``reason``,
    which the customer reads. Raises AnswerMissing where one more question must be answered, UnknownPriority for an
    unknown answer, TextRefused where no reason is given or one that can't be stored, and UseCaseError for the answers
    that the ticket has, as nobody would read the reason.
    """
    why = checked_reason(reason, _("Enter why the answers change. The customer reads it"))
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=seen) as action:
        policy = policy_of(services, action.ticket.policy_version)
        try:
            found = policy.recommend(answers)
        except UnknownAnswer as unknown:
            raise UnknownPriority(str(unknown), unknown.question) from None
        if found.missing:
            raise AnswerMissing(found.missing[0], in_words(policy).question(found.missing[0]).title)
        asked = {name: option for name, option in answers.items() if name in found.asked}
        before = action.ticket
        details: dict[str, Any] = {
            "priority": [before.priority, found.priority],
            "rule": [before.rule, found.rule],
            "answers": _changed(dict(before.answers), asked),
            "because": _because(policy, found.criterion, found.because),
            "reason": why,
        }
        if before.priority == found.priority and dict(before.answers) == asked:
            if _corrected_for(action) != (action.actor.id, why):
                same = _("The ticket has these answers already. Choose another one, or write a note")
                raise UseCaseError(same, "reason")
            # The same form came twice.
            return found.priority
        action.ticket.objected_at = None
        action.ticket.answers, action.ticket.rule, action.ticket.recommended = asked, found.rule, found.priority
        action.ticket.registrations = known_registrations(
            action.database.connection(), policy, before.project_id, asked, before.opened_at
        )
        _change_priority(action, found.priority, details)
        return found.priority


def _corrected_for(action: TicketAction) -> tuple[int | None, str]:
    """Who corrected the answers last, and the reason that was given."""
    corrections = select(Event).where(Event.ticket_id == action.ticket.id, Event.kind == "priority-changed")
    last = action.database.scalar(corrections.order_by(Event.sequence.desc()).limit(1))
    return (last.account_id, str(last.details.get("reason", ""))) if last else (None, "")


def _change_priority(action: TicketAction, priority: str, details: dict[str, Any]) -> None:
    due_before = _due_words(action.ticket)
    # Other answers that lead to the same priority set no new targets, and there is nothing to publish.
    action.recompute_response = action.ticket.priority != priority
    action.ticket.priority = priority
    sequence = action.record("priority-changed", details)
    if action.recompute_response:
        facts = {"priority_before": details["priority"], "reason": details["reason"], "due_before": due_before}
        action.publish("priority-changed", sequence, facts)
    events.complete(action.database, action.ticket.id, sequence, {"due": [due_before, _due_words(action.ticket)]})


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

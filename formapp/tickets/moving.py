"""Moving a ticket to another project: its promise stays, who may see it follows the project at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from formapp.database.retry import tried_again
from formapp.errors import ProjectClosed, TicketMerged, UseCaseError
from formapp.models import Account, Membership, Project, Ticket, reference_of
from formapp.services import Services
from formapp.tickets import search_index
from formapp.tickets.actions import TicketAction, checked_reason, ticket_action
from formapp.translation import gettext as _


@tried_again
def move(
    services: Services, account_id: int, ticket_id: int, project_key: str, now: datetime, *, seen: int, reason: str
) -> None:
    """Move a ticket, with the duplicates that were merged into it, to another project; its customer reads why.

    Raises NotPermitted, ChangedMeanwhile, TicketMerged for a duplicate, TextRefused where no reason is given,
    ProjectClosed, and UseCaseError for a project that isn't there, is the ticket's own, or that its sender isn't in.
    """
    why = checked_reason(reason, _("Enter why the ticket moves. The customer reads it"))
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=seen, also=ticket_id) as action:
        ticket, database = action.ticket, action.database
        if ticket.merged_into_id is not None:
            raise TicketMerged(ticket.reference, reference_of(ticket.merged_into_id))
        target = database.scalar(select(Project).where(Project.key == project_key))
        if target is None:
            raise UseCaseError(_("Choose a project from the list"), "project")
        if target.id == ticket.project_id:
            raise UseCaseError(_("The ticket is in this project already. Choose another one"), "project")
        if not target.is_active:
            raise ProjectClosed
        duplicates = database.scalars(
            select(Ticket).where(Ticket.merged_into_id == ticket.id).order_by(Ticket.id)
        ).all()
        group = (ticket, *duplicates)
        for moved in group:
            _must_be_in(action, moved.account_id, target)
        before = database.get_one(Project, ticket.project_id)
        for moved in group:
            moved.project_id = target.id
        database.flush()
        search_index.index_tickets(database.connection(), [moved.id for moved in group])
        sequence = action.record("moved", {"project": [before.name, target.name], "reason": why})
        for duplicate in duplicates:
            along = TicketAction(services, database, duplicate, action.actor, now)
            along.record("moved", {"project": [before.name, target.name], "reason": why})
        action.publish("moved", sequence, {"reason": why})


def _must_be_in(action: TicketAction, account_id: int, project: Project) -> None:
    """Raises UseCaseError where who sent a ticket isn't in the project, and so couldn't see it any more."""
    if action.database.get(Membership, (account_id, project.id)) is None:
        sender = action.database.get_one(Account, account_id)
        raise UseCaseError(
            _(
                "%(name)s is not in %(project)s, and could not see the ticket there. Let %(name)s into the project "
                "first, then move the ticket",
                name=sender.name,
                project=project.name,
            ),
            "project",
        )

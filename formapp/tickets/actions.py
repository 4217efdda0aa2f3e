"""One action on a ticket: lock the ticket, check that nobody was faster, change, record, publish.

Every action is one transaction. The person's page carries the number of the newest event that it
showed; where somebody else has changed the ticket since, the action is refused and the person reads who did what.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from formapp.actors import Group, acting_account, require_group
from formapp.errors import ChangedMeanwhile, NotFound, TextRefused, TicketClosed, TicketMerged
from formapp.models import Account, Event, Project, Ticket, reference_of
from formapp.notifications import fanout
from formapp.notifications.fanout import TicketEvent
from formapp.services import Services
from formapp.text import is_blank, normalise
from formapp.tickets import events, sla
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

ACTION_WORDS = {
    "replied": gettext_noop("%(name)s replied"),
    "noted": gettext_noop("%(name)s added a note"),
    "assigned": gettext_noop("%(name)s changed the assignee"),
    "closed": gettext_noop("%(name)s closed it"),
    "reopened": gettext_noop("%(name)s reopened it"),
    "solved-answered": gettext_noop("%(name)s said whether it was solved"),
    "watcher-added": gettext_noop("%(name)s put a colleague in copy"),
    "watcher-removed": gettext_noop("%(name)s took somebody out of copy"),
    "copy-asked": gettext_noop("%(name)s asked somebody to be in copy"),
    "copy-withdrawn": gettext_noop("%(name)s no longer asks somebody to be in copy"),
    "copy-declined": gettext_noop("somebody declined to be in copy"),
    "copy-confirmed": gettext_noop("%(name)s agreed to be in copy"),
    "merged": gettext_noop("%(name)s merged it"),
    "absorbed": gettext_noop("%(name)s merged another ticket into it"),
    "priority-changed": gettext_noop("%(name)s changed the priority"),
    "moved": gettext_noop("%(name)s moved it to another project"),
}
"""What an event's actor did."""
HARMLESS_EVENTS = ("tagged", "untagged", "page-named")
"""Events after which an action is still what its person meant."""
LONGEST_REASON = 500


@dataclass(slots=True)
class TicketAction:
    """A locked ticket, and what its action needs."""

    services: Services
    database: Session
    ticket: Ticket
    actor: Account
    now: datetime
    recompute_response: bool = field(default=False)

    def record(self, kind: str, details: dict[str, Any]) -> int:
        """Write the action's event; its number."""
        return events.record(self.database, self.ticket.id, kind, self.actor.id, self.now, details)

    def change_state(self, state: str) -> dict[str, Any]:
        """Change the state and return what an event says of that; nothing where it stays."""
        before = self.ticket.state
        if before == state:
            return {}
        self.ticket.state = state
        self.ticket.closed_at = self.now if state == "closed" else None
        return {"state": [before, state]}

    def publish(self, kind: str, sequence: int, facts: dict[str, Any] | None = None) -> None:
        """Publish the event to everybody concerned, with the ticket's facts as they are after the action."""
        sla.recompute(self.services, self.database, self.ticket, recompute_response=self.recompute_response)
        project = self.database.get_one(Project, self.ticket.project_id)
        payload = {
            **fanout.ticket_payload(self.ticket, project.name),
            "by_name": self.actor.name,
            **(facts or {}),
        }
        event = TicketEvent(kind, self.ticket.id, sequence, self.actor.id, self.actor.is_staff, payload)
        fanout.publish(self.services, self.database, event, self.now)

    def must_be_open(self) -> None:
        """Raises TicketMerged or TicketClosed where nothing can be added to the ticket."""
        if self.ticket.merged_into_id is not None:
            raise TicketMerged(self.ticket.reference, reference_of(self.ticket.merged_into_id))
        if self.ticket.state == "closed":
            raise TicketClosed(
                _("%(reference)s is closed. Reopen it to add something", reference=self.ticket.reference)
            )


@contextmanager
def ticket_action(
    services: Services,
    account_id: int,
    ticket_id: int,
    now: datetime,
    *,
    group: Group,
    seen: int | None = None,
    also: int | None = None,
) -> Iterator[TicketAction]:
    """Lock a ticket for one action; committed at the end, undone by any exception.

    ``group`` is whom the action is for, ``seen`` the newest event that the person's page showed (None: doesn't
    matter), ``also`` another ticket to lock with it and with the ticket's duplicates: in the order of their
    numbers, so that no two actions wait for each other. Raises NotPermitted for anybody else, NotFound for a
    ticket that isn't there, ChangedMeanwhile where others have changed it since.
    """
    with services.write.begin() as database:
        actor = acting_account(database, account_id)
        wanted = Ticket.id == ticket_id
        if also is not None:
            wanted = or_(wanted, Ticket.id == also, Ticket.merged_into_id == ticket_id)
        locked = database.scalars(select(Ticket).where(wanted).order_by(Ticket.id).with_for_update()).all()
        ticket = next((one for one in locked if one.id == ticket_id), None)
        if ticket is None:
            raise NotFound
        require_group(database, actor, group, ticket)
        if seen is not None:
            _check_unchanged(database, ticket, actor, seen)
        sla.record_notices(services, database, ticket, now)
        action = TicketAction(services, database, ticket, actor, now)
        yield action
        sla.recompute(services, database, ticket, recompute_response=action.recompute_response)


def _check_unchanged(database: Session, ticket: Ticket, actor: Account, seen: int) -> None:
    newer = database.execute(
        select(Account.name, Event.kind)
        .join(Account, Account.id == Event.account_id)
        .where(
            Event.ticket_id == ticket.id,
            Event.sequence > seen,
            Event.account_id != actor.id,
            Event.kind.not_in(HARMLESS_EVENTS),
        )
        .order_by(Event.sequence)
    ).all()
    if not newer:
        return
    actions = dict.fromkeys(
        _(ACTION_WORDS[kind], name=name) if kind in ACTION_WORDS else f"{name} {kind}" for name, kind in newer
    )
    raise ChangedMeanwhile(
        _(
            "While you were writing, %(actions)s. Check the ticket, then send again",
            actions=_(", then ").join(actions),
        )
    )


def checked_reason(typed: str, missing: str) -> str:
    """The sentence that says a customer why something was changed, as it is stored.

    Raises TextRefused, with the words ``missing`` for an empty one.
    """
    try:
        reason = normalise(typed, LONGEST_REASON, gettext_noop("The reason"))
    except TextRefused as refused:
        raise TextRefused(refused.message, "reason") from None
    if is_blank(reason):
        raise TextRefused(missing, "reason")
    return reason

"""How a ticket came to be, and whether an answer still reopens it: plain values for both sides' pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from formapp.models import Account, Event, Ticket
from formapp.policies import policy_of
from formapp.services import Services
from formapp.tickets import follow_up
from formapp.translation import gettext as _
from formapp.translation import ngettext
from formapp.web.tickets.target_presenter import in_zone
from supportpolicy import Period


@dataclass(frozen=True, slots=True)
class Reopening:
    """Whether its customer can't reopen a ticket any more (``is_over``), until when else, and the rule in words.

    ``until`` is None where there is no end, or the ticket isn't closed; ``rule`` is a whole sentence.
    """

    is_over: bool
    until: datetime | None
    rule: str


def present_reopening(services: Services, ticket: Ticket, now: datetime) -> Reopening:
    """How long its customer can reopen a ticket, by the policy it was filed under."""
    policy = policy_of(services, ticket.policy_version)
    with services.read() as database:
        until = follow_up.reopens_until(services, database, ticket)
        over = follow_up.is_over(services, database, ticket, now)
    return Reopening(over, in_zone(until, policy) if until else None, _rule(policy.mail.reopen_within))


def _rule(period: Period | None) -> str:
    if period is None:
        return _("You can reopen it at any time.")
    if period.business:
        return ngettext(
            "You can reopen it for %(count)s business day after that.",
            "You can reopen it for %(count)s business days after that.",
            period.days,
        )
    return ngettext(
        "You can reopen it for %(count)s day after that.",
        "You can reopen it for %(count)s days after that.",
        period.days,
    )


def filed_by(services: Services, ticket: Ticket, events: Sequence[Event]) -> str:
    """The name of who at the desk has filed a ticket for its customer; empty where nobody has, or that was pruned."""
    opened = next((event for event in events if event.kind == "opened"), None)
    if opened is None or opened.account_id in {None, ticket.account_id}:
        return ""
    with services.read() as database:
        filer = database.get(Account, opened.account_id)
    return filer.name if filer is not None else ""

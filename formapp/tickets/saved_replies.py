"""Saved replies: texts with fields, one's own or shared with everybody at the desk, to be inserted into a message.

Who may change one is told in ``own_or_shared``, what its fields are in ``reply_fields``.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from formapp.actors import require_staff
from formapp.errors import NotFound, TextRefused, TicketMerged, UseCaseError
from formapp.models import SavedReply, Ticket, reference_of
from formapp.policies import policy_of
from formapp.services import Services
from formapp.text import is_blank, normalise
from formapp.tickets import own_or_shared
from formapp.tickets.reply_fields import check_fields, fill_fields
from formapp.tickets.sla import open_targets
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.when import long_words
from supportpolicy.languages import SOURCE_LANGUAGE, in_language, is_spoken

LONGEST_NAME = 60
LONGEST_BODY = 5_000
MOST_REPLIES = 50
"""Of one person."""


class NameTaken(UseCaseError):
    """One has a saved reply of this name already."""

    field = "name"
    message = gettext_noop("You have a saved reply of this name already. Choose another name")


class TooManyReplies(UseCaseError):
    """One has as many saved replies as one may have."""

    field = "name"

    def __init__(self) -> None:
        sentence = _("You have %(most)s saved replies, which is the most. Delete one first", most=MOST_REPLIES)
        super().__init__(sentence)


class ReplyGone(UseCaseError):
    """The saved reply that was chosen is none, or no longer one that this account sees."""

    field = "saved_reply"
    message = gettext_noop("This saved reply is no longer there. Choose another one")


def replies_for(services: Services, viewer_id: int) -> tuple[SavedReply, ...]:
    """One's own saved replies and the shared ones, by name, with their owners, for staff. Raises NotPermitted."""
    with services.read() as database:
        require_staff(database, viewer_id)
        return own_or_shared.seen_by(database, SavedReply, viewer_id)


def add_reply(services: Services, account_id: int, name: str, typed: str, now: datetime, *, shared: bool) -> str:
    """Save a text under a name, by staff; its name. Raises NotPermitted, TextRefused, NameTaken, TooManyReplies."""
    wanted, body = _name(name), _body(typed)
    with services.write.begin() as database:
        require_staff(database, account_id)
        if own_or_shared.number_of_own(database, SavedReply, account_id) >= MOST_REPLIES:
            raise TooManyReplies
        own_or_shared.must_be_free(database, SavedReply, account_id, wanted, 0, NameTaken)
        database.add(SavedReply(account_id=account_id, name=wanted, body=body, is_shared=shared, created_at=now))
    return wanted


def change_reply(services: Services, account_id: int, number: int, name: str, typed: str, *, shared: bool) -> str:
    """Change a saved reply's name and text, share it or keep it for oneself; its name.

    Raises NotPermitted, NotFound, TextRefused, NameTaken.
    """
    with services.write.begin() as database:
        reply = own_or_shared.changeable(database, SavedReply, account_id, number)
        reply.name, reply.body = _name(name), _body(typed)
        own_or_shared.must_be_free(database, SavedReply, reply.account_id, reply.name, reply.id, NameTaken)
        reply.is_shared = shared
        return reply.name


def delete_reply(services: Services, account_id: int, number: int) -> str:
    """Delete a saved reply; its name. What was written with it stays. Raises NotPermitted, NotFound."""
    with services.write.begin() as database:
        reply = own_or_shared.changeable(database, SavedReply, account_id, number)
        database.delete(reply)
        return reply.name


def filled_reply(services: Services, account_id: int, ticket_id: int, number: int, now: datetime) -> str:
    """A saved reply's text for a ticket, its fields filled, for staff who see it.

    Raises NotPermitted, NotFound for a ticket that isn't there, TicketMerged, ReplyGone; TextRefused for a field
    that is none any more.
    """
    seen = or_(SavedReply.account_id == account_id, SavedReply.is_shared)
    with services.read() as database:
        require_staff(database, account_id)
        body = database.scalar(select(SavedReply.body).where(SavedReply.id == number, seen))
        ticket = database.scalar(select(Ticket).where(Ticket.id == ticket_id).options(joinedload(Ticket.reporter)))
    if ticket is None:
        raise NotFound
    if ticket.merged_into_id is not None:
        # Replies go to the other ticket, whose customer may be another one.
        raise TicketMerged(ticket.reference, reference_of(ticket.merged_into_id))
    if body is None:
        raise ReplyGone
    try:
        check_fields(body)
    except TextRefused as refused:
        # Whoever was called "Due" and is erased takes the word out of a field.
        raise TextRefused(refused.message, "saved_reply") from None
    values = {"name": ticket.reporter.name, "reference": ticket.reference, "subject": ticket.subject}
    return fill_fields(body, {**values, "due": _due_words(services, ticket, now)})


def _due_words(services: Services, ticket: Ticket, now: datetime) -> str:
    """The date of the next promise as mails to the customer say it; none that has passed is promised again."""
    due = min((target.due for target in open_targets(ticket)), default=None)
    language = ticket.reporter.language or SOURCE_LANGUAGE
    with in_language(language if is_spoken(language) else SOURCE_LANGUAGE):
        if due is None or due <= now:
            return _("as soon as we can")
        return long_words(due, policy_of(services, ticket.policy_version).calendar.zone, now)


def _name(typed: str) -> str:
    return own_or_shared.checked_name(typed, LONGEST_NAME, _("Enter a name for the saved reply"))


def _body(typed: str) -> str:
    try:
        body = normalise(typed, LONGEST_BODY, gettext_noop("The text"))
    except TextRefused as refused:
        raise TextRefused(refused.message, "body") from None
    if is_blank(body):
        raise TextRefused(_("Enter the text of the saved reply"), "body")
    check_fields(body)
    return body

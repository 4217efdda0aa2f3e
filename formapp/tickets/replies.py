"""The conversation of a ticket: replies that both sides read, and internal notes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import joinedload

from formapp import failed_work
from formapp.actors import Group
from formapp.attachments import service as attachments
from formapp.database.retry import tried_again
from formapp.errors import ReopeningOver, ReplyReused, TextRefused, TooManyMessages, UseCaseError
from formapp.limited_process import OverLimit
from formapp.logs import failure_place, log
from formapp.models import Message
from formapp.services import Services
from formapp.text import is_blank, normalise
from formapp.tickets import follow_up, message_html, search_index, watching
from formapp.tickets.actions import TicketAction, ticket_action
from formapp.tickets.guide_pages import checked_page, record_page
from formapp.tickets.mentions import mentioned_in
from formapp.translation import gettext as _
from formapp.translation import gettext_noop

BODY_LENGTH = 20_000
# The id that a form was made with: something that can be seen, as long as its column takes.
_SUBMISSION = re.compile(r"\S[^\0]{0,99}")
RENDERING = "rendering"
"""What making a message's HTML is called where it fails."""
NextState = Literal["open", "waiting", "closed"]
"""How a ticket goes on after a staff reply: we work on it, we wait for the customer, or it is done."""


@dataclass(frozen=True, slots=True)
class MessageInput:
    """What a person sends: a text, the form's id, and the newest event that the page showed (None: any).

    ``files`` are the tokens of staged files.
    """

    body: str
    submission: str
    seen: int | None = None
    files: tuple[str, ...] = ()


@tried_again
def reply_as_customer(
    services: Services,
    account_id: int,
    ticket_id: int,
    message: MessageInput,
    now: datetime,
    *,
    reopen: bool = False,
    objects: bool = False,
    most_an_hour: int | None = None,
    in_copy: bool = False,
) -> None:
    """Add the reply of a member of the project; the ticket is ours to work on again. The same form twice adds one.

    ``in_copy`` says that somebody outside the project writes, who is in copy by an address; the message is marked so.

    ``objects`` says that something about the ticket was changed wrongly; it is flagged until staff answer.

    Raises NotPermitted, TextRefused, ReplyReused, TicketMerged, TicketClosed unless it is to be reopened,
    ReopeningOver where the policy's time for that has passed, TooManyMessages beyond ``most_an_hour`` of this person,
    and of its files FilesGone, TooManyFiles, FilesTooLarge.
    """
    body = checked_body(message)
    group: Group = "in copy" if in_copy else "members"
    with ticket_action(services, account_id, ticket_id, now, group=group) as action:
        add_customer_reply(
            action, message, body, reopen=reopen, objects=objects, most_an_hour=most_an_hour, from_copy=in_copy
        )
    attachments.mark_attached(services, message.files)


def add_customer_reply(
    action: TicketAction,
    message: MessageInput,
    body: str,
    *,
    reopen: bool,
    objects: bool = False,
    most_an_hour: int | None = None,
    from_copy: bool = False,
) -> None:
    """Add a member's reply, or with ``from_copy`` that of somebody in copy, inside the caller's action.

    ``body`` is the message's checked text.

    Raises what ``reply_as_customer`` does of the ticket, the form and the limit.
    """
    if _sent_before(action, message, body):
        return
    _within_limit(action, most_an_hour)
    if reopen and follow_up.is_over(action.services, action.database, action.ticket, action.now):
        raise ReopeningOver(action.ticket.reference)
    _open_for(action, reopen=reopen)
    _add(action, "reply", body, message, by_staff=False, from_copy=from_copy)
    watching.come_back(action)
    details = action.change_state("open")
    if objects:
        action.ticket.objected_at = action.now
        details["objects"] = True
    sequence = action.record("replied", details)
    action.publish("replied", sequence, {"body": body})


@tried_again
def reply_as_staff(
    services: Services,
    account_id: int,
    ticket_id: int,
    message: MessageInput,
    then: NextState,
    now: datetime,
    *,
    reopen: bool = False,
    most_an_hour: int | None = None,
    guide_page: str = "",
) -> None:
    """Add a staff reply; the first one stops the response clock. ``then`` says how the ticket goes on.

    ``guide_page`` is the page of the guide that should have answered, if one is named; the customer never sees it.

    Raises NotPermitted, UnknownPage, TextRefused, ReplyReused, TicketMerged, TicketClosed unless it is to be reopened,
    TooManyMessages beyond ``most_an_hour`` of this person, of its files FilesGone, TooManyFiles, FilesTooLarge, and
    ChangedMeanwhile where somebody else has changed the ticket since the page was made.
    """
    body = checked_body(message)
    if then not in get_args(NextState):
        raise UseCaseError(_("Choose what happens to the ticket"), "then")
    page = checked_page(services, guide_page) if guide_page.strip() else ""
    with ticket_action(services, account_id, ticket_id, now, group="staff", seen=message.seen) as action:
        if _sent_before(action, message, body):
            return
        _within_limit(action, most_an_hour)
        _open_for(action, reopen=reopen)
        _add(action, "reply", body, message, by_staff=True)
        details: dict[str, Any] = {}
        action.ticket.objected_at = None
        if action.ticket.answered_at is None:
            action.ticket.answered_at = now
            details["first_answer"] = True
        sequence = action.record("replied", {**details, **action.change_state(then)})
        closing = follow_up.closing_facts(services, action.database, action.ticket)
        action.publish("replied", sequence, {"body": body, "mentioned": mentioned_in(action.database, body), **closing})
        if then == "closed":
            action.publish("closed", action.record("closed", {}), {"with_reply": True})
        if page:
            record_page(action, page)
    attachments.mark_attached(services, message.files)


@tried_again
def add_note(
    services: Services,
    account_id: int,
    ticket_id: int,
    message: MessageInput,
    now: datetime,
    *,
    most_an_hour: int | None = None,
) -> None:
    """Add an internal note, which only staff see; on a closed ticket too. Colleagues whom it mentions get a mail.

    Raises what a staff reply does but for the ticket's state.
    """
    body = checked_body(message)
    with ticket_action(services, account_id, ticket_id, now, group="staff") as action:
        if _sent_before(action, message, body):
            return
        _within_limit(action, most_an_hour)
        _add(action, "note", body, message, by_staff=True)
        sequence = action.record("noted", {})
        if mentioned := mentioned_in(action.database, body):
            action.publish("noted", sequence, {"mentioned": mentioned})
    attachments.mark_attached(services, message.files)


def messages_of(services: Services, ticket_id: int, *, with_notes: bool) -> tuple[Message, ...]:
    """What was written on a ticket, in order; the notes only for staff."""
    wanted = select(Message).where(Message.ticket_id == ticket_id).options(joinedload(Message.author))
    if not with_notes:
        wanted = wanted.where(Message.kind == "reply")
    with services.read() as database:
        return tuple(database.scalars(wanted.order_by(Message.id)))


def newer_messages(services: Services, ticket_id: int, after: int, *, with_notes: bool) -> tuple[int, int]:
    """The number of a ticket's newest message (0 for none), and how many came after this one; notes only for staff."""
    wanted = Message.ticket_id == ticket_id
    if not with_notes:
        wanted = and_(wanted, Message.kind == "reply")
    newer = func.count().filter(Message.id > after)
    with services.read() as database:
        newest, count = database.execute(select(func.max(Message.id), newer).where(wanted)).one()
    return newest or 0, count


def sent_by(messages: Iterable[Message], account_id: int) -> tuple[str, ...]:
    """The ids of the forms that a person sent these messages with: their drafts have arrived."""
    return tuple(message.submission for message in messages if message.account_id == account_id)


def render_new(services: Services, clock: Callable[[], datetime], most: int = 50) -> int:
    """Render messages that have no HTML yet, each once; how many were tried.

    One that can't be rendered is shown as it was typed; it is put off, after some tries given up, and holds up
    no other.
    """
    now = clock()
    new = select(Message.id, Message.ticket_id).where(
        Message.html.is_(None), ~failed_work.waits(RENDERING, Message.id, now)
    )
    with services.read() as database:
        numbers = database.execute(new.order_by(Message.id).limit(most)).all()
    for number, ticket_id in numbers:
        try:
            _render(services, number)
        except Exception as error:  # noqa: BLE001 - one message's trouble is no other's
            failed_work.put_off(services, RENDERING, number, ticket_id, error, clock())
    return len(numbers)


def render_before_it_is_told(services: Services, number: int | None) -> None:
    """Render a message of which mails are about to tell; what can't be rendered, they show as it was typed."""
    with services.read() as database:
        new = database.scalar(select(Message.id).where(Message.id == number, Message.html.is_(None)))
    if new is None:
        return
    try:
        _render(services, new)
    except Exception as error:  # noqa: BLE001 - it is tried again with the other new messages
        log.warning("message not rendered for mail", message=number, error=failure_place(error))


def _render(services: Services, number: int) -> None:
    with services.read() as database:
        body = database.scalar(select(Message.body).where(Message.id == number)) or ""
    html = _rendered(number, body)
    with services.write.begin() as database:
        database.execute(update(Message).where(Message.id == number).values(html=html))
        failed_work.forget(database, RENDERING, number)


def _rendered(number: int, body: str) -> str:
    """A message's HTML; one that takes too much is shown as it was typed, and not tried again."""
    try:
        return message_html.render(body)
    except OverLimit as over:
        log.warning("message shown as typed", message=number, reason=str(over))
        return message_html.as_typed(body)


def checked_body(message: MessageInput) -> str:
    """The text as it is stored. Raises TextRefused, and UseCaseError for a form without an id of its own."""
    try:
        body = normalise(message.body, BODY_LENGTH, gettext_noop("The message"))
    except TextRefused as refused:
        raise TextRefused(refused.message, "body") from None
    if is_blank(body):
        raise TextRefused(_("Enter your message"), "body")
    if not _SUBMISSION.fullmatch(message.submission):
        raise UseCaseError(_("This form can't be told from another. Reload the page, then send your message again"))
    return body


def _within_limit(action: TicketAction, most_an_hour: int | None) -> None:
    """Raises TooManyMessages where this person has written as many within the hour as one may."""
    if most_an_hour is None:
        return
    sent = select(func.count()).where(
        Message.account_id == action.actor.id, Message.at > action.now - timedelta(hours=1)
    )
    if (action.database.scalar(sent) or 0) >= most_an_hour:
        raise TooManyMessages


def _sent_before(action: TicketAction, message: MessageInput, body: str) -> bool:
    """Whether this form has added this text already. Raises ReplyReused where it was another text or other files."""
    before = action.database.scalar(
        select(Message).where(Message.account_id == action.actor.id, Message.submission == message.submission)
    )
    if before is None:
        return False
    if before.body != body or before.ticket_id != action.ticket.id:
        raise ReplyReused
    if attachments.attached_contents(action.database, before.id) != attachments.staged_contents(
        action.services, message.files
    ):
        raise ReplyReused
    return True


def _open_for(action: TicketAction, *, reopen: bool) -> None:
    """Reopen a closed ticket where that is wanted. Raises TicketMerged or TicketClosed where nothing can be added."""
    if reopen and action.ticket.state == "closed" and action.ticket.merged_into_id is None:
        action.publish("reopened", action.record("reopened", action.change_state("open")))
    action.must_be_open()


def _add(
    action: TicketAction, kind: str, body: str, message: MessageInput, *, by_staff: bool, from_copy: bool = False
) -> None:
    row = Message(
        ticket_id=action.ticket.id,
        account_id=action.actor.id,
        by_staff=by_staff,
        from_copy=from_copy,
        kind=kind,
        body=body,
        html=None,
        at=action.now,
        submission=message.submission,
    )
    action.database.add(row)
    action.database.flush()
    files = attachments.attach(
        action.services,
        action.database,
        message.files,
        ticket_id=action.ticket.id,
        message_id=row.id,
        account_id=action.actor.id,
        now=action.now,
    )
    search_index.add_message(action.database, row, [file.name for file in files])

"""The conversation of a ticket: replies that both sides read, and notes for staff alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from formapp.attachments import service as attachments
from formapp.errors import ReplyReused, TextRefused
from formapp.models import Message
from formapp.services import Services
from formapp.text import is_blank, normalise
from formapp.tickets.actions import Act, acting
from formapp.tickets.markdown import to_html

BODY_LENGTH = 20_000
Then = Literal["open", "waiting", "closed"]
"""How a ticket goes on after a staff reply: we work on it, we wait for the customer, or it is done."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person sends: Markdown, the form's id, and the newest event that the page showed (None: any).

    ``files`` are the tokens of kept files.
    """

    body: str
    submission: str
    seen: int | None = None
    files: tuple[str, ...] = ()


def reply_as_customer(
    services: Services, account_id: int, ticket_id: int, written: Written, now: datetime, *, reopen: bool = False
) -> None:
    """Add a customer's reply; the ticket is ours to work on again. The same form sent twice adds one.

    Raises TextRefused, ReplyReused, TicketMerged, TicketClosed unless it is to be reopened, and of its
    files FilesGone, TooManyFiles, FilesTooLarge.
    """
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now) as act:
        if _sent_before(act, written, body):
            return
        _open_for(act, reopen=reopen)
        _add(act, "reply", body, written, by_staff=False)
        sequence = act.record("replied", act.change_state("open"))
        act.tell("replied", sequence, {"body": body})
    attachments.mark_sent(services, written.files)


def reply_as_staff(
    services: Services,
    account_id: int,
    ticket_id: int,
    written: Written,
    then: Then,
    now: datetime,
    *,
    reopen: bool = False,
) -> None:
    """Add a staff reply; the first one stops the response clock. ``then`` says how the ticket goes on.

    Raises TextRefused, ReplyReused, TicketMerged, TicketClosed unless it is to be reopened, of its files
    FilesGone, TooManyFiles, FilesTooLarge, and ChangedMeanwhile where somebody else has acted since the
    page was made.
    """
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now, seen=written.seen) as act:
        if _sent_before(act, written, body):
            return
        _open_for(act, reopen=reopen)
        _add(act, "reply", body, written, by_staff=True)
        details: dict[str, Any] = {}
        if act.ticket.answered_at is None:
            act.ticket.answered_at = now
            details["first_answer"] = True
        sequence = act.record("replied", {**details, **act.change_state(then)})
        act.tell("replied", sequence, {"body": body})
        if then == "closed":
            act.tell("closed", act.record("closed", {}), {"with_reply": True})
    attachments.mark_sent(services, written.files)


def add_note(services: Services, account_id: int, ticket_id: int, written: Written, now: datetime) -> None:
    """Add a note that only staff see; on a closed ticket too. Nobody outside the desk is told."""
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now) as act:
        if _sent_before(act, written, body):
            return
        _add(act, "note", body, written, by_staff=True)
        act.record("noted", {})
    attachments.mark_sent(services, written.files)


def messages_of(services: Services, ticket_id: int, *, with_notes: bool) -> tuple[Message, ...]:
    """What was written on a ticket, in order; the notes only for staff."""
    wanted = select(Message).where(Message.ticket_id == ticket_id).options(joinedload(Message.author))
    if not with_notes:
        wanted = wanted.where(Message.kind == "reply")
    with services.read() as database:
        return tuple(database.scalars(wanted.order_by(Message.id)))


def sent_by(messages: Iterable[Message], account_id: int) -> tuple[str, ...]:
    """The ids of the forms that a person sent these messages with: their drafts have arrived."""
    return tuple(message.submission for message in messages if message.account_id == account_id)


def render_new(services: Services, most: int = 50) -> int:
    """Render messages that have no HTML yet; how many were rendered."""
    with services.read() as database:
        new = database.execute(
            select(Message.id, Message.body).where(Message.html.is_(None)).order_by(Message.id).limit(most)
        ).all()
    for number, body in new:
        html = to_html(body)
        with services.write.begin() as database:
            database.execute(update(Message).where(Message.id == number).values(html=html))
    return len(new)


def _checked(typed: str) -> str:
    try:
        body = normalise(typed)
    except TextRefused as refused:
        raise TextRefused(refused.sentence, "body") from None
    if is_blank(body):
        raise TextRefused("Enter your message", "body")
    if len(body) > BODY_LENGTH:
        raise TextRefused(f"The message must be {BODY_LENGTH:,} characters or less", "body")
    return body


def _sent_before(act: Act, written: Written, body: str) -> bool:
    """Whether this form has added this text already. Raises ReplyReused where it was another text or other files."""
    before = act.database.scalar(
        select(Message).where(Message.account_id == act.actor.id, Message.submission == written.submission)
    )
    if before is None:
        return False
    if before.body != body or before.ticket_id != act.ticket.id:
        raise ReplyReused
    if attachments.content_attached(act.database, before.id) != attachments.content_of(act.services, written.files):
        raise ReplyReused
    return True


def _open_for(act: Act, *, reopen: bool) -> None:
    """Reopen a closed ticket where that is wanted. Raises TicketMerged or TicketClosed where nothing can be added."""
    if reopen and act.ticket.state == "closed" and act.ticket.merged_into_id is None:
        act.tell("reopened", act.record("reopened", act.change_state("open")))
    act.must_be_open()


def _add(act: Act, kind: str, body: str, written: Written, *, by_staff: bool) -> None:
    message = Message(
        ticket_id=act.ticket.id,
        account_id=act.actor.id,
        by_staff=by_staff,
        kind=kind,
        body=body,
        html=None,
        at=act.now,
        submission=written.submission,
    )
    act.database.add(message)
    act.database.flush()
    attachments.attach(
        act.services,
        act.database,
        written.files,
        ticket_id=act.ticket.id,
        message_id=message.id,
        account_id=act.actor.id,
        now=act.now,
    )

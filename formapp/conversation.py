"""The conversation of a ticket: replies that both sides read, and notes for staff alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from formapp.acts import Act, acting
from formapp.errors import ReplyReused, TextRefused
from formapp.markdown import to_html
from formapp.models import Message
from formapp.services import Services
from formapp.text import is_blank, normalise

BODY_LENGTH = 20_000
Then = Literal["open", "waiting", "closed"]
"""How a ticket goes on after a staff reply: we work on it, we wait for the customer, or it is done."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person sends: Markdown, the form's id, and the newest event that the page showed (None: any)."""

    body: str
    submission: str
    seen: int | None = None


def reply_as_customer(
    services: Services, account_id: int, ticket_id: int, written: Written, now: datetime, *, reopen: bool = False
) -> None:
    """Add a customer's reply; the ticket is ours to work on again. The same form sent twice adds one.

    Raises TextRefused, ReplyReused, TicketMerged, and TicketClosed unless it is to be reopened.
    """
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now) as act:
        if _sent_before(act, written.submission, body):
            return
        if reopen and act.ticket.state == "closed" and act.ticket.merged_into_id is None:
            sequence = act.record("reopened", act.change_state("open"))
            act.tell("reopened", sequence)
        act.must_be_open()
        _add(act, "reply", body, written.submission, by_staff=False)
        sequence = act.record("replied", act.change_state("open"))
        act.tell("replied", sequence, {"body": body})


def reply_as_staff(
    services: Services, account_id: int, ticket_id: int, written: Written, then: Then, now: datetime
) -> None:
    """Add a staff reply; the first one stops the response clock. ``then`` says how the ticket goes on.

    Raises TextRefused, ReplyReused, TicketMerged, TicketClosed, and ChangedMeanwhile where somebody
    else has acted since the page was made.
    """
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now, seen=written.seen) as act:
        if _sent_before(act, written.submission, body):
            return
        act.must_be_open()
        _add(act, "reply", body, written.submission, by_staff=True)
        details: dict[str, Any] = {}
        if act.ticket.answered_at is None:
            act.ticket.answered_at = now
            details["first_answer"] = True
        sequence = act.record("replied", {**details, **act.change_state(then)})
        act.tell("replied", sequence, {"body": body})
        if then == "closed":
            act.tell("closed", act.record("closed", {}), {"with_reply": True})


def add_note(services: Services, account_id: int, ticket_id: int, written: Written, now: datetime) -> None:
    """Add a note that only staff see; on a closed ticket too. Nobody outside the desk is told."""
    body = _checked(written.body)
    with acting(services, account_id, ticket_id, now) as act:
        if _sent_before(act, written.submission, body):
            return
        _add(act, "note", body, written.submission, by_staff=True)
        act.record("noted", {})


def messages_of(services: Services, ticket_id: int, *, with_notes: bool) -> tuple[Message, ...]:
    """What was written on a ticket, in order; the notes only for staff."""
    wanted = select(Message).where(Message.ticket_id == ticket_id).options(joinedload(Message.author))
    if not with_notes:
        wanted = wanted.where(Message.kind == "reply")
    with services.read() as database:
        return tuple(database.scalars(wanted.order_by(Message.id)))


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


def _sent_before(act: Act, submission: str, body: str) -> bool:
    """Whether this form has added this text already. Raises ReplyReused where it was another text."""
    before = act.database.scalar(
        select(Message).where(Message.account_id == act.actor.id, Message.submission == submission)
    )
    if before is not None and (before.body != body or before.ticket_id != act.ticket.id):
        raise ReplyReused
    return before is not None


def _add(act: Act, kind: str, body: str, submission: str, *, by_staff: bool) -> None:
    act.database.add(
        Message(
            ticket_id=act.ticket.id,
            account_id=act.actor.id,
            by_staff=by_staff,
            kind=kind,
            body=body,
            html=None,
            at=act.now,
            submission=submission,
        )
    )
    act.database.flush()

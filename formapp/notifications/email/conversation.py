"""What a mail shows of the ticket's conversation: the message that it tells of, and the last ones before it.

Read when the mail is written, so that nothing lies twice: what is erased meanwhile is in no mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from formapp.models import Message, OutboxMessage, Ticket
from formapp.services import Services
from formapp.text import excerpt

MOST_EARLIER = 3
LONGEST_EXCERPT = 160
WITH_NOTES = frozenset({"staff-mentioned"})
"""The mails that may tell of an internal note: to colleagues alone."""
_TELL_OF_THE_NEWEST = frozenset({"replied", "staff-reply", "staff-mentioned"})
# More than one, or one at a line's beginning; within a tag there are none such.
_SPACES = re.compile("^ +|  +", re.MULTILINE)
_CODE = re.compile(r"(<pre>.*?</pre>)\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The beginning of an earlier message, with its writer."""

    author: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """``body`` and ``html`` are the message that the mail tells of, ``earlier`` what was written before, newest first.

    ``html`` is as pages show it, and empty where it isn't rendered: then it is shown as it was typed.
    """

    body: str = ""
    html: str = ""
    earlier: tuple[Excerpt, ...] = ()


def conversation_of(services: Services, mail: OutboxMessage) -> Conversation:
    """What was said on the mail's ticket up to its event; nothing for a mail of no event, or of a ticket's first."""
    if mail.ticket_id is None or "newest" not in mail.payload:
        return Conversation()
    newest = mail.payload["newest"] or 0
    tells_of_it = mail.kind in _TELL_OF_THE_NEWEST
    with services.read() as database:
        told = database.get(Message, newest) if tells_of_it else None
        earlier = _earlier(database, mail.ticket_id, newest, without_it=tells_of_it)
    if told is None or (told.kind != "reply" and mail.kind not in WITH_NOTES):
        return Conversation(earlier=earlier)
    return Conversation(told.body, told.html or "", earlier)


def _earlier(database: Session, ticket_id: int, newest: int, *, without_it: bool) -> tuple[Excerpt, ...]:
    """The last replies until then, of either side and never a note; at the end what the ticket said itself."""
    until = Message.id < newest if without_it else Message.id <= newest
    replies = database.scalars(
        select(Message)
        .where(Message.ticket_id == ticket_id, Message.kind == "reply", until)
        .options(joinedload(Message.author))
        .order_by(Message.id.desc())
        .limit(MOST_EARLIER)
    )
    found = [Excerpt(one.author.name, one.at, excerpt(one.body, LONGEST_EXCERPT)) for one in replies]
    if len(found) < MOST_EARLIER:
        ticket = database.get_one(Ticket, ticket_id, options=[joinedload(Ticket.reporter)])
        found.append(Excerpt(ticket.reporter.name, ticket.opened_at, excerpt(ticket.description, LONGEST_EXCERPT)))
    return tuple(found)


def for_mail(html: str) -> Markup:
    """A message's safe HTML so that its lines and spaces stay, too, where a mail program knows nothing of styles."""
    parts = _CODE.split(html)
    return Markup("".join(part if number % 2 else _kept_lines(part) for number, part in enumerate(parts)))  # noqa: S704 - made safe when it was stored


def _kept_lines(html: str) -> str:
    lines = html.replace("</p>\n", "</p>").split("\n")
    with_spaces = (_SPACES.sub(lambda found: "\N{NO-BREAK SPACE}" * len(found[0]), line) for line in lines)
    return "<br>\n".join(with_spaces).removesuffix("<br>\n")

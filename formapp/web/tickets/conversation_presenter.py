"""The messages of a ticket in words, as both the customer's page and the desk's show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from formapp.models import Message
from formapp.web.layout.filters import instant_html
from formapp.web.tickets.attachment_presenter import AttachmentView
from formapp.when import short_words
from supportpolicy import Policy


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message. ``html`` is safe; empty while the worker hasn't rendered it: then ``body`` is shown as typed."""

    author: str
    by_staff: bool
    kind: str
    at: Markup
    html: Markup
    body: str
    files: tuple[AttachmentView, ...]


def present_messages(
    messages: Iterable[Message], files: Mapping[int | None, tuple[AttachmentView, ...]], policy: Policy, now: datetime
) -> tuple[MessageView, ...]:
    """The messages with their files for the macro of ``conversation.html``, with instants in the policy's zone."""
    return tuple(
        MessageView(
            author=message.author.name,
            by_staff=message.by_staff,
            kind=message.kind,
            at=instant_html(short_words(message.at, policy.calendar.zone, now), message.at, policy),
            # Cleaned when it was rendered and stored (formapp.tickets.markdown); nobody else writes this column.
            html=Markup(message.html or ""),  # noqa: S704
            body=message.body,
            files=files.get(message.id, ()),
        )
        for message in messages
    )

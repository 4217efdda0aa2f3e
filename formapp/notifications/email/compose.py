"""What a mail says: written from an outbox row's facts by the templates beside this module."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parseaddr
from functools import cache
from importlib import resources
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError, select_autoescape
from markupsafe import Markup

from formapp.mail_address import ascii_address
from formapp.models import OutboxMessage
from formapp.notifications import recipients
from formapp.notifications.email.above_this_line import ABOVE_THIS_LINE
from formapp.notifications.email.conversation import Conversation, conversation_of, for_mail
from formapp.notifications.email.message import CannotBuild, Mail
from formapp.notifications.email.reply_address import reply_address
from formapp.notifications.unsubscribing import Subscription, unsubscribe_url
from formapp.policies import in_words
from formapp.services import Services
from formapp.translation import gettext, gettext_noop, ngettext
from formapp.when import long_words, short_words
from formapp.widgets.guide_look import look_of_guide
from supportpolicy import Policy
from supportpolicy.languages import SOURCE_LANGUAGE, current_language, direction, in_language, is_spoken

# More than one, or one at a line's beginning.
_SPACES = re.compile("^ +|  +")
WHY = {
    recipients.OWN: gettext_noop("You get this mail because you sent this ticket or wrote on it."),
    recipients.COPY: gettext_noop("You get this mail because you are in copy of this ticket."),
    recipients.OUTSIDE: gettext_noop(
        "You get this mail because you agreed to be in copy. The ticket's page is for the people of its project."
    ),
    recipients.PROJECT: gettext_noop("You get this mail because you follow all tickets of your projects."),
    recipients.NEW: gettext_noop("You get this mail because you follow new and unassigned tickets."),
    recipients.ASSIGNED: gettext_noop("You get this mail because the ticket is assigned to you."),
    recipients.MENTIONED: gettext_noop("You get this mail because a colleague mentioned you."),
    recipients.DUE: gettext_noop("You get this mail because you follow the dates of tickets."),
}
"""Why somebody gets a mail, by the reasons of its recipients, in English."""
NOT_ANSWERED = frozenset({"staff-mentioned", "copy-asked"})
"""Mails without an address for answers: an answer would go to the customer, and they may tell of an internal note; or
come from somebody who may not write on the ticket yet."""


@cache
def _templates() -> Environment:
    folder = resources.files("formapp.notifications.email").joinpath("templates")
    texts = {file.name: file.read_text("utf-8") for file in folder.iterdir() if file.name.endswith((".txt", ".html"))}
    environment = Environment(
        loader=DictLoader(texts),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.filters["as_typed"] = _as_typed
    # For a value within a sentence that the plain text has, too.
    environment.filters["bdi"] = Markup("<bdi>{}</bdi>").format
    environment.filters["strong"] = Markup("<strong>{}</strong>").format
    return environment


def compose(
    services: Services, message: OutboxMessage, policy_of: Policy, conversation: Conversation | None = None
) -> Mail:
    """The mail of an outbox row, in its receiver's language; ``policy_of`` is the policy its facts speak of.

    ``conversation`` is what it shows of its ticket's, read where none is given. Raises CannotBuild.
    """
    if conversation is None:
        conversation = conversation_of(services, message)
    language = message.payload.get("language", "")
    with in_language(language if is_spoken(language) else SOURCE_LANGUAGE):
        return _compose(services, message, in_words(policy_of), conversation)


def _compose(services: Services, message: OutboxMessage, policy_of: Policy, conversation: Conversation) -> Mail:
    try:
        facts = _facts(services, message, policy_of) | _told(message, policy_of, conversation)
        recipient = ascii_address(message.recipient)
    except KeyError as error:
        raise CannotBuild(f"it has no {error}") from error
    except UnicodeError as error:
        raise CannotBuild("no mail server knows the host of its address") from error
    try:
        subject, _, text = _templates().get_template(f"{message.kind}.txt").render(facts).partition("\n")
        html = _templates().get_template(f"{message.kind}.html").render(facts)
    except UndefinedError as error:
        raise CannotBuild("it lacks a fact that it tells") from error
    sender_name, sender = parseaddr(services.settings.mail_from)
    return Mail(
        sender_name=sender_name,
        sender=sender,
        recipient=recipient,
        subject=" ".join(subject.split()),
        text=text.strip() + "\n",
        html=html,
        message_id=message.message_id,
        written_at=message.created_at,
        thread_id=message.payload.get("thread", ""),
        reply_to=_reply_to(services, message),
        unsubscribe_url=facts["unsubscribe"],
    )


def _reply_to(services: Services, message: OutboxMessage) -> str:
    """Where answers go, where the desk reads them: an address of this ticket and this person."""
    settings = services.settings
    if not settings.incoming_address or message.kind in NOT_ANSWERED:
        return ""
    if message.ticket_id is None:
        return settings.incoming_address
    return reply_address(settings.incoming_address, settings.secret_key, message.ticket_id, message.recipient)


def _facts(services: Services, message: OutboxMessage, policy_of: Policy) -> dict[str, Any]:
    settings, side = services.settings, direction(current_language())
    look = look_of_guide(settings.site_dir)
    facts: dict[str, Any] = {
        "contact": policy_of.contact_email,
        "answers_read": bool(settings.incoming_address) and message.kind not in NOT_ANSWERED,
        "above_this_line": ABOVE_THIS_LINE,
        "base": f"{settings.base_url}/support",
        "for_staff": message.kind.startswith("staff-"),
        **message.payload,
        "lang": current_language(),
        "dir": side,
        "start": "right" if side == "rtl" else "left",
        "look": look,
        "guide_name": look.name or parseaddr(settings.mail_from)[0] or parseaddr(settings.mail_from)[1],
        **_why(services, message),
    }
    if "reference" in facts:
        facts["ticket_url"] = f"{facts['base']}/{'desk' if facts['for_staff'] else 'tickets'}/{facts['reference']}"
    if "priority" in facts:
        priority = policy_of.priority(facts["priority"])
        facts["priority_label"] = priority.label
        facts["response"] = priority.response.words
        facts["resolution"] = priority.resolution.words
    for name, words in (
        ("response_due", "due_words"),
        ("resolution_due", "resolution_words"),
        ("due", "notice_words"),
        ("reopen_until", "reopen_words"),
        ("until", "until_words"),
    ):
        due = facts.get(name)
        facts[words] = (
            long_words(datetime.fromisoformat(due), policy_of.calendar.zone, message.created_at) if due else ""
        )
    if "priority_before" in facts:
        facts["priority_before_label"] = policy_of.priority(facts["priority_before"][0]).label
        for target, due in facts["due_before"].items():
            facts[f"{target}_before"] = (
                long_words(datetime.fromisoformat(due), policy_of.calendar.zone, message.created_at) if due else ""
            )
    # A template asks for what only some of its mails have.
    for name in ("merged_into", "filed_by", "follows", "by_mail"):
        facts.setdefault(name, "")
    facts.setdefault("answered", False)
    return facts


def _why(services: Services, message: OutboxMessage) -> dict[str, Any]:
    """Why its recipient gets a mail, and the link that turns off those that are a choice alone, or leaves the copy."""
    why, account = message.payload.get("why", ""), message.payload.get("account")
    unsubscribe = ""
    if why in recipients.BY_CHOICE and account is not None:
        unsubscribe = unsubscribe_url(services.settings, Subscription(account, why))
    if why in recipients.IN_COPY and account is not None and message.ticket_id is not None:
        unsubscribe = unsubscribe_url(services.settings, Subscription(account, why, message.ticket_id))
    return {
        "why": gettext(WHY[why]) if why in WHY else "",
        "unsubscribe": unsubscribe,
        "in_copy": why in recipients.IN_COPY,
        # Sees no page of the ticket, and so gets no link to one.
        "outside": why == recipients.OUTSIDE,
    }


def _told(message: OutboxMessage, policy_of: Policy, conversation: Conversation) -> dict[str, Any]:
    """The message that a mail tells of, and those before it; one that isn't rendered is shown as it was typed."""
    zone, body = policy_of.calendar.zone, conversation.body or message.payload.get("body", "")
    earlier = [
        {"author": one.author, "when": short_words(one.at, zone, message.created_at), "text": one.text}
        for one in conversation.earlier
    ]
    return {
        "body": body,
        "body_html": for_mail(conversation.html) if conversation.html else _as_typed(body),
        "earlier": earlier,
    }


def _as_typed(text: str) -> Markup:
    """Each line and each space as it was typed: some mail programs keep neither by themselves."""
    lines = (_SPACES.sub(lambda found: "\N{NO-BREAK SPACE}" * len(found[0]), line) for line in text.split("\n"))
    return Markup("<br>\n").join(lines)

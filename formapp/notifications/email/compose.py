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
from formapp.notifications.email.above_this_line import ABOVE_THIS_LINE
from formapp.notifications.email.message import CannotBuild, Mail
from formapp.notifications.email.reply_address import reply_address
from formapp.policies import in_words
from formapp.services import Services
from formapp.translation import gettext, ngettext
from formapp.when import long_words
from supportpolicy import Policy
from supportpolicy.languages import SOURCE_LANGUAGE, current_language, direction, in_language, is_spoken

# More than one, or one at a line's beginning.
_SPACES = re.compile("^ +|  +")


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


def compose(services: Services, message: OutboxMessage, policy_of: Policy) -> Mail:
    """The mail of an outbox row, in its receiver's language; ``policy_of`` is the policy its facts speak of.

    Raises CannotBuild.
    """
    language = message.payload.get("language", "")
    with in_language(language if is_spoken(language) else SOURCE_LANGUAGE):
        return _compose(services, message, in_words(policy_of))


def _compose(services: Services, message: OutboxMessage, policy_of: Policy) -> Mail:
    try:
        facts = _facts(services, message, policy_of)
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
    )


def _reply_to(services: Services, message: OutboxMessage) -> str:
    """Where answers go, where the desk reads them: an address of this ticket and this person."""
    settings = services.settings
    if not settings.incoming_address:
        return ""
    if message.ticket_id is None:
        return settings.incoming_address
    return reply_address(settings.incoming_address, settings.secret_key, message.ticket_id, message.recipient)


def _facts(services: Services, message: OutboxMessage, policy_of: Policy) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "contact": policy_of.contact_email,
        "answers_read": bool(services.settings.incoming_address),
        "above_this_line": ABOVE_THIS_LINE,
        "base": f"{services.settings.base_url}/support",
        **message.payload,
        "lang": current_language(),
        "dir": direction(current_language()),
    }
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
    return facts


def _as_typed(text: str) -> Markup:
    """Each line and each space as it was typed: some mail programs keep neither by themselves."""
    lines = (_SPACES.sub(lambda found: "\N{NO-BREAK SPACE}" * len(found[0]), line) for line in text.split("\n"))
    return Markup("<br>\n").join(lines)

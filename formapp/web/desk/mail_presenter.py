"""Plain values for received mail as staff see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from formapp.form_fields import own_values, words_of
from formapp.forms import answers_in
from formapp.incoming_mail.guests import form_fields
from formapp.incoming_mail.held import MailFacts
from formapp.incoming_mail.outcomes import REASONS
from formapp.incoming_mail.reading import ReadMail
from formapp.text import size_words
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from supportpolicy import Policy, shown_fields

OUTCOMES = {
    "new": gettext_noop("Not looked at yet"),
    "added": gettext_noop("Added"),
    "asked": gettext_noop("Its sender was sent a link to the filled form, to choose project and priority"),
    "held": gettext_noop("Held"),
    "ignored": gettext_noop("Ignored"),
    "bounce": gettext_noop("A report of a mail that could not be delivered"),
    "spam": gettext_noop("Spam"),
}


@dataclass(frozen=True, slots=True)
class MailView:
    """A mail as its list and its page show it. ``person`` is who has its sender's address, "" for nobody."""

    number: int
    subject: str
    sender: str
    person: str
    is_known_here: bool
    project: str
    received: datetime
    size: str
    reference: str
    outcome: str
    is_held: bool
    is_spam: bool
    confirmed: bool
    decided_by: str
    is_whole: bool


@dataclass(frozen=True, slots=True)
class ContentView:
    """What a mail says: its text, and the names of its files and of what nobody can open here."""

    text: str
    to: tuple[str, ...]
    files: tuple[str, ...]
    left_out: tuple[str, ...]


def present_mail(facts: MailFacts) -> MailView:
    """A mail in words."""
    mail = facts.mail
    outcome = _(OUTCOMES[mail.state])
    if mail.state == "added" and facts.reference:
        outcome = _("Added to its ticket")
    elif mail.reason and mail.state not in {"bounce", "spam"}:
        reason = _(REASONS[mail.reason])
        outcome = f"{outcome}: {reason[:1].lower()}{reason[1:]}"
    return MailView(
        number=mail.id,
        subject=mail.subject or _("(no subject)"),
        sender=mail.sender,
        person=facts.person,
        is_known_here=facts.is_member,
        project=facts.project_name,
        received=mail.received_at,
        size=size_words(mail.size),
        reference=facts.reference,
        outcome=outcome,
        is_held=mail.state == "held",
        is_spam=mail.state == "spam",
        confirmed=mail.confirmed,
        decided_by=facts.decided_by,
        is_whole=mail.raw is not None,
    )


def present_form_fields(facts: MailFacts, policy: Policy) -> list[tuple[str, str]]:
    """What the form of somebody unknown said beside subject and text; nothing of other mail."""
    if facts.mail.door != "form" or facts.mail.raw is None:
        return []
    fields = form_fields(facts.mail.raw)
    labels = {priority.id: priority.label for priority in policy.priorities}
    said = [
        (_("Project"), fields["project"]),
        (_("URL"), fields["url"]),
        (_("Priority"), labels.get(fields["priority"], "")),
    ]
    form = policy.form_named(fields.get("form", ""))
    own = own_values(fields)
    if form is not None:
        asked = shown_fields(form, own, answers_in(fields["answers"]))
        said += [(field.label, words_of(field, own.get(field.id, ""))) for field in asked]
    return [(label, value) for label, value in said if value.strip()]


def present_content(content: ReadMail) -> ContentView:
    """What a mail says."""
    return ContentView(
        text=content.whole,
        to=content.parsed.recipients,
        files=tuple(f"{file.name} ({size_words(len(file.content))})" for file in content.parsed.files),
        left_out=content.parsed.left_out,
    )

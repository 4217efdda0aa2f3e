"""What the policy's own form makes of a ticket that is sent: its answers as evidence, and what it leaves out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from formapp.errors import FormGone
from formapp.form_fields import GivenAnswer, as_text, given_answers
from formapp.policies import in_words
from formapp.tickets.ticket_input import TicketInput
from supportpolicy import Policy


def answered(policy: Policy, sent: TicketInput, now: datetime) -> tuple[TicketInput, tuple[GivenAnswer, ...]]:
    """The input as its form has it, and the answers to the form's own fields.

    What the form leaves out is empty, its priority is the policy's to say, and without a description the answers say
    in words what the ticket is about. Raises FormGone, and TextRefused about one of the fields.
    """
    if not sent.form:
        return sent, ()
    form = in_words(policy).form_named(sent.form)
    if form is None:
        raise FormGone
    today = now.astimezone(policy.calendar.zone).date()
    given = given_answers(form, sent.values, sent.answers, today)
    if form.priority:
        sent = replace(sent, priority=form.priority, answers={})
    if "url" in form.without:
        sent = replace(sent, url="")
    if "attachments" in form.without:
        sent = replace(sent, files=())
    if "description" in form.without:
        # What stands there all the same comes from a page that is older than the policy.
        parts = [as_text([one.stored() for one in given]), sent.description]
        told = "\n\n".join(part for part in parts if part) or sent.subject
        sent = replace(sent, description=told[: policy.form.description_length])
    return sent, given

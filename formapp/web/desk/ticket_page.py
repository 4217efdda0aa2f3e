"""The page of one ticket at the desk: all that the desk knows of it, and what stands in its forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from flask import g, request, url_for
from werkzeug.wrappers import Response

from formapp.accounts.projects import every_project
from formapp.attachments.service import attachments_of
from formapp.errors import AnswerMissing, ChangedMeanwhile, UseCaseError
from formapp.incoming_mail import held
from formapp.models import Ticket
from formapp.policies import in_words, policy_of
from formapp.tickets import follow_up, guide_pages, queries, replies, triage
from formapp.tickets.guide_pages import FIELD
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web.body.file_field import file_field
from formapp.web.body.form_data import cleans_photos
from formapp.web.context import web
from formapp.web.desk.saved_replies import present_choices
from formapp.web.desk.tagging import present_tagging
from formapp.web.desk.ticket_presenter import present_ticket
from formapp.web.layout.page import page
from formapp.web.session_cookie import own_account_id
from formapp.web.tickets.conversation import present_conversation
from formapp.web.tickets.form_page import Notice
from formapp.web.tickets.presenters import present_attachments, present_messages
from formapp.web.tickets.reply_form import ReplyDraft
from formapp.web.tickets.watchers import present_copy
from formapp.widgets.sending import render_sending

CHANGED = gettext_noop("Not saved yet: this ticket has changed")
CHANGES = (("newest", gettext_noop("Newest message")), ("history-heading", gettext_noop("History")))
Kind = Literal["reply", "note"]
"""What is written in the composer: a reply, which the customer gets, or an internal note."""
IN_COMPOSER = {
    "body": "message-body",
    "files": "message-files",
    "kind": "kind-note",
    "then": "then-open",
    "saved_reply": "saved-reply",
    FIELD: "composer-guide-page",
}
# What the browser keeps of the composer: a note comes back as a note.
KEPT_FIELDS = "kind body submission"


@dataclass(frozen=True, slots=True)
class Filled:
    """What stands in the page's forms: nothing yet, or what was typed.

    ``message``, ``kind`` and ``saved_reply`` are the composer's. ``fields`` says which element of the page shows a
    use case's field; ``errors`` are sentences by element, ``leads`` the elements to look at, with words for each.
    """

    message: ReplyDraft = field(default_factory=ReplyDraft)
    kind: Kind = "reply"
    then: str = "open"
    saved_reply: str = ""
    assignee: str | None = None
    into: str = ""
    reason: str = ""
    project: str = ""
    why_moved: str = ""
    guide_page: str | None = None
    answers: Mapping[str, str] | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    notice: Notice | None = None
    leads: tuple[tuple[str, str], ...] = ()

    def after(self, refused: UseCaseError) -> Filled:
        """The same forms with what was refused: at its field, or above them all where it is about the ticket."""
        again = replace(self, message=self.message.after(refused))
        if isinstance(refused, AnswerMissing):
            lead = (f"answer-{refused.question}", refused.message)
            return replace(again, notice=Notice(_("One more question")), leads=(lead,))
        if refused.field in self.fields:
            return replace(again, errors={self.fields[refused.field]: refused.message})
        if isinstance(refused, ChangedMeanwhile):
            text = [(self.fields["body"], _("Your text"))] if "body" in self.fields else []
            changes = [(element, _(words)) for element, words in CHANGES]
            return replace(again, notice=Notice(_(CHANGED), (refused.message,)), leads=(*changes, *text))
        return replace(again, notice=Notice(_("Not saved yet"), (refused.message,)))


def ticket_page(ticket: Ticket, filled: Filled, status: int = 200, /, *, said: str = "") -> Response:
    """The page with its forms as they are filled; ``said`` is what was just done."""
    services, now = web().services, web().clock()
    messages = replies.messages_of(services, ticket.id, with_notes=True)
    files = present_attachments(attachments_of(services, ticket.id, with_notes=True), ticket.reference, to_staff=True)
    errors, policy = filled.errors, in_words(policy_of(services, ticket.policy_version))
    return page(
        "desk-ticket.html",
        status,
        assets=(
            *("support-ticket.css", "support-queue.css"),
            *("support-form.js", "support-news.js", "support-keys.js", "support-saved-replies.js"),
        ),
        newest_number=messages[-1].id if messages else 0,
        arrived=(
            *replies.sent_by(messages, own_account_id()),
            *((ticket.submission,) if request.args.get("said") == "filed" else ()),
        ),
        ticket=present_ticket(services, ticket, now, filled.answers),
        files=files.get(None, ()),
        messages=present_conversation(
            services,
            queries.events_of(services, ticket.id),
            present_messages(messages, files, held.mails_of(services, ticket.id), policy),
            policy,
        ),
        unreached=held.unreached_since(services, ticket.account_id, now),
        people=triage.staff_accounts(services),
        linked=follow_up.follow_ups(services, own_account_id(), ticket),
        mail=held.mail_that_filed(services, ticket.id),
        projects=[one for one in every_project(services) if one.is_active and one.id != ticket.project_id],
        filled=filled,
        saved_replies=() if ticket.merged_into_id else present_choices(),
        guide=guide_pages.known_pages(services),
        named_page=guide_pages.named_page(services, ticket.id),
        copy=present_copy(services, ticket, at_the_desk=True),
        tagging=present_tagging(ticket.id),
        message_files=file_field(
            filled.message.files, errors.get("message-files", ""), "message", clean=cleans_photos()
        ),
        composer_sending=partial(render_sending, services.policy, KEPT_FIELDS, url_for("monitoring.health")),
        said=said,
    )


def current_ticket() -> Ticket:
    """The ticket that the address names, which the table's check has loaded."""
    ticket: Ticket = g.ticket
    return ticket

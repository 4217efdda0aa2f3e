"""What people write on a ticket: read from its form, shown again as typed, saved when it can't be sent yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from flask import request, session, url_for
from werkzeug.wrappers import Response

from formapp.errors import DraftTooLarge, ReplyReused, TextRefused, TooManyMessages, UseCaseError
from formapp.tickets import drafts
from formapp.tickets.replies import MessageInput
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from formapp.web import form_owner
from formapp.web.body.file_field import discard_file, staged_for_form
from formapp.web.body.form_data import FormData, form_data
from formapp.web.context import client_network, web
from formapp.web.csrf import TOKEN, csrf_token
from formapp.web.layout.page import page
from formapp.web.session_cookie import current_person
from formapp.web.tickets.form_page import Notice, broken, new_submission

# The pages that show a text again, by the endpoint that takes it; whatever else is posted there goes along.
SHOWN_BY = {
    "tickets.reply": "tickets.show",
    "solved.answer": "solved.look",
    "desk.reply": "desk.show",
    "desk.note": "desk.show",
    "desk.insert": "desk.show",
}
NO_DATABASE = Notice(
    gettext_noop("Not sent yet: we can't reach our records right now"),
    (gettext_noop("Your text is below. Wait a minute, then press the button again."),),
)
NO_STORE = Notice(
    gettext_noop("Not sent yet: we can't reach our file store right now"),
    (gettext_noop("Your text is below. Remove the files and send the text, or wait a minute and send them with it."),),
)
NOT_ALL_CAME = Notice(
    gettext_noop("Not sent yet: this is more than the form accepts"),
    (
        gettext_noop(
            "What reached us is below. The end is missing. To get back everything you typed, press Back in your "
            "browser."
        ),
        gettext_noop("Shorten the text, or choose smaller files, then press the button again."),
    ),
)
SIGNED_OUT = Notice(
    gettext_noop("Not sent yet: you are signed out"),
    (gettext_noop("Your text is below. Copy it, sign in, and send it from the ticket's page."),),
)
TOO_LARGE = Notice(
    gettext_noop("Not sent yet: you are signed out, and this is too much text to save"),
    (
        gettext_noop(
            "Your text is below. Shorten it and press Send, or copy it, sign in, and send it from the ticket's page."
        ),
    ),
)
_SUBMISSION = re.compile(r"[A-Za-z0-9_-]{1,100}")
_EVENT_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A text as it stands in its form, the form's id, the token of its draft, and those of its files."""

    body: str = ""
    submission: str = field(default_factory=new_submission)
    draft: str = ""
    files: tuple[str, ...] = ()

    def after(self, refused: Exception) -> ReplyDraft:
        """The same text for the page that says why it was refused; as a new form where its id is used up."""
        return replace(self, submission=new_submission()) if isinstance(refused, ReplyReused) else self


@dataclass(frozen=True, slots=True)
class Unsent:
    """A form that comes back unsent: what stands in it, the answer's status, and what to say above it."""

    form: ReplyDraft
    status: int
    notice: Notice | None = None


def reply_draft(sent: FormData) -> ReplyDraft:
    """The posted text, with what a page can't hold made visible."""
    submission = sent.get("submission")
    return ReplyDraft(
        body=sent.get("body").replace("\0", "\N{REPLACEMENT CHARACTER}"),
        submission=submission if _SUBMISSION.fullmatch(submission) else new_submission(),
        draft=sent.get("draft"),
        files=sent.files,
    )


def unsent(sent: FormData) -> Unsent | None:
    """How the form comes back where another of its buttons was pressed, or where not all of it came; else None."""
    form = reply_draft(sent)
    if sent.truncated:
        return Unsent(form, 413, NOT_ALL_CAME.translated())
    removed = sent.get("remove_file")
    if not removed:
        return None
    discard_file(removed)
    return Unsent(replace(form, files=tuple(token for token in form.files if token != removed)), 200)


def message_input(sent: FormData, form: ReplyDraft) -> MessageInput:
    """The posted text with its files for the use case.

    Raises TextRefused where it held bytes that aren't text, UseCaseError where a file was not taken.
    """
    if "body" in sent.undecodable:
        raise TextRefused(broken(_("The message")), "body")
    if sent.refused:
        raise UseCaseError(". ".join(sent.refused), "files")
    return MessageInput(sent.get("body"), form.submission, seen_event(sent), form.files)


def status_of(refused: UseCaseError) -> int:
    """The HTTP status of the page that says why a text was refused."""
    return 429 if isinstance(refused, TooManyMessages) else 422


def seen_event(sent: FormData) -> int:
    """The newest event that the posted page showed; 0 where it doesn't say, as if it had shown nothing."""
    number = sent.get("seen")
    return int(number) if _EVENT_NUMBER.fullmatch(number) else 0


def drop_sent(form: ReplyDraft) -> None:
    """Forget the draft of a text that is stored."""
    person = current_person()
    if form.draft and person is not None:
        drafts.drop_draft(web().services, person.account_id, form.draft)


def saved_draft(form: str) -> ReplyDraft:
    """The text that was saved for this form ("reply" or "note") while its writer signed in; else an empty one."""
    token, person = request.args.get("draft", ""), current_person()
    desk = web()
    saved = drafts.draft_fields(desk.services, person.account_id, token, desk.clock()) if token and person else None
    if saved is None or saved.get("form") != form:
        return ReplyDraft()
    return ReplyDraft(saved["body"], saved["submission"], token, tuple(saved.get("files", "").split()))


def path_after_sign_in() -> str | Response | None:
    """Where a signed-out person's request leads after signing in: its own page, with what was typed saved.

    A page that shows the text where no more can be saved; None where nothing leads back.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return request.full_path.rstrip("?")
    shown_by = SHOWN_BY.get(request.endpoint or "")
    text = reply_draft(form_data()) if shown_by else ReplyDraft()
    if shown_by is None or not (text.body.strip() or text.files):
        return None
    desk, writer = web(), form_owner.account_of(form_data().get(form_owner.FIELD))
    if not writer:
        # A draft opens for its account alone, and this form doesn't say whose it is.
        return unsent_page(SIGNED_OUT.translated(), 422)
    if not desk.limits.may_keep_text(client_network()):
        return unsent_page(SIGNED_OUT.translated(), 429)
    fields = {"form": _form_name(), "body": text.body, "submission": text.submission, "files": " ".join(text.files)}
    try:
        draft = drafts.save_draft(desk.services, writer, fields, desk.clock())
    except DraftTooLarge:
        return unsent_page(TOO_LARGE.translated(), 422)
    session["said"] = _("You are signed out. Sign in to send your message. It is saved.")
    return url_for(shown_by, **(request.view_args or {}), draft=draft)


def _form_name() -> str:
    """What the posted form is called where its text is saved; the desk's composer by the kind of message in it."""
    room, _dot, name = (request.endpoint or "").partition(".")
    if room == "desk":
        return "note" if name == "note" or form_data().get("kind") == "note" else "reply"
    return name


def unsent_page(notice: Notice, status: int, *, button: str | None = None) -> Response:
    """The posted text in a form of its own, to press once more (with an empty ``button``: to copy); asks no database.

    It goes on being the page of the person whom its form was made for.
    """
    fields: Mapping[str, list[str]] = form_data().fields.to_dict(flat=False)
    hidden = [
        (name, value)
        for name, values in fields.items()
        if name not in {TOKEN, form_owner.FIELD, "body", "remove_file"}
        for value in values
    ]
    writer = form_owner.account_of(form_data().get(form_owner.FIELD))
    hidden += [
        (TOKEN, csrf_token()),
        (form_owner.FIELD, form_owner.mark(form_owner.ANYBODY if writer is None else writer)),
    ]
    text = reply_draft(form_data())
    return page(
        "unsent-text.html",
        status,
        assets=("support-ticket.css",),
        notice=notice,
        action=request.path,
        fields=hidden,
        button=_("Send") if button is None else button,
        body=text.body,
        files=[file.name for file in staged_for_form(text.files)],
        refused=form_data().refused,
    )


def without_database(button: str | None = None) -> Response:
    """The answer while the database can't be reached: the text, to press once more."""
    answer = unsent_page(NO_DATABASE.translated(), 503, button=button)
    answer.headers["Retry-After"] = "60"
    return answer

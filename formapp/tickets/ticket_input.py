"""What a person sends as a ticket, and the shape in which it is stored: the limits, one form for all text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from formapp.errors import TextRefused
from formapp.text import NO_WEB_ADDRESS, is_blank, is_web_address, normalise, normalise_line
from formapp.tickets.written_from import clean_pages, clean_written_from
from formapp.translation import gettext as _
from formapp.translation import gettext_noop
from supportpolicy.languages import LANGUAGES
from supportpolicy.model import FormLimits

_SUBMISSION_LENGTH = 100
_PAGE_LENGTH = 2000
_KEY_LENGTH = 64
_MISSING = {"subject": gettext_noop("Enter a subject"), "description": gettext_noop("Enter a description")}


@dataclass(frozen=True, slots=True)
class TicketInput:
    """What a person sends. ``answers`` are the chooser's, ``submission`` the form's id (empty: none).

    ``files`` are the tokens of staged files, ``language`` is that of the form (empty: none that we speak).
    ``form`` is the policy's form that was filled (empty: that of any ticket), ``values`` hold what its own fields do.
    ``follows`` is the reference of a closed ticket that it goes on from, ``by_mail`` says that a mail became it.
    ``written_from`` is what a link for help said of its page, ``pages_shown`` are suggested pages, titles by path.
    """

    project: str
    subject: str
    url: str
    description: str
    priority: str
    answers: Mapping[str, str] = field(default_factory=dict)
    submission: str = ""
    page: str = ""
    files: tuple[str, ...] = ()
    language: str = ""
    follows: str = ""
    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    by_mail: bool = False
    written_from: Mapping[str, str] = field(default_factory=dict)
    pages_shown: Mapping[str, str] = field(default_factory=dict)


def clean_input(limits: FormLimits, sent: TicketInput) -> TicketInput:
    """The input as it is stored, within these limits. Raises TextRefused naming the field."""
    clean: dict[str, Any] = {}
    fields = {
        "project": (gettext_noop("Project"), sent.project, _KEY_LENGTH),
        "subject": (gettext_noop("Subject"), sent.subject, limits.subject_length),
        "url": (gettext_noop("URL"), sent.url, limits.url_length),
        "description": (gettext_noop("Description"), sent.description, limits.description_length),
        "priority": (gettext_noop("Priority"), sent.priority, _KEY_LENGTH),
        # Nobody types these two, so nobody could shorten them.
        "submission": ("Submission", sent.submission[:_SUBMISSION_LENGTH], _SUBMISSION_LENGTH),
        "page": ("Page", sent.page[:_PAGE_LENGTH], _PAGE_LENGTH),
    }
    for name, (label, typed, most) in fields.items():
        as_stored = normalise if name == "description" else normalise_line
        try:
            clean[name] = as_stored(typed, most, label)
        except TextRefused as refused:
            raise TextRefused(refused.message, name) from None
    for name, sentence in _MISSING.items():
        if is_blank(clean[name]):
            raise TextRefused(_(sentence), name)
    if is_blank(clean["url"]):
        clean["url"] = ""
    elif not is_web_address(clean["url"]):
        raise TextRefused(_(NO_WEB_ADDRESS), "url")
    language = sent.language if sent.language in LANGUAGES else ""
    return replace(
        sent,
        **clean,
        answers=dict(sent.answers),
        files=tuple(dict.fromkeys(sent.files)),
        language=language,
        written_from=clean_written_from(sent.written_from),
        pages_shown=clean_pages(sent.pages_shown.items()),
    )

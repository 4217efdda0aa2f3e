"""The facts of a policy by name, in words for a sentence: what writers put into their pages instead of typing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from babel.lists import format_list

from supportpolicy.hours_words import hours_words, zone_words
from supportpolicy.languages import current_language, in_language, locale, number
from supportpolicy.model import Attachments
from supportpolicy.policy import Policy
from supportpolicy.translation import gettext as _

_MEGABYTE = 1_000_000


def all_facts(policy: Policy, language: str = "") -> Mapping[str, str]:
    """Every fact with its present words, in this language that is spoken (empty: the present one)."""
    with in_language(language or current_language()):
        return dict(_facts(policy.translated(current_language())))


def _facts(policy: Policy) -> Iterator[tuple[str, str]]:
    for priority in policy.priorities:
        yield f"{priority.id}.name", priority.label
        for target, promise in (("response", priority.response), ("resolution", priority.resolution)):
            yield f"{priority.id}.{target}", promise.words
            if promise.kind != "best effort":
                yield f"{priority.id}.{target}.within", promise.within
    calendar = policy.calendar
    yield "calendar.hours", hours_words(calendar)
    yield "calendar.zone", zone_words(calendar.zone)
    yield "calendar.timezone", calendar.zone.key
    yield "contact.email", policy.contact_email
    form = policy.form
    yield "form.limits.subject", number(form.subject_length)
    yield "form.limits.url", number(form.url_length)
    yield "form.limits.description", number(form.description_length)
    yield from _attachments(form.attachments)


def _attachments(most: Attachments) -> Iterator[tuple[str, str]]:
    yield "form.limits.files", number(most.count)
    yield "form.limits.file", _("%(size)s MB", size=number(most.size // _MEGABYTE))
    yield "form.limits.all-files", _("%(size)s MB", size=number(most.total // _MEGABYTE))
    yield "form.kinds", format_list([f".{kind}" for kind in most.kinds], locale=locale())

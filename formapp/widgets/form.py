"""The ticket form's HTML, the same on the guide's page and the desk's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from formapp.form_fields import PREFIX, TODAY
from formapp.forms import TicketForm, element_of
from formapp.translation import gettext as _
from formapp.translation import ngettext
from formapp.widgets.chooser import render_chooser
from formapp.widgets.files import Staged, render_files
from formapp.widgets.rendering import in_list, in_this_language, plural_forms, render
from supportpolicy import FormDefinition, FormField, Policy
from supportpolicy.languages import current_language

# What the browser saves of what is typed; with help where one reads, also what a link said of its page.
_KEPT = "project subject url description priority email answers submission"
_KEPT_OF_HELP = "written_from pages_shown"


@dataclass(frozen=True, slots=True)
class PageHelp:
    """A form that takes what a link for help says; ``suggest`` is the name of the script that suggests pages, if any.

    It lies beside the form's own scripts.
    """

    suggest: str = ""


def render_form(
    policy: Policy,
    form: TicketForm,
    *,
    action: str,
    embedded: bool,
    hidden: Mapping[str, str] | None = None,
    sending_as: str = "",
    sender_email: str = "",
    sign_out_url: str = "",
    ids: str = "ticket",
    page: str = "",
    dates_url: str = "",
    files_url: str = "",
    similar_url: str = "",
    staged: Sequence[Staged] = (),
    clean_photos: bool = True,
    page_help: PageHelp | None = None,
) -> Markup:
    """The form with its values and errors.

    ``action`` is where it is posted; ``embedded`` says that it stands on a static page, whose script
    may learn from the desk who is signed in; ``hidden`` are further fields (a token, and whom the form was made
    for, which ``sending_as`` says in words and ``sender_email`` by address); ``page`` is the path of the
    guide's page that it stands on; ``dates_url`` is where the desk tells the dates if one files now (empty:
    nowhere), ``files_url`` where script uploads files, ``similar_url`` where it asks whether somebody has
    just reported the same; ``staged`` are the files that the form carries, ``clean_photos`` whether the box
    is ticked that takes the details out of photos; ``page_help`` says that pages of this site lead here and tell
    where their reader was.
    """
    tells_of_pages = page_help is not None or form.carried.written_from or form.carried.pages_shown
    return render(
        "form.html",
        policy,
        form=form,
        action=action,
        embedded=embedded,
        hidden=dict(hidden or {}),
        sending_as=sending_as,
        sender_email=sender_email,
        sign_out_url=sign_out_url,
        ids=ids,
        dates_url=in_this_language(dates_url),
        left=plural_forms(_left),
        over=plural_forms(_over),
        similar_url=similar_url,
        alive_url=f"{action.rpartition('/')[0]}/healthz",
        files=render_files(policy, staged, form.files.errors, files_url=files_url, ids=ids, clean=clean_photos),
        page=page or form.carried.page,
        page_help=page_help,
        chooser="" if "priority" in form.left_out else render_chooser(policy, ids=f"{ids}-chooser", nested=True),
        errors=[(element_of(field), sentence) for field in form.visible for sentence in field.errors],
        own=_own_fields(policy, form),
        kept=" ".join((_KEPT, *form.own, *([_KEPT_OF_HELP] if tells_of_pages else []))),
    )


@dataclass(frozen=True, slots=True)
class OwnField:
    """A field that the policy adds, as the template shows it.

    ``condition`` says in words when it is asked, ``when`` the same for script; ``asked`` is whether that holds now.
    """

    field: Any
    own: FormField
    input_type: str
    least: str
    condition: str
    when: str
    asked: bool


def _own_fields(policy: Policy, form: TicketForm) -> list[OwnField]:
    if form.definition is None:
        return []
    asked = form.asked
    return [
        OwnField(
            field=form[f"{PREFIX}{own.id}"],
            own=own,
            input_type=_input_type(own, form[f"{PREFIX}{own.id}"].data or ""),
            least="" if own.least == TODAY else own.least,
            condition=_condition(policy, form.definition, own),
            when=json.dumps(
                {
                    f"{PREFIX}{name}" if _is_field(form.definition, name) else name: list(options)
                    for name, options in own.shown_when
                }
            )
            if own.shown_when
            else "",
            asked=own in asked,
        )
        for own in form.definition.fields
    ]


def _is_field(definition: FormDefinition, name: str) -> bool:
    return any(field.id == name for field in definition.fields)


def _input_type(own: FormField, typed: str) -> str:
    """A browser's field for dates would show nothing of what isn't one."""
    if own.kind != "date":
        return "text"
    try:
        return "date" if not typed or date.fromisoformat(typed) else "text"
    except ValueError:
        return "text"


def _condition(policy: Policy, definition: FormDefinition, own: FormField) -> str:
    """When a field is asked, in words: what of it depends on other fields, and what on the chooser."""
    parts = []
    for name, options in own.shown_when:
        if _is_field(definition, name):
            asked = definition.field(name)
            title, labels = asked.label, [choice.label for choice in asked.choices if choice.id in options]
        else:
            question = policy.translated(current_language()).question(name)
            title, labels = question.title, [option.label for option in question.options if option.id in options]
        answers = in_list(tuple(f"“{label}”" for label in labels))
        parts.append(_("%(answers)s to “%(question)s”", answers=answers, question=title))
    return _("Only if you answered %(answers)s.", answers=in_list(tuple(parts), "standard")) if parts else ""


def _left(count: int) -> str:
    return ngettext("You have %(count)s character left", "You have %(count)s characters left", count, count="{count}")


def _over(count: int) -> str:
    return ngettext(
        "You have %(count)s character too many", "You have %(count)s characters too many", count, count="{count}"
    )

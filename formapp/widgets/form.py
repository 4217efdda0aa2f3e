"""The ticket form's HTML, the same on the guide's page and the desk's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from formapp.forms import TicketForm
from formapp.translation import ngettext
from formapp.widgets.chooser import render_chooser
from formapp.widgets.files import Staged, render_files
from formapp.widgets.rendering import in_this_language, plural_forms, render
from supportpolicy import Policy


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
        page=page or form.page.data or "",
        page_help=page_help,
        chooser=render_chooser(policy, ids=f"{ids}-chooser", nested=True),
        errors=[(field.name, sentence) for field in form.visible for sentence in field.errors],
    )


def _left(count: int) -> str:
    return ngettext("You have %(count)s character left", "You have %(count)s characters left", count, count="{count}")


def _over(count: int) -> str:
    return ngettext(
        "You have %(count)s character too many", "You have %(count)s characters too many", count, count="{count}"
    )

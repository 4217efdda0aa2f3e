"""What the address of the form's page fills in: any field by its name; what one doesn't take is ignored and named."""

from __future__ import annotations

from collections.abc import Mapping

from formapp.errors import TextRefused
from formapp.form_fields import PREFIX, clean_value
from formapp.policies import in_words
from formapp.text import is_blank, is_web_address, normalise, normalise_line
from formapp.translation import gettext as _
from formapp.web.context import web
from formapp.web.tickets.form_page import Notice, answers_of, today
from supportpolicy import FormDefinition, Policy

# Filled as they are: the form itself says what isn't right about them, and nobody sees the last two.
AS_GIVEN = ("project", "priority", "customer", "page", "language")


def prefilled(arguments: Mapping[str, str]) -> tuple[dict[str, str], Notice | None]:
    """The values that an address names, and what it names that can't be used, if anything."""
    policy = in_words(web().services.policy)
    values = {name: arguments.get(name, "") for name in AS_GIVEN}
    values["answers"] = answers_of(policy, arguments)
    ignored = []
    form = policy.form_named(arguments.get("form", ""))
    if arguments.get("form") and form is None:
        ignored.append(_("the form"))
    values["form"] = form.id if form else ""
    for name, label, value in _texts(policy, form, arguments):
        if value is None:
            ignored.append(label)
        else:
            values[name] = value
    if not ignored:
        return values, None
    return values, Notice(_("We ignored what the address of this page says for: %(names)s.", names=", ".join(ignored)))


def _texts(
    policy: Policy, form: FormDefinition | None, arguments: Mapping[str, str]
) -> list[tuple[str, str, str | None]]:
    """Each field that the address names: its name, what it is called, and what is taken (None: nothing)."""
    limits = policy.form
    left_out = form.without if form else ()
    found: list[tuple[str, str, str | None]] = []
    for name, label, most in (
        ("subject", _("Subject"), limits.subject_length),
        ("url", _("URL"), limits.url_length),
        ("description", _("Description"), limits.description_length),
    ):
        if arguments.get(name) and name not in left_out:
            found.append((name, label, _text(name, arguments[name], most)))
    for field in form.fields if form else ():
        typed = arguments.get(field.id, "")
        if is_blank(typed):
            continue
        try:
            found.append((f"{PREFIX}{field.id}", field.label, clean_value(field, typed, today())))
        except TextRefused:
            found.append((f"{PREFIX}{field.id}", field.label, None))
    return found


def _text(name: str, typed: str, most: int) -> str | None:
    try:
        text = (normalise if name == "description" else normalise_line)(typed, most)
    except TextRefused:
        return None
    return text if name != "url" or is_web_address(text) else None

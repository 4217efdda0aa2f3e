"""The ticket form: one set of fields, limits and sentences for the guide's page and the desk's own.

It checks shape only. Whether a person may file for a project is the use case's to say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from wtforms import EmailField, Field, Form, HiddenField, RadioField, SelectField, StringField, TextAreaField, URLField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.form import BaseForm
from wtforms.meta import DefaultMeta
from wtforms.utils import unset_value
from wtforms.validators import StopValidation

from formapp.errors import TextRefused
from formapp.text import is_blank, normalise, normalise_line
from supportpolicy import Policy

# More than any policy allows; what is beyond was made by nobody's browser.
MOST_TOKENS = 100


class Line:
    """Text of one line, normalised; what can't be text stays as typed, with a message."""

    def __call__(self, _form: Form, field: Field) -> None:
        """Normalise the field."""
        field.data = _normalised(field, normalise_line)


class Paragraphs:
    """Text of several lines, normalised."""

    def __call__(self, _form: Form, field: Field) -> None:
        """Normalise the field."""
        field.data = _normalised(field, normalise)


class Required:
    """Something that can be seen must be typed; zero-width characters alone are nothing."""

    def __init__(self, message: str) -> None:
        self.message = message
        self.field_flags = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what can't be seen."""
        if is_blank(field.data or ""):
            raise StopValidation(self.message)


class AtMost:
    """A limit in characters, as a person counts them after normalising."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what is longer."""
        length = len(field.data or "")
        if length > self.most:
            over = length - self.most
            raise StopValidation(f"{self.name} must be {self.most:,} characters or less. It is {over:,} too long")


class WebAddress:
    """Nothing, or an address that begins with http:// or https:// and names a host."""

    message = "Enter a URL that starts with http:// or https://, such as https://www.example.com/page"

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse another scheme, or no host."""
        if is_blank(field.data or ""):
            field.data = ""
            return
        try:
            parts = urlsplit(field.data)
            parts.port  # noqa: B018 - raises for a port that can't be
        except ValueError:
            raise StopValidation(self.message) from None
        if parts.scheme not in {"http", "https"} or not parts.hostname or " " in field.data:
            raise StopValidation(self.message)


class MailAddress:
    """An address that mail could reach, judged by its form alone."""

    message = "Enter an email address in the correct format, like name@example.com"

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what can't be an address."""
        try:
            # The domain isn't looked up: the link that is sent proves the address.
            checked = validate_email(field.data, check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            raise StopValidation(self.message) from None
        field.data = checked.normalized


class OneOf:
    """A choice that the list has; something else, or nothing, gets a message."""

    def __init__(self, message: str, gone: str) -> None:
        self.message, self.gone = message, gone
        self.field_flags = {"required": True}

    def __call__(self, _form: Form, field: Field) -> None:
        """Refuse what the list doesn't have."""
        known = {choice.value for choice in field.choices}  # type: ignore[attr-defined]
        if field.data not in known or not field.data:
            raise StopValidation(self.gone if field.data else self.message)


class FilesField(Field):
    """The tokens of the files that the form carries; a draft keeps them as words of one text."""

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:  # noqa: ANN401, ARG002 - WTForms' own
        """Take the tokens, which come in a field of their own beside the browser's file field."""
        kept = "" if data is unset_value else data
        found = formdata.getlist("file") if formdata else kept.split()
        self.data: tuple[str, ...] = tuple(dict.fromkeys(found))[:MOST_TOKENS]
        self.errors: Sequence[str] = ()


def _normalised(field: Field, how: Any) -> str:  # noqa: ANN401 - one of two functions of text
    try:
        return str(how(field.data or ""))
    except TextRefused as refused:
        raise StopValidation(refused.message) from None


class _MadeOnce(DefaultMeta):
    """Makes a class's fields once and copies them for each form: making one costs more than filling and checking it."""

    made: dict[str, tuple[type[Field], dict[str, Any]]]

    def bind_field(self, form: BaseForm, unbound_field: Any, options: Any) -> Any:  # noqa: ANN401 - WTForms' own
        """A field for this form, as empty as it was on the first one."""
        name = options["name"]
        if name not in self.made:
            first = super().bind_field(form, unbound_field, options)
            # What is kept must know nobody's form.
            known = {key: value for key, value in vars(first).items() if key not in ("_form", "meta")}
            self.made[name] = type(first), known
        kind, attributes = self.made[name]
        field: Any = object.__new__(kind)
        field.__dict__.update(attributes, _form=form, meta=self)
        return field


class TicketForm(Form):
    """What a person sends. Fields are in the page's order; the hidden ones follow."""

    project: Field
    subject: Field
    url: Field
    description: Field
    files: FilesField
    priority: Field
    email: Field
    answers = HiddenField()
    submission = HiddenField()
    page = HiddenField()
    draft = HiddenField()

    @property
    def visible(self) -> tuple[Field, ...]:
        """The fields that people fill, in the page's order."""
        return tuple(field for field in self if not isinstance(field, HiddenField))


def ticket_form(
    policy: Policy,
    formdata: Any = None,  # noqa: ANN401 - a MultiDict of whatever make
    *,
    projects: Sequence[tuple[str, str]] | None = None,
    signed_in: bool = False,
    values: Mapping[str, str] | None = None,
) -> TicketForm:
    """The form under this policy's limits, filled with ``formdata`` or else ``values``.

    ``projects`` are (key, name) of the projects to choose from; None where the sender isn't known
    yet, so that the project is a name to type. The address is asked only of those not signed in.
    """
    made = _form_class(policy, None if projects is None else tuple(projects), signed_in)
    return made(formdata, data=dict(values or {}))


@lru_cache(maxsize=256)
def _form_class(policy: Policy, projects: tuple[tuple[str, str], ...] | None, signed_in: bool) -> type[TicketForm]:
    """The form's class for these labels, limits and choices; making one costs more than filling it."""
    limits = policy.form
    fields: dict[str, Any] = {"project": _project_field(projects)}
    fields["subject"] = StringField(
        "Subject",
        [Line(), Required("Enter a subject"), AtMost("Subject", limits.subject_length)],
        description="In a few words, what is wrong or what you need.",
    )
    fields["url"] = URLField(
        "URL (optional)",
        [Line(), AtMost("URL", limits.url_length), WebAddress()],
        description="The address where the problem shows, so that we can see it happen.",
    )
    fields["description"] = TextAreaField(
        "Description",
        [Paragraphs(), Required("Enter a description"), AtMost("Description", limits.description_length)],
        description="The steps that lead to it, what you expected, what you saw instead, "
        "and error messages word for word.",
    )
    fields["files"] = FilesField("Attachments (optional)")
    fields["priority"] = RadioField(
        "Priority",
        [OneOf("Choose a priority", "This priority no longer exists. Choose another one")],
        choices=[SelectChoice(priority.id, priority.label) for priority in policy.priorities],
        validate_choice=False,
    )
    if not signed_in:
        fields["email"] = EmailField(
            "Email address",
            [Line(), Required("Enter your email address"), MailAddress()],
            description="We send you a link that signs you in. Your ticket is saved until then.",
        )
    fields["Meta"] = type("Meta", (_MadeOnce,), {"made": {}})
    return type("TicketForm", (TicketForm,), fields)


def _project_field(projects: Sequence[tuple[str, str]] | None) -> Any:  # noqa: ANN401 - an unbound field
    if projects is None:
        return StringField(
            "Project (optional)",
            [Line(), AtMost("Project", 200)],
            description="Its name. If you leave this empty, you choose it after signing in.",
        )
    return SelectField(
        "Project",
        [OneOf("Choose a project", "Choose a project from the list")],
        choices=[SelectChoice("", "Choose a project"), *(SelectChoice(key, name) for key, name in projects)],
        validate_choice=False,
    )
